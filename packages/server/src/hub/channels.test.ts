import { channel, defineApi, json, MillraceError, type Position } from '@millrace/protocol'
import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { MemoryBroker } from '../broker/index.js'
import { FakeClock, settle, TEST_LIMITS, TestClient, testHub } from '../testing/index.js'
import type { StreamSlice } from './index.js'

const api = defineApi({
  channels: {
    'room:{id}': channel({
      message: z.object({ text: z.string().min(1) }),
      ephemeral: z.object({ typing: z.boolean() }),
      presence: z.object({ name: z.string() }),
      history: { size: 3, ttl: '1m' },
      publish: 'anyone',
      identify: true,
    }),
    'news:{topic}': channel({}),
    'bytes:{id}': channel({ codec: 'raw', publish: 'anyone' }),
  },
})

async function clients(count: number, options: Parameters<typeof testHub>[0] = { api }) {
  const { hub, clock } = testHub(options)
  const list = Array.from({ length: count }, () => new TestClient(hub))
  for (const client of list) await client.connect()
  return { hub, clock, clients: list as [TestClient, TestClient, TestClient] }
}

const say = (text: string) => json({ text })
const texts = (client: TestClient) =>
  client.of('publication').map(({ data }) => ('value' in data ? (data.value as { text: string }).text : data))

describe('publishing', () => {
  it('[P5.6] [P5.7] acknowledges with the position and delivers to all, the publisher included', async () => {
    const {
      clients: [ann, bob],
    } = await clients(2)
    await ann.ask('subscribe', { channel: 'room:1' })
    await bob.ask('subscribe', { channel: 'room:1' })
    const reply = await ann.ask('publish', { channel: 'room:1', id: 'p-1', data: say('hi') })
    expect(reply).toMatchObject({ kind: 'published', body: { position: { offset: 1, epoch: 'epoch-1' } } })
    const publication = {
      channel: 'room:1',
      offset: 1,
      time: 1_000_000,
      id: 'p-1',
      from: { session: ann.session.id },
      data: say('hi'),
    }
    expect(ann.of('publication')).toEqual([publication])
    expect(bob.of('publication')).toEqual([publication])
  })

  it('[P5.14] [B6] [B10] says why it did not store what came twice or too late', async () => {
    const {
      clients: [ann],
    } = await clients(1)
    const publish = async (id: string, version?: number) => {
      const { body } = await ann.ask('publish', { channel: 'room:1', id, version, data: say(id) })
      return 'position' in body && [body.position.offset, 'skipped' in body ? body.skipped : undefined]
    }
    expect(await publish('a', 7)).toEqual([1, undefined])
    expect(await publish('b')).toEqual([2, undefined])
    expect(await publish('a', 7)).toEqual([1, 'duplicate'])
    expect(await publish('c', 7)).toEqual([2, 'stale'])
    expect(await publish('d', 8)).toEqual([3, undefined])
  })

  it('[P5.7] [H3.4] leaves out a publisher that asks so, who then sees no hole', async () => {
    const {
      clients: [ann, bob],
    } = await clients(2)
    for (const client of [ann, bob]) await client.ask('subscribe', { channel: 'room:1' })
    await bob.ask('publish', { channel: 'room:1', data: say('1') })
    await ann.ask('publish', { channel: 'room:1', excludeSelf: true, data: say('2') })
    await ann.ask('publish', { channel: 'room:1', excludeSelf: true, data: say('3') })
    await bob.ask('publish', { channel: 'room:1', data: say('4') })
    await bob.ask('publish', { channel: 'room:1', data: say('5') })
    expect(ann.of('publication').map(({ offset, prev }) => [offset, prev])).toEqual([
      [1, undefined],
      [4, 1],
      [5, undefined],
    ])
    expect(bob.of('publication').map(({ offset, prev }) => [offset, prev])).toEqual(
      [1, 2, 3, 4, 5].map((n) => [n, undefined]),
    )
  })

  it('[H3.4] history leaves it out as well, and closes the chain', async () => {
    const {
      clients: [ann, bob],
    } = await clients(2)
    await bob.ask('publish', { channel: 'room:1', data: say('1') })
    await ann.ask('publish', { channel: 'room:1', excludeSelf: true, data: say('2') })
    await bob.ask('publish', { channel: 'room:1', data: say('3') })
    const offsets = (reply: Awaited<ReturnType<TestClient['ask']>>) =>
      'publications' in reply.body
        ? reply.body.publications?.map(({ offset, prev }) => [offset, prev])
        : undefined
    expect(offsets(await ann.ask('subscribe', { channel: 'room:1', history: 10 }))).toEqual([
      [1, undefined],
      [3, 1],
    ])
    expect(offsets(await ann.ask('history', { channel: 'room:1' }))).toEqual([
      [1, undefined],
      [3, 1],
    ])
    expect(offsets(await bob.ask('history', { channel: 'room:1' }))).toHaveLength(3)
  })

  it('[P5.12] [H2.4] names the bad field of a payload', async () => {
    const {
      clients: [ann],
    } = await clients(1)
    const reply = await ann.ask('publish', { channel: 'room:1', data: json({ text: 5 }) })
    expect(reply.body).toMatchObject({ code: 111, field: 'data.text' })
    expect((await ann.ask('publish', { channel: 'bytes:1', data: json(1) })).body).toMatchObject({
      code: 112,
    })
  })

  it('[H2.4] stores what the schema made of it, nothing else', async () => {
    const {
      hub,
      clients: [ann],
    } = await clients(1)
    await ann.ask('publish', { channel: 'room:1', data: json({ text: 'hi', extra: 'dropped' }) })
    const { publications } = await hub.history('room:1', { before: 9, limit: 9 })
    expect(publications.map(({ message }) => message)).toEqual([{ text: 'hi' }])
  })

  it('the application publishes, sends and reads as clients do, with the same checks', async () => {
    const {
      hub,
      clients: [ann],
    } = await clients(1)
    await ann.ask('subscribe', { channel: 'room:1', presence: true, data: json({ name: 'Ann' }) })
    expect(await hub.publish('room:1', { text: 'hello' })).toEqual({ epoch: 'epoch-1', offset: 1 })
    await hub.sendEphemeral('room:1', { typing: true })
    expect(texts(ann)).toEqual(['hello'])
    expect(ann.of('ephemeral')).toEqual([{ channel: 'room:1', data: json({ typing: true }) }])
    await expect(hub.publish('room:1', { text: '' })).rejects.toMatchObject({ kind: 'invalid-payload' })
    await expect(hub.publish('nowhere:1', 1)).rejects.toMatchObject({ kind: 'unknown-channel' })
    await expect(hub.sendEphemeral('news:x', 1)).rejects.toMatchObject({ kind: 'not-available' })
    expect(await hub.presence('room:1')).toMatchObject([{ session: ann.session.id, data: { name: 'Ann' } }])
  })

  it('[H3.1] encodes once for all subscribers of a dialect', async () => {
    const { hub, clients: list } = await clients(3)
    for (const client of list) await client.ask('subscribe', { channel: 'room:1' })
    const sent = new Set<unknown>()
    for (const client of list)
      client.send = (outgoing) => void sent.add(outgoing.wire(client.dialect) && outgoing)
    await hub.publish('room:1', { text: 'once' })
    expect(sent.size).toBe(1)
  })
})

describe('permissions', () => {
  it('[H2.1] without a hook anybody reads and nobody publishes, and the error says how to allow it', async () => {
    const {
      clients: [ann],
    } = await clients(1)
    expect((await ann.ask('subscribe', { channel: 'news:x', history: 1 })).kind).toBe('subscribed')
    const reply = await ann.ask('publish', { channel: 'news:x', data: json(1) })
    expect(reply.body).toMatchObject({
      code: 106,
      message: expect.stringContaining("channel('news:{topic}').authorize"),
    })
  })

  it('[H2.1] [H2.2] a hook decides everything, and only true allows', async () => {
    const {
      hub,
      clients: [ann],
    } = await clients(1)
    const hook = vi.fn(({ action }) => (action === 'subscribe' ? true : (1 as unknown as boolean)))
    hub.policy.authorize('room:{id}', hook)
    expect((await ann.ask('subscribe', { channel: 'room:1' })).kind).toBe('subscribed')
    expect((await ann.ask('publish', { channel: 'room:1', data: say('x') })).body).toMatchObject({
      code: 106,
    })
    expect(hook).toHaveBeenCalledWith({
      user: undefined,
      session: ann.session.id,
      channel: 'room:1',
      params: { id: '1' },
      action: 'subscribe',
    })
  })

  it('[H2.2] a hook may say why not', async () => {
    const {
      hub,
      clients: [ann],
    } = await clients(1)
    hub.policy.authorize('room:{id}', () => {
      throw new MillraceError('rate-limited', { message: 'Slow down', retryAfter: 5_000 })
    })
    const reply = await ann.ask('subscribe', { channel: 'room:1' })
    expect(reply.body).toEqual({ code: 203, message: 'Slow down', retryAfter: 5_000 })
  })

  it('[H2.3] recovery needs subscribe, asking for the past needs history', async () => {
    const {
      hub,
      clients: [ann],
    } = await clients(1)
    hub.policy.authorize('room:{id}', ({ action }) => action === 'subscribe')
    await hub.publish('room:1', { text: '1' })
    expect((await ann.ask('subscribe', { channel: 'room:1', history: 1 })).body).toMatchObject({ code: 106 })
    expect((await ann.ask('history', { channel: 'room:1' })).body).toMatchObject({ code: 106 })
    const since: Position = { epoch: 'epoch-1', offset: 0 }
    expect((await ann.ask('subscribe', { channel: 'room:1', since })).body).toMatchObject({ recovered: true })
  })

  it('limits subscriptions', async () => {
    const limits = {
      connectTimeout: 1e4,
      heartbeat: 1e4,
      patience: 5e3,
      pendingCommands: 9,
      subscriptions: 2,
      recovery: 262_144,
      outbox: 1_048_576,
      grace: 10_000,
    }
    const {
      clients: [ann],
    } = await clients(1, { api, limits })
    for (const n of [1, 2])
      expect((await ann.ask('subscribe', { channel: `room:${n}` })).kind).toBe('subscribed')
    expect((await ann.ask('subscribe', { channel: 'room:3' })).body).toMatchObject({ code: 114 })
    await ann.ask('unsubscribe', { channel: 'room:1' })
    expect((await ann.ask('subscribe', { channel: 'room:3' })).kind).toBe('subscribed')
  })
})

describe('subscribing', () => {
  it('[P5.4] loads the newest publications and says where the stream stands', async () => {
    const {
      hub,
      clients: [ann],
    } = await clients(1)
    for (const text of ['1', '2', '3', '4']) await hub.publish('room:1', { text })
    const { body } = await ann.ask('subscribe', { channel: 'room:1', history: 2 })
    expect(body).toMatchObject({ position: { epoch: 'epoch-1', offset: 4 }, codec: 'json' })
    expect('publications' in body && body.publications?.map(({ offset }) => offset)).toEqual([3, 4])
    expect('recovered' in body).toBe(false)
  })

  it('[P5.5] refuses a second subscription', async () => {
    const {
      clients: [ann],
    } = await clients(1)
    await ann.ask('subscribe', { channel: 'room:1' })
    expect((await ann.ask('subscribe', { channel: 'room:1' })).body).toMatchObject({ code: 109 })
    expect((await ann.ask('unsubscribe', { channel: 'room:2' })).body).toMatchObject({ code: 110 })
  })

  it('[P5.15] [H4.7] sends in portions: the oldest of what was missed, the newest of what is asked for', async () => {
    const {
      hub,
      clients: [ann, bob],
    } = await clients(2, {
      limits: { ...TEST_LIMITS, recovery: 1000 },
    })
    for (let n = 1; n <= 10; n++) await hub.publish('room:1', { text: 'x'.repeat(200) })
    const since = { epoch: 'epoch-1', offset: 1 }
    const offsets = ({ body }: Awaited<ReturnType<TestClient['ask']>>) =>
      'publications' in body && [
        body.publications?.map(({ offset }) => offset),
        'more' in body ? body.more : undefined,
      ]
    const subscribed = await ann.ask('subscribe', { channel: 'room:1', since })
    expect(offsets(subscribed)).toEqual([[2, 3, 4], true])
    expect(subscribed.body).toMatchObject({ recovered: true, position: { offset: 10 } })
    const rest = { channel: 'room:1', since: { epoch: 'epoch-1', offset: 4 } }
    expect(offsets(await ann.ask('history', rest))).toEqual([[5, 6, 7], true])
    expect(offsets(await ann.ask('history', { channel: 'room:1' }))).toEqual([[8, 9, 10], true])
    expect(offsets(await bob.ask('subscribe', { channel: 'room:1', history: 9 }))).toEqual([
      [8, 9, 10],
      undefined,
    ])
    // One that is larger than a portion alone is sent alone.
    await hub.publish('room:1', { text: 'x'.repeat(2000) })
    const last = { channel: 'room:1', since: { epoch: 'epoch-1', offset: 10 } }
    expect(offsets(await ann.ask('history', last))).toEqual([[11], false])
  })

  it('[P5.3] [H4.2] recovers everything since a position', async () => {
    const {
      hub,
      clients: [ann],
    } = await clients(1)
    for (const text of ['1', '2', '3']) await hub.publish('room:1', { text })
    const { body } = await ann.ask('subscribe', { channel: 'room:1', since: { epoch: 'epoch-1', offset: 1 } })
    expect(body).toMatchObject({ recovered: true, position: { offset: 3 } })
    expect('publications' in body && body.publications?.map(({ offset }) => offset)).toEqual([2, 3])
    expect('gap' in body).toBe(false)
  })

  it.each([
    ['history-trimmed', 5, { epoch: 'epoch-1', offset: 1 }, { epoch: 'epoch-1', offset: 2 }, [3, 4, 5]],
    ['epoch-changed', 5, { epoch: 'older', offset: 1 }, { epoch: 'epoch-1', offset: 2 }, [3, 4, 5]],
    ['epoch-changed', 2, { epoch: 'older', offset: 1 }, { epoch: 'epoch-1', offset: 0 }, [1, 2]],
    ['unknown-position', 2, { epoch: 'epoch-1', offset: 7 }, { epoch: 'epoch-1', offset: 2 }, undefined],
  ] as const)('[P5.3] [H4.2] says %s after %i publications', async (reason, count, since, to, offsets) => {
    const {
      hub,
      clients: [ann],
    } = await clients(1)
    for (let n = 1; n <= count; n++) await hub.publish('room:1', { text: String(n) })
    const { body } = await ann.ask('subscribe', { channel: 'room:1', since })
    expect(body).toMatchObject({ recovered: false, gap: { from: since, to, reason } })
    expect('publications' in body ? body.publications?.map(({ offset }) => offset) : undefined).toEqual(
      offsets,
    )
  })

  it('[P5.3] [H4.2] says history-expired', async () => {
    const {
      hub,
      clock,
      clients: [ann],
    } = await clients(1)
    await hub.publish('room:1', { text: '1' })
    clock.stall(61_000)
    const { body } = await ann.ask('subscribe', { channel: 'room:1', since: { epoch: 'epoch-1', offset: 0 } })
    expect(body).toMatchObject({ recovered: false, gap: { reason: 'history-expired', to: { offset: 1 } } })
  })

  it('[P5.2] [H4.1] what is published while history is read comes once, after the reply', async () => {
    const clock = new FakeClock()
    const broker = new MemoryBroker({ clock, epoch: 'epoch-1' })
    let go: () => void = () => {}
    const read = broker.read.bind(broker)
    // The slice is of a moment before some of the live publications and after others.
    broker.read = async (...args): Promise<StreamSlice> => {
      await hub.publish('room:1', { text: '2' })
      const slice = await read(...args)
      await hub.publish('room:1', { text: '3' })
      await new Promise<void>((resolve) => (go = resolve))
      return slice
    }
    const {
      hub,
      clients: [ann],
    } = await clients(1, { api, clock, broker })
    await hub.publish('room:1', { text: '1' })
    const id = ann.say('subscribe', { channel: 'room:1', since: { epoch: 'epoch-1', offset: 0 } })
    await settle()
    await hub.publish('room:1', { text: '4' })
    expect(ann.messages).toHaveLength(1)
    go()
    await settle()
    expect(ann.messages[1]).toMatchObject({
      id,
      kind: 'subscribed',
      body: { recovered: true, position: { offset: 2 } },
    })
    expect(ann.of('subscribed')[0]?.publications?.map(({ offset }) => offset)).toEqual([1, 2])
    expect(texts(ann)).toEqual(['3', '4'])
  })

  it('[H4.3] a failure or an end in the middle leaves nothing behind', async () => {
    const clock = new FakeClock()
    const broker = new MemoryBroker({ clock, epoch: 'epoch-1' })
    const read = broker.read.bind(broker)
    const {
      hub,
      clients: [ann, bob],
    } = await clients(2, { api, clock, broker })
    broker.read = () => Promise.reject(new MillraceError('unavailable'))
    const member = { channel: 'room:1', presence: true, data: json({ name: 'A' }) }
    expect((await ann.ask('subscribe', member)).body).toMatchObject({ code: 201 })
    expect(ann.session.subscriptions.size).toBe(0)
    await clock.advance(9_000)
    expect(await hub.presence('room:1')).toHaveLength(1)
    for (const client of [ann, bob]) client.session.heard()
    await clock.advance(1_000)
    expect(await hub.presence('room:1')).toEqual([])
    broker.read = read
    expect((await ann.ask('subscribe', member)).kind).toBe('subscribed')
    let go: () => void = () => {}
    broker.read = async (...args) => {
      await new Promise<void>((resolve) => (go = resolve))
      return read(...args)
    }
    bob.say('subscribe', member)
    await settle()
    bob.session.closed(1000)
    go()
    await settle()
    expect(await hub.presence('room:1')).toMatchObject([{ session: ann.session.id }])
    await hub.publish('room:1', { text: 'x' })
    expect(bob.of('publication')).toEqual([])
  })

  it('[H4.4] leaves the live feed a second after the last subscriber', async () => {
    const clock = new FakeClock()
    const broker = new MemoryBroker({ clock, epoch: 'epoch-1' })
    const leave = vi.spyOn(broker, 'leave')
    const joined = vi.spyOn(broker, 'join')
    const {
      clients: [ann],
    } = await clients(1, { api, clock, broker })
    await settle()
    // What a node joins for itself is another matter.
    joined.mockClear()
    for (let i = 0; i < 3; i++) {
      await ann.ask('subscribe', { channel: 'room:1' })
      await ann.ask('unsubscribe', { channel: 'room:1' })
      await clock.advance(500)
    }
    expect([joined.mock.calls.length, leave.mock.calls.length]).toEqual([1, 0])
    await clock.advance(1_000)
    expect(leave).toHaveBeenCalledTimes(1)
  })

  it('[P5.13] the server subscribes a session, and ends a subscription, by itself', async () => {
    const {
      hub,
      clients: [ann],
    } = await clients(1, {
      api,
      authenticate: () => ({ id: 'ann' }),
      subscriptions: ({ user }) => [`news:${user?.id}`],
    })
    await settle()
    expect(ann.messages[1]).toMatchObject({ id: 0, kind: 'subscribed', body: { channel: 'news:ann' } })
    await hub.publish('news:ann', 'for you')
    expect(ann.of('publication')).toHaveLength(1)
    await hub.unsubscribe(
      ann.session,
      'news:ann',
      new MillraceError('forbidden', { message: 'No longer yours' }),
    )
    expect(ann.messages.at(-1)).toEqual({
      id: 0,
      kind: 'unsubscribed',
      body: { channel: 'news:ann', code: 106, reason: 'No longer yours' },
    })
    await hub.publish('news:ann', 'not for you')
    expect(ann.of('publication')).toHaveLength(1)
  })
})

describe('subscriptions by the server', () => {
  it('[P5.13] leave alone what the client asked for itself in its first frame', async () => {
    const error = vi.fn()
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error }
    const { hub } = testHub({ api, logger, subscriptions: () => ['news:a', 'news:b'] })
    const client = new TestClient(hub)
    client.session.receive('[{"id":1,"connect":{"version":1}},{"id":2,"subscribe":{"channel":"news:a"}}]')
    for (let i = 0; i < 3; i++) await settle()
    expect(
      client
        .of('subscribed')
        .map(({ channel }) => channel)
        .toSorted(),
    ).toEqual(['news:a', 'news:b'])
    expect(error).not.toHaveBeenCalled()
  })
})

describe('ephemeral messages', () => {
  it('[P5.8] [H3.3] reach those subscribed, carry the sender, and are kept nowhere', async () => {
    const {
      hub,
      clients: [ann, bob, cid],
    } = await clients(3)
    for (const client of [ann, bob]) await client.ask('subscribe', { channel: 'room:1' })
    const data = json({ typing: true })
    const reply = await ann.ask('ephemeral', { channel: 'room:1', excludeSelf: true, data })
    expect(reply.kind).toBe('sent')
    expect(bob.of('ephemeral')).toEqual([{ channel: 'room:1', from: { session: ann.session.id }, data }])
    expect([ann.of('ephemeral'), cid.of('ephemeral')]).toEqual([[], []])
    expect((await hub.history('room:1', { before: 9, limit: 9 })).position.offset).toBe(0)
    expect((await ann.ask('ephemeral', { channel: 'news:x', data })).body).toMatchObject({ code: 116 })
    expect((await ann.ask('ephemeral', { channel: 'room:1', data: json(1) })).body).toMatchObject({
      code: 111,
    })
  })
})

describe('presence', () => {
  it('[P5.9] tells who is there, who comes, changes and goes, to those who asked', async () => {
    const clock = new FakeClock()
    const {
      clients: [ann, bob, cid],
    } = await clients(3, { clock })
    await ann.ask('subscribe', { channel: 'room:1', data: json({ name: 'Ann' }) })
    const { body } = await bob.ask('subscribe', { channel: 'room:1', presence: true })
    const member = { session: ann.session.id, since: 1_000_000, data: json({ name: 'Ann' }) }
    expect(body).toMatchObject({ members: [member] })
    await cid.ask('subscribe', { channel: 'room:1' })
    expect((await cid.ask('enter', { channel: 'room:1', data: json({ name: 'Cid' }) })).kind).toBe('entered')
    await ann.ask('enter', { channel: 'room:1', data: json({ name: 'Anna' }) })
    expect((await cid.ask('leave', { channel: 'room:1' })).kind).toBe('left')
    await ann.ask('unsubscribe', { channel: 'room:1' })
    expect(bob.of('departed')).toHaveLength(1)
    await clock.advance(1_000)
    const told = bob.messages.filter(({ kind }) => ['joined', 'updated', 'departed'].includes(kind))
    expect(told.map(({ kind, body: event }) => [kind, 'member' in event && event.member.session])).toEqual([
      ['joined', cid.session.id],
      ['updated', ann.session.id],
      ['departed', cid.session.id],
      ['departed', ann.session.id],
    ])
    expect([ann, cid].flatMap((client) => client.of('joined'))).toEqual([])
  })

  it('[P5.9] answers who and how many', async () => {
    const {
      clients: [ann, bob],
    } = await clients(2)
    await ann.ask('subscribe', { channel: 'room:1', data: json({ name: 'Ann' }) })
    expect((await bob.ask('presence', { channel: 'room:1' })).body).toMatchObject({
      count: 1,
      members: [{ data: json({ name: 'Ann' }) }],
    })
    expect((await bob.ask('presence', { channel: 'room:1', count: true })).body).toEqual({
      channel: 'room:1',
      count: 1,
    })
  })

  it('[P5.9] only a subscriber enters, only with the right data, only where there is presence', async () => {
    const {
      clients: [ann],
    } = await clients(1)
    expect((await ann.ask('enter', { channel: 'room:1', data: json({ name: 'A' }) })).body).toMatchObject({
      code: 110,
    })
    expect((await ann.ask('subscribe', { channel: 'room:1', data: json({ name: 1 }) })).body).toMatchObject({
      code: 111,
      field: 'data.name',
    })
    expect((await ann.ask('subscribe', { channel: 'news:1', presence: true })).body).toMatchObject({
      code: 116,
    })
  })

  it('[H4.1] who comes while a subscriber reads the members is not missed', async () => {
    const clock = new FakeClock()
    const broker = new MemoryBroker({ clock, epoch: 'epoch-1' })
    const {
      clients: [ann, bob],
    } = await clients(2, { api, clock, broker })
    const members = broker.members.bind(broker)
    broker.members = async (channel) => {
      const list = await members(channel)
      await bob.ask('subscribe', { channel: 'room:1', data: json({ name: 'Bob' }) })
      return list
    }
    ann.say('subscribe', { channel: 'room:1', presence: true })
    for (let i = 0; i < 5; i++) await settle()
    expect(ann.of('subscribed').map(({ members }) => members ?? [])).toEqual([[]])
    expect(ann.of('joined')).toMatchObject([{ member: { session: bob.session.id } }])
    expect(ann.messages.map(({ kind }) => kind)).toEqual(['connected', 'subscribed', 'joined'])
  })
})

describe('many', () => {
  it('[H3.2] [H3.5] a thousand subscribers come and go, and each gets exactly its part in order', async () => {
    const { hub } = testHub({ api })
    const list = Array.from({ length: 300 }, () => new TestClient(hub))
    const due = new Map<TestClient, string[]>(list.map((client) => [client, []]))
    const subscribed = new Set<TestClient>()
    for (const client of list) await client.connect()
    let seed = 42
    const random = (n: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed % n
    }
    for (let step = 0; step < 400; step++) {
      const client = list[random(list.length)] as TestClient
      if (subscribed.has(client)) {
        await client.ask('unsubscribe', { channel: 'room:1' })
        subscribed.delete(client)
      } else {
        await client.ask('subscribe', { channel: 'room:1' })
        subscribed.add(client)
      }
      if (step % 3 !== 0) continue
      await hub.publish('room:1', { text: String(step) })
      for (const one of subscribed) due.get(one)?.push(String(step))
    }
    for (const client of list) expect(texts(client)).toEqual(due.get(client))
  })
})
