import { json } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeClock, settle, TEST_LIMITS, TestClient, testHub } from '../testing/index.js'
import { type RateLimits, TokenBucket } from './rates.js'

describe('a token bucket', () => {
  it('gives a burst, and then no more than its rate', () => {
    const steps = fc.array(fc.record({ after: fc.nat(3_000), count: fc.integer({ min: 1, max: 30 }) }))
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 50 }),
        (asked, perSecond, burst) => {
          const bucket = new TokenBucket({ perSecond, burst }, 0)
          let [now, given, most] = [0, 0, 0]
          for (const { after, count } of asked) {
            now += after
            const wait = bucket.take(count, now)
            if (wait === 0) {
              given += count
              most = Math.max(most, count)
              continue
            }
            // Who waits as long as was said has it.
            now += wait
            expect(bucket.take(count, now)).toBe(0)
            given += count
            most = Math.max(most, count)
          }
          expect(given).toBeLessThanOrEqual(burst + most + (now * perSecond) / 1000 + 1)
        },
      ),
    )
  })

  it('is full again after as long as it takes, and a clock that is set back fills nothing', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 1_000)
    expect([1, 2, 3, 4, 5, 6].map(() => bucket.take(1, 1_000))).toEqual([0, 0, 0, 0, 0, 100])
    expect(bucket.take(1, 500)).toBe(100)
    expect([bucket.isFull(999), bucket.isFull(1_000)]).toEqual([false, true])
  })
})

const NONE: RateLimits = { messages: undefined, requests: undefined, pings: undefined, bytes: undefined }

async function world(rates: Partial<RateLimits>) {
  const clock = new FakeClock()
  const { hub } = testHub({ clock, limits: { ...TEST_LIMITS, rates: { ...NONE, ...rates } } })
  hub.policy.authorize('chat:{x}', () => true)
  const client = new TestClient(hub)
  await client.connect()
  const publish = async (count: number, text = '') => {
    const from = client.messages.length
    for (let n = 0; n < count; n++) client.say('publish', { channel: 'chat:a', data: json(text) })
    await clock.advance(0)
    return client.messages.slice(from).map(({ kind, body }) => (kind === 'error' ? body : kind))
  }
  return { clock, hub, client, publish }
}

describe('[H11.1] a client that sends faster than it may', () => {
  it('is told how long to wait, and is carried out again when it has', async () => {
    const { clock, publish } = await world({ messages: { perSecond: 10, burst: 3 } })
    const said = await publish(5)
    expect(said.filter((one) => typeof one === 'object')).toEqual([
      expect.objectContaining({ code: 203, retryAfter: 100 }),
      expect.objectContaining({ code: 203, retryAfter: 100 }),
    ])
    await clock.advance(100)
    expect(await publish(2)).toEqual(['published', expect.objectContaining({ code: 203 })])
  })

  it('may still ask, for messages and requests are counted apart', async () => {
    const { client, publish } = await world({
      messages: { perSecond: 1, burst: 1 },
      requests: { perSecond: 1, burst: 3 },
    })
    await publish(5)
    expect((await client.ask('history', { channel: 'chat:a', limit: 1 })).kind).toBe('history')
    expect((await client.ask('history', { channel: 'chat:a', limit: 1 })).kind).toBe('history')
    expect((await client.ask('history', { channel: 'chat:a', limit: 1 })).body).toMatchObject({ code: 203 })
    expect((await client.ask('ping', {})).kind).toBe('pong')
  })

  it('pays for what it reads of the past as for so many commands', async () => {
    const { clock, client } = await world({
      requests: { perSecond: 10, burst: 50 },
      // So few that all is counted.
      pings: { perSecond: 10, burst: 10 },
    })
    const read = async (limit?: number) => {
      client.say('history', { channel: 'chat:a', ...(limit === undefined ? {} : { limit }) })
      await clock.advance(0)
      return client.messages.at(-1)?.body
    }
    // Connecting has cost one: 17 and 17 of 49, then 7 and 1.
    for (const limit of [256, 1_000_000]) expect(await read(limit)).not.toHaveProperty('code')
    expect(await read(256)).toMatchObject({ code: 203, retryAfter: 200 })
    expect(await read()).not.toHaveProperty('code')
    expect(await read(1)).not.toHaveProperty('code')
    await clock.advance(1_000)
    expect(await read(256)).not.toHaveProperty('code')
  })

  it('[H3.7] pays for a list of members by its length', async () => {
    const { clock, hub, client } = await world({
      requests: { perSecond: 10, burst: 40 },
      // So few that all is counted.
      pings: { perSecond: 10, burst: 10 },
    })
    for (let n = 0; n < 160; n++) {
      const member = new TestClient(hub)
      await member.connect()
      await member.ask('subscribe', { channel: 'chat:a', data: json(n) })
    }
    const ask = async () => {
      client.say('presence', { channel: 'chat:a' })
      await clock.advance(0)
      return client.messages.at(-1)?.body
    }
    // Connecting has cost one; each list costs eleven.
    for (const count of [160, 160, 160]) expect(await ask()).toMatchObject({ count })
    for (const count of [160, 160, 160, 160, 160, 160])
      expect(await client.ask('presence', { channel: 'chat:a', count: true })).toMatchObject({
        body: { count },
      })
    expect(await ask()).toMatchObject({ code: 203, retryAfter: 100 })
    await clock.advance(100)
    expect(await ask()).toMatchObject({ count: 160 })
    // What it could not pay is forgiven.
    await clock.advance(100)
    expect(await ask()).toMatchObject({ count: 160 })
  })

  it('has bytes counted as well', async () => {
    const { clock, publish } = await world({ bytes: { perSecond: 10_000, burst: 5_000 } })
    const said = await publish(3, 'x'.repeat(2_000))
    expect(said.filter((one) => typeof one === 'object')).toEqual([expect.objectContaining({ code: 203 })])
    await clock.advance(600)
    expect((await publish(1, 'x'.repeat(2_000))).filter((one) => typeof one === 'object')).toEqual([])
  })

  it('[H11.4] is closed when it does not listen', async () => {
    const { client, publish } = await world({ messages: { perSecond: 1, burst: 1 } })
    await publish(1_001)
    expect(client.closed).toBeUndefined()
    await publish(1)
    expect(client.closed?.code).toBe(4006)
  })

  it('[H11.4] is closed though some of what it sends is carried out in between', async () => {
    const { clock, client, publish } = await world({ messages: { perSecond: 100, burst: 1 } })
    // Thirty times as much as may be: 290 of 300 are refused, ten forgiven, each tenth of a second.
    let rounds = 0
    for (; client.closed === undefined && rounds < 10; rounds++) {
      await publish(300)
      await clock.advance(100)
    }
    expect([client.closed?.code, rounds]).toEqual([4006, 4])
  })

  it('[H11.4] is closed for bytes that were all refused, though they are few commands', async () => {
    const { client, publish } = await world({ bytes: { perSecond: 10_000, burst: 100_000 } })
    await publish(6, 'x'.repeat(30_000))
    expect(client.closed).toBeUndefined()
    await publish(1, 'x'.repeat(30_000))
    expect(client.closed?.code).toBe(4006)
  })

  it('is counted by its frames where they hold no command', async () => {
    const { client } = await world({ requests: { perSecond: 10, burst: 5 } })
    // Connecting was the first of five.
    for (let n = 0; n < 1_004; n++) client.session.receive('[]')
    expect(client.closed).toBeUndefined()
    client.session.receive('{"dance":{}}')
    expect(client.closed?.code).toBe(4006)
  })

  it('is counted by its commands, however few its frames are', async () => {
    const rate = { perSecond: 10, burst: 20 }
    const { clock, client } = await world({ messages: rate, requests: rate, pings: rate })
    // With connect sixteen are free.
    client.session.receive(`[${Array.from({ length: 45 }, (_, id) => `{"id":${id + 1},"dance":{}}`).join()}]`)
    await clock.advance(0)
    expect(client.of('error').filter(({ code }) => code === 203)).toHaveLength(10)
  })

  it('is not closed when it pauses now and then, though it was refused often', async () => {
    const { clock, client, publish } = await world({ messages: { perSecond: 10, burst: 1 } })
    for (let round = 0; round < 3; round++) {
      await publish(900)
      await clock.advance(9_000)
    }
    expect(client.closed).toBeUndefined()
  })

  it('is closed for a flood of pings, of the dialect or the transport', async () => {
    const { client } = await world({ pings: { perSecond: 5, burst: 10 } })
    for (let n = 0; n < 10; n++) client.say('ping', {})
    expect(client.closed).toBeUndefined()
    client.session.heard()
    expect(client.closed?.code).toBe(4006)
  })

  it('is not closed for answering pings, however many there are, but for what nobody asked for', async () => {
    const { clock, client } = await world({ pings: { perSecond: 0.001, burst: 2 } })
    for (let n = 1; n <= 10; n++) {
      await clock.advance(10_000)
      expect(client.of('ping')).toHaveLength(n)
      client.session.receive('{"pong":{}}')
    }
    for (let n = 0; n < 2; n++) client.session.receive('{"pong":{}}')
    expect(client.closed).toBeUndefined()
    client.session.receive('{"pong":{}}')
    expect(client.closed?.code).toBe(4006)
  })

  it('is remembered only as long as it matters', async () => {
    const { clock, client, publish } = await world({
      messages: { perSecond: 1, burst: 2 },
      pings: { perSecond: 1, burst: 9 },
    })
    await publish(2)
    for (let n = 0; n < 30; n++) {
      await clock.advance(1_000)
      if (n % 9 === 0) client.session.receive('{"pong":{}}')
    }
    expect((await publish(2)).filter((one) => typeof one === 'object')).toEqual([])
    expect(client.closed).toBeUndefined()
  })
})

describe('[H11.1] a client that asks for what brings much', () => {
  const asksFor = async (
    { client, clock }: { client: TestClient; clock: FakeClock },
    kind: 'presence' | 'subscribe',
    count: number,
  ) => {
    const from = client.messages.length
    for (let n = 0; n < count; n++) {
      client.say(kind, { channel: 'chat:a', ...(kind === 'subscribe' && { history: 100 }) })
      await settle()
      if (kind === 'subscribe') client.say('unsubscribe', { channel: 'chat:a' })
      await clock.advance(0)
    }
    return client.messages.slice(from).filter((said) => said.kind === 'error' && said.body.code === 203)
      .length
  }
  /** Half of it would be enough for as many questions that bring nothing. */
  const requests = { perSecond: 1, burst: 120 }

  it('has asked for as much as came, of members', async () => {
    const { hub, client, clock } = await world({ requests })
    expect(await asksFor({ client, clock }, 'presence', 60)).toBe(0)
    for (let n = 0; n < 40; n++) {
      const member = new TestClient(hub)
      await member.connect()
      await member.ask('subscribe', { channel: 'chat:a', data: json(n) })
    }
    const other = new TestClient(hub)
    await other.connect()
    // With connect sixteen are free, and each of the others costs one and three more.
    expect(await asksFor({ client: other, clock }, 'presence', 60)).toBe(60 - 15 - 30)
  })

  it('has asked for as much as came, of publications with a subscription', async () => {
    const { hub, client, clock } = await world({ requests })
    expect(await asksFor({ client, clock }, 'subscribe', 60)).toBe(0)
    for (let n = 0; n < 40; n++) await hub.publish('chat:a', n)
    const other = new TestClient(hub)
    await other.connect()
    expect(await asksFor({ client: other, clock }, 'subscribe', 60)).toBeGreaterThan(40)
  })

  it('has no more than four times as much, also where it asks for all of it at once, and has the rest when it has waited', async () => {
    const { clock, hub, client } = await world({ requests: { perSecond: 10, burst: 120 } })
    for (let n = 0; n < 160; n++) {
      const member = new TestClient(hub)
      await member.connect()
      await member.ask('subscribe', { channel: 'chat:a', data: json(n) })
    }
    const ask = (id: number) => `{"id":${id},"presence":{"channel":"chat:a"}}`
    client.session.receive(`[${Array.from({ length: 120 }, (_, n) => ask(n + 10)).join()}]`)
    for (let turn = 0; turn < 100; turn++) await clock.advance(1)
    // Of 480 each costs ten; a few are read at once.
    const lists = client.of('presence').length
    expect(lists).toBeGreaterThanOrEqual(48)
    expect(lists).toBeLessThan(48 + 16)
    const refused = client.of('error').filter(({ code }) => code === 203)
    expect([lists + refused.length, client.closed]).toEqual([120, undefined])
    expect(refused[0]?.retryAfter).toBeGreaterThan(0)
    for (let second = 0; second < 20; second++) {
      await clock.advance(1_000)
      client.session.heard()
    }
    expect((await client.ask('presence', { channel: 'chat:a' })).kind).toBe('presence')
  })

  it('may subscribe to all again when it comes back, however much each brings', async () => {
    const { hub, client } = await world({ requests })
    const channels = Array.from({ length: 90 }, (_, n) => `chat:${n}`)
    for (const channel of channels) for (let n = 0; n < 40; n++) await hub.publish(channel, n)
    const commands = channels.map(
      (channel, n) => `{"id":${n + 10},"subscribe":{"channel":"${channel}","history":40}}`,
    )
    client.session.receive(`[${commands.join()}]`)
    await settle()
    expect(client.of('error')).toEqual([])
  })
})

describe('[H11.1] a client that sends little', () => {
  it('is not even counted, and is as soon as it sends much', async () => {
    const rate = { perSecond: 10, burst: 20 }
    const { publish } = await world({ messages: rate, requests: rate, pings: rate })
    const said = await publish(60)
    // Those that came before anybody counted are free.
    expect(said.filter((one) => one === 'published').length).toBe(35)
  })
})
