import { channel, defineApi, json, jsonDialect, type Message, MillraceError } from '@millrace/protocol'
import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { MemoryBroker } from '../broker/index.js'
import { FakeClock, settle, TEST_LIMITS, TestClient, testHub } from '../testing/index.js'
import type { Outgoing } from './index.js'

const message = z.object({ key: z.string(), text: z.string() })
const api = defineApi({
  channels: {
    'state:{id}': channel({ message, conflate: 'key', publish: 'anyone' }),
    'news:{id}': channel({ message, slow: 'drop-oldest', publish: 'anyone', history: { size: 1000 } }),
    'chat:{id}': channel({ message, publish: 'anyone', history: { size: 1000 } }),
  },
})

/** A client that reads its link when it is told to, and answers pings. */
class SlowClient extends TestClient {
  written = 0
  /** Frames that came in parts and were put together. */
  wholes = 0
  readonly #unread: string[] = []
  #parts: string[] = []

  override send(outgoing: Outgoing): void {
    const frame = outgoing.wire(jsonDialect) as string
    this.written += frame.length
    this.#unread.push(frame)
  }

  get unread(): number {
    return this.#unread.reduce((sum, { length }) => sum + length, 0)
  }

  /** Reads frames until so many characters were read. Returns how many frames. */
  async read(characters = Number.POSITIVE_INFINITY): Promise<number> {
    let [rest, frames] = [characters, 0]
    for (let frame = this.#unread.shift(); frame !== undefined; frame = this.#unread.shift()) {
      frames++
      this.#take(frame)
      await settle()
      rest -= frame.length
      if (rest <= 0) break
    }
    return frames
  }

  override async connect(): Promise<Message> {
    this.say('connect', { version: 1, parts: true })
    await settle()
    await this.read()
    return this.messages[0] as Message
  }

  async join(channel: string): Promise<void> {
    this.say('subscribe', { channel })
    await settle()
    await this.read()
  }

  #take(frame: string): void {
    if (!'+.'.includes(frame[0] ?? '')) {
      const messages = jsonDialect.decodeMessages(frame)
      this.messages.push(...messages)
      for (const { kind } of messages) if (kind === 'ping') this.session.receive('{"pong":{}}')
      return
    }
    this.#parts.push(frame.slice(1))
    if (frame[0] === '+') return
    this.wholes++
    this.messages.push(...jsonDialect.decodeMessages(this.#parts.splice(0).join('')))
  }
}

async function scene(limits: { readonly outbox?: number } = {}) {
  const clock = new FakeClock()
  const broker = new MemoryBroker({ clock, epoch: 'epoch-1' })
  const { hub } = testHub({ api, clock, broker, limits: { ...TEST_LIMITS, ...limits } })
  const [slow, fast] = [new SlowClient(hub), new SlowClient(hub)]
  for (const client of [slow, fast]) await client.connect()
  const publish = (channel: string, key: string, text = 'x'.repeat(400)) =>
    hub.publish(channel, { key, text })
  return { broker, clock, hub, slow, fast, publish }
}
const offsets = (client: TestClient) => client.of('publication').map(({ offset }) => offset)

describe('a slow reader', () => {
  it('[H9.1] [H9.2] [P5.21] of a state is sent little, has the newest of each key in the end, and is told what it skipped', async () => {
    const { clock, hub, slow, fast, publish } = await scene()
    for (const client of [slow, fast]) await client.join('state:one')
    for (let i = 0; i < 1000; i++) {
      await publish('state:one', `k${i % 10}`)
      await fast.read()
      await clock.advance(2)
    }
    expect(slow.unread).toBeLessThan(20_000)
    while ((await slow.read()) > 0);
    expect(offsets(fast)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))
    const got = slow.of('publication')
    expect(got.length).toBeLessThan(150)
    expect(got.slice(-10).map(({ offset }) => offset)).toEqual(Array.from({ length: 10 }, (_, i) => 991 + i))
    const skipped = got.reduce((sum, { skipped = 0 }) => sum + skipped, 0)
    expect(got.length + skipped).toBe(1000)
    expect(hub.counters).toEqual({ behind: 1, skipped, dropped: 0, disconnected: 0 })
    // The chain is whole.
    let last = 0
    for (const { offset, prev = offset - 1 } of got) {
      expect(prev).toBe(last)
      last = offset
    }
    // It keeps up again, and gets each.
    for (let i = 0; i < 5; i++) await publish('state:one', 'k1')
    await slow.read()
    expect(offsets(slow).slice(-5)).toEqual([1001, 1002, 1003, 1004, 1005])
  })

  it('[H9.2] [P5.21] of a channel that drops is told what it did not get, as a gap', async () => {
    const { clock, slow, fast, publish } = await scene()
    for (const client of [slow, fast]) await client.join('news:one')
    for (let i = 0; i < 600; i++) {
      await publish('news:one', 'k')
      await fast.read()
      await clock.advance(2)
    }
    while ((await slow.read()) > 0);
    expect(offsets(fast)).toHaveLength(600)
    const [gap, ...others] = slow.of('gap')
    expect(others).toEqual([])
    expect(gap).toMatchObject({
      channel: 'news:one',
      reason: 'slow-consumer',
      count: 600 - offsets(slow).length,
    })
    const before = offsets(slow).filter((offset) => offset <= (gap?.from?.offset ?? 0))
    const after = offsets(slow).filter((offset) => offset > (gap?.to.offset ?? 0))
    expect(before.at(-1)).toBe(gap?.from?.offset)
    expect([before.length + after.length, after.at(-1)]).toEqual([offsets(slow).length, 600])
    expect(slow.closed).toBeUndefined()
  })

  it('[H9.1] of one channel gets others as ever', async () => {
    const { slow, publish } = await scene()
    for (const channel of ['state:one', 'chat:one']) await slow.join(channel)
    for (let i = 0; i < 100; i++) await publish('state:one', `k${i}`)
    await publish('chat:one', 'k')
    while ((await slow.read()) > 0);
    expect(slow.of('publication').filter(({ channel }) => channel === 'chat:one')).toHaveLength(1)
    expect(slow.of('publication').filter(({ channel }) => channel === 'state:one')).toHaveLength(100)
  })

  it('[H9.1] keeps what is for it in order while it subscribes, leaves and subscribes again', async () => {
    const { slow, publish } = await scene()
    await slow.join('state:one')
    for (let i = 0; i < 100; i++) await publish('state:one', `k${i % 7}`)
    slow.say('unsubscribe', { channel: 'state:one' })
    slow.say('subscribe', { channel: 'state:one', since: { epoch: 'epoch-1', offset: 3 } })
    await settle()
    for (let i = 0; i < 100; i++) await publish('state:one', `k${i % 7}`)
    while ((await slow.read()) > 0);
    const after = slow.messages.slice(slow.messages.findIndex(({ kind }) => kind === 'unsubscribed') + 1)
    const subscribed = after.find(({ kind }) => kind === 'subscribed')
    expect(subscribed?.body).toMatchObject({ position: { offset: 100 } })
    let last = 100
    for (const { kind, body } of after) {
      if (kind !== 'publication') continue
      expect(body.prev ?? body.offset - 1).toBe(last)
      last = body.offset
    }
    expect(last).toBe(200)
  })
})

describe('who comes back to many channels', () => {
  it('[H9.1] gets what it missed as fast as it reads, each channel’s live stream behind its reply', async () => {
    const { slow, publish } = await scene()
    const channels = Array.from({ length: 30 }, (_, i) => `chat:${i}`)
    for (const channel of channels) for (let i = 0; i < 20; i++) await publish(channel, 'k', 'x'.repeat(500))
    for (const channel of channels) slow.say('subscribe', { channel, since: { epoch: 'epoch-1', offset: 0 } })
    await settle()
    // Of 350 KB what may go before anybody asks how fast it reads.
    expect(slow.unread).toBeLessThan(50_000)
    for (const channel of channels) await publish(channel, 'k', 'live')
    while ((await slow.read()) > 0) expect(slow.unread).toBeLessThan(50_000)
    const heard = slow.messages.filter(({ kind }) => kind === 'subscribed' || kind === 'publication')
    for (const channel of channels) {
      const [reply, live, ...more] = heard.filter(({ body }) => 'channel' in body && body.channel === channel)
      expect(reply?.kind === 'subscribed' && reply.body.publications).toHaveLength(20)
      expect(live).toMatchObject({ kind: 'publication', body: { offset: 21 } })
      expect(more).toEqual([])
    }
  })

  it('[H9.1] costs nothing more where that is little', async () => {
    const { slow } = await scene()
    await slow.join('chat:one')
    expect(slow.session.pacing).toBeUndefined()
    await slow.join('state:one')
    expect(slow.session.pacing).toBeDefined()
  })
})

describe('the pace of a client', () => {
  it('[H9.1] is not mistaken though a ping was under way when it began to matter, and something else was heard since', async () => {
    const { clock, slow, publish } = await scene()
    await clock.advance(10_500)
    // Of the heartbeat; not read yet.
    expect(slow.unread).toBeGreaterThan(0)
    slow.say('ping', {})
    slow.say('subscribe', { channel: 'state:one' })
    await settle()
    for (let i = 0; i < 100; i++) await publish('state:one', `k${i}`)
    const before = slow.written
    // Who has answered the heartbeat’s ping and the first one of the pace has read no publication.
    while (slow.of('ping').length < 2) await slow.read(1)
    expect(slow.of('publication')).toEqual([])
    expect(slow.written).toBe(before)
  })
})

describe('a large message', () => {
  const LARGE = 'x'.repeat(200_000)

  it('[P3.11] [H9.3] goes in parts, and what is small goes between them', async () => {
    const { slow, publish } = await scene()
    for (const channel of ['chat:one', 'chat:two']) await slow.join(channel)
    await publish('chat:one', 'a', LARGE)
    await publish('chat:one', 'b', 'behind it')
    await publish('chat:two', 'c', 'elsewhere')
    slow.say('ping', {})
    await settle()
    // Not much more than the window, and the small ones.
    expect(slow.unread).toBeLessThan(40_000)
    while ((await slow.read()) > 0);
    expect(slow.wholes).toBe(1)
    const order = slow.messages.map(({ kind, body }) =>
      kind === 'publication' ? body.offset + body.channel : kind,
    )
    const at = (what: string) => order.lastIndexOf(what)
    expect(at('1chat:two')).toBeLessThan(at('1chat:one'))
    expect(at('pong')).toBeLessThan(at('1chat:one'))
    expect(at('1chat:one')).toBeLessThan(at('2chat:one'))
    expect(slow.of('publication').find(({ channel }) => channel === 'chat:one')?.data).toEqual(
      json({ key: 'a', text: LARGE }),
    )
  })

  it('[H9.3] in a reply holds back what is live in its channel, and nothing else', async () => {
    const { hub, slow, publish } = await scene()
    await slow.join('chat:two')
    for (let i = 0; i < 10; i++) await publish('chat:one', 'a', 'x'.repeat(20_000))
    slow.say('subscribe', { channel: 'chat:one', since: { epoch: 'epoch-1', offset: 0 } })
    await settle()
    await publish('chat:one', 'live')
    await publish('chat:two', 'other')
    while ((await slow.read()) > 0);
    expect(
      slow.messages
        .map(({ kind }) => kind)
        .filter((kind) => kind !== 'ping')
        .slice(-3),
    ).toEqual(['publication', 'subscribed', 'publication'])
    expect(slow.of('subscribed').at(-1)?.publications).toHaveLength(10)
    expect(slow.of('publication').at(-1)).toMatchObject({ channel: 'chat:one', offset: 11 })
    expect(hub.size).toBe(2)
  })

  it('[P3.11] goes whole to who does not put parts together', async () => {
    const { hub, publish } = await scene()
    const plain = new TestClient(hub)
    await plain.connect()
    await plain.ask('subscribe', { channel: 'chat:one' })
    await publish('chat:one', 'a', LARGE)
    expect(plain.of('publication')).toHaveLength(1)
  })

  it('[H9.3] comes one after the other', async () => {
    const { slow, publish } = await scene()
    for (const channel of ['chat:one', 'chat:two', 'state:one']) await slow.join(channel)
    for (const channel of ['chat:one', 'chat:two', 'state:one', 'chat:one'])
      await publish(channel, 'a', LARGE)
    while ((await slow.read()) > 0);
    expect(slow.wholes).toBe(4)
    expect(slow.of('publication')).toHaveLength(4)
  })

  it('[H9.3] that is half sent comes before the reply to unsubscribe, and nothing of the channel after it', async () => {
    const { slow, publish } = await scene()
    await slow.join('chat:one')
    await publish('chat:one', 'a', LARGE)
    await publish('chat:one', 'b', 'waits behind it')
    slow.say('unsubscribe', { channel: 'chat:one' })
    slow.say('subscribe', { channel: 'chat:one' })
    await settle()
    while ((await slow.read()) > 0);
    const order = slow.messages
      .map(({ kind }) => kind)
      .filter((kind) => kind !== 'ping' && kind !== 'connected')
    expect(order).toEqual(['subscribed', 'publication', 'unsubscribed', 'subscribed'])
  })

  it('[H9.3] that is half sent keeps nobody waiting when its session ends', async () => {
    const { hub, slow, publish } = await scene()
    await slow.join('chat:one')
    await publish('chat:one', 'a', LARGE)
    const [session] = [...hub.directory.all()]
    if (session === undefined) throw new Error('no session')
    const left = hub.unsubscribe(session, 'chat:one', new MillraceError('forbidden'))
    session.close('disconnected')
    await left
  })
})

describe('what waits for one session', () => {
  const PAGE = 20_000

  it('[H9.4] is not more than may, however many replies it asks for and does not read; then it gets them all', async () => {
    const { broker, hub, clock, slow, publish } = await scene({ outbox: 300_000 })
    const read = vi.spyOn(broker, 'read')
    for (let i = 0; i < 10; i++) await publish('chat:one', 'a', 'x'.repeat(PAGE))
    for (let i = 0; i < 60; i++) slow.say('history', { channel: 'chat:one', limit: 10 })
    await settle()
    expect(hub.size).toBe(2)
    slow.say('ping', {})
    await settle()
    expect(read.mock.calls.length).toBeLessThan(25)
    let most = 0
    for (let frames = 1; frames > 0; ) {
      const before = slow.unread
      frames = await slow.read(20_000)
      most = Math.max(most, before)
      await clock.advance(1)
    }
    // What is on its way is what the pace allows.
    expect(most).toBeLessThan(300_000)
    expect(slow.of('history')).toHaveLength(60)
  })

  it('[H9.4] is counted over all its subscriptions; where nothing may be left out the connection is closed', async () => {
    const { slow, publish } = await scene({ outbox: 300_000 })
    for (const channel of ['chat:one', 'chat:two']) await slow.join(channel)
    const large = 'x'.repeat(60_000)
    for (let i = 0; i < 4; i++) await publish('chat:one', 'a', large)
    expect(slow.closed).toBeUndefined()
    for (let i = 0; i < 4; i++) await publish('chat:two', 'a', large)
    expect(slow.closed?.code).toBe(4001)
  })
})
