import { call, channel, defineApi, type Message } from '@millrace/protocol'
import { describe, expect, it, vi } from 'vitest'
import { settle, TestClient, testHub } from '../testing/index.js'
import type { Hub } from './hub.js'
import type { HubOptions } from './hub-options.js'

const api = defineApi({
  channels: { 'news:{topic}': channel({ publish: 'anyone' }), 'inbox:{user}': channel() },
  calls: { 'device.blink': call({ wait: { ttl: '1h' } }) },
})

class ReadingClient extends TestClient {
  readonly onlyReads = true
}

async function world(options: Partial<HubOptions> = {}) {
  const told = vi.fn()
  const { hub, clock } = testHub({
    api,
    authenticate: ({ token }) => ({ id: String(token) }),
    onSession: told,
    ...options,
  })
  const reader = new ReadingClient(hub)
  await reader.connect('ann')
  return { hub, clock, told, reader }
}

const kinds = ({ messages }: { readonly messages: readonly Message[] }) => messages.map(({ kind }) => kind)

describe('[P9.17] a session that only reads', () => {
  it('is told to nobody, and found by nobody', async () => {
    const { hub, told, reader } = await world()
    expect([hub.directory.size, hub.readers.size, hub.size]).toEqual([0, 1, 1])
    expect(hub.readers.ofUser('ann')).toEqual([reader.session])
    reader.session.closed(1000)
    expect([hub.readers.size, hub.size, told.mock.calls]).toEqual([0, 0, []])
  })

  it('is not called: a device of the same user is', async () => {
    const { hub, reader } = await world()
    const blink = (target: { user: string } | { session: string }) =>
      hub.handlers.callTarget(target, { method: 'device.blink', request: 1, timeout: 1000 })
    const device = new TestClient(hub)
    await device.connect('ann')
    const last = new ReadingClient(hub)
    await last.connect('ann')
    void blink({ user: 'ann' }).catch(() => {})
    await settle()
    expect([device, reader, last].map((client) => client.of('call').length)).toEqual([1, 0, 0])
    device.session.closed(1000)
    const outcomes = [blink({ user: 'ann' }), blink({ session: reader.session.id })]
    for (const outcome of outcomes) await expect(outcome).rejects.toMatchObject({ kind: 'no-such-target' })
  })

  it('takes no command that waits for its user', async () => {
    const { hub, reader } = await world()
    const ask: Promise<unknown> = hub.commands.ask('ann', {
      method: 'device.blink',
      request: 1,
      ttl: 60_000,
      key: undefined,
      id: undefined,
      timeout: undefined,
    })
    ask.catch(() => {})
    await settle()
    await new ReadingClient(hub).connect('ann')
    await settle()
    expect(reader.of('call')).toEqual([])
    const device = new TestClient(hub)
    await device.connect('ann')
    await settle()
    expect(device.of('call')).toHaveLength(1)
  })

  it('has no subscriptions of the server’s', async () => {
    const subscriptions = vi.fn(() => ['inbox:ann'])
    const { hub, reader } = await world({ subscriptions })
    await hub.publish('inbox:ann', 1)
    await settle()
    expect([kinds(reader), subscriptions.mock.calls]).toEqual([['connected'], []])
  })

  it('gets what others get, is asked for life, and is closed as they are', async () => {
    const { hub, clock, reader } = await world()
    await reader.ask('subscribe', { channel: 'news:a' })
    await hub.publish('news:a', 1)
    await clock.advance(10_000)
    expect(kinds(reader)).toEqual(['connected', 'subscribed', 'publication', 'ping'])
    await clock.advance(5_000)
    expect([reader.closed?.code, hub.readers.size]).toEqual([4002, 0])
  })
})

describe('whether a channel is public', () => {
  const isPublic = (hub: Hub) => ['news:a', 'nowhere:a'].map((name) => hub.isPublic(name))

  it('[P9.16] it is where nobody asks who somebody is', async () => {
    const { hub } = testHub({ api })
    expect(isPublic(hub)).toEqual([true, false])
    hub.policy.authorize('news:{topic}', () => true)
    expect(isPublic(hub)).toEqual([false, false])
    expect(isPublic((await world()).hub)).toEqual([false, false])
  })
})

describe('[H2.3] what subscribe covers', () => {
  it('is all that was missed, however many replies it takes', async () => {
    const { hub } = testHub({ api })
    hub.policy.authorize('news:{topic}', ({ action }) => action === 'subscribe')
    for (let n = 1; n <= 8; n++) await hub.publish('news:a', 'x'.repeat(60_000))
    const client = new TestClient(hub)
    await client.connect()
    const since = { epoch: 'epoch-1', offset: 0 }
    const early = await client.ask('history', { channel: 'news:a', since })
    const first = await client.ask('subscribe', { channel: 'news:a', since })
    if (first.kind !== 'subscribed') throw new Error(first.kind)
    const last = first.body.publications?.at(-1)?.offset ?? 0
    const second = await client.ask('history', { channel: 'news:a', since: { ...since, offset: last } })
    const past = await client.ask('history', { channel: 'news:a' })
    expect([early.kind, first.body.more, past.kind]).toEqual(['error', true, 'error'])
    expect(second.body).toMatchObject({ publications: Array(8 - last).fill({}) })
    await client.ask('unsubscribe', { channel: 'news:a' })
    expect((await client.ask('history', { channel: 'news:a', since })).kind).toBe('error')
  })
})
