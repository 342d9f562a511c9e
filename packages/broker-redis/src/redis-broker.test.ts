import { brokerContract } from '@millrace/server/testing'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { KEEP, Listener, member, settle, text } from '../test/listeners.js'
import { RedisServer, redisServer } from '../test/redis-server.js'
import { RedisBroker, type RedisBrokerOptions } from './index.js'

let count = 0
/** The time of a Redis cannot be moved, so here it passes. */
const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms))

describe.skipIf(redisServer === undefined)('the Redis broker', () => {
  let redis: RedisServer
  let open: RedisBroker[] = []
  const make = (options: Partial<RedisBrokerOptions> = {}): RedisBroker => {
    const broker = new RedisBroker({ url: redis.url, prefix: 'test:', ...options })
    open.push(broker)
    return broker
  }
  const node = async (options: Partial<RedisBrokerOptions> = {}) => {
    const [broker, heard] = [make(options), new Listener()]
    await broker.start(heard)
    return { broker, heard }
  }
  const fresh = (): string => `chat:room-${count++}`

  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterEach(async () => {
    await Promise.all(open.map((broker) => broker.close()))
    open = []
  })
  afterAll(() => redis.close())

  brokerContract(
    async () => {
      const broker = make({ prefix: `contract-${count++}:` })
      return {
        broker,
        advance: pause,
        settle: () => settle(broker),
        close: () => broker.close(),
      }
    },
    { it: (title, test) => it(title, test), equal: (actual, expected) => expect(actual).toEqual(expected) },
  )

  it('[B1] [B2] what several nodes append reaches all of them, in one order', async () => {
    const nodes = await Promise.all([node(), node(), node()])
    const channel = fresh()
    await Promise.all(nodes.map(({ broker }) => broker.join(channel)))
    const appends = nodes.flatMap(({ broker }, index) =>
      Array.from({ length: 200 }, (_, n) => broker.append(channel, text([index, n]), KEEP)),
    )
    const positions = await Promise.all(appends)
    const all = Array.from({ length: 600 }, (_, index) => index + 1)
    expect(positions.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(all)
    for (const { heard } of nodes) {
      await heard.until(() => heard.offsets.length >= 600)
      expect(heard.offsets).toEqual(all)
      expect(heard.stored).toEqual(nodes[0]?.heard.stored)
    }
    for (const index of [0, 1, 2]) {
      const own = positions.slice(index * 200, index * 200 + 200).map(({ offset }) => offset)
      expect(own).toEqual([...own].sort((a, b) => a - b))
    }
  })

  it('[B4] a publication comes back whole, from the feed and from the stream', async () => {
    const { broker, heard } = await node()
    const channel = fresh()
    await broker.join(channel)
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const publication = {
      id: 'id-ü',
      from: { session: 's-1', user: 'zoë' },
      exclude: 's-1',
      data: { codec: 'raw' as const, bytes },
    }
    const before = Date.now()
    await broker.append(channel, publication, KEEP)
    const { publications } = await broker.read(channel, { before: 9, limit: 9 }, KEEP)
    await settle(broker)
    expect(publications).toEqual([{ ...publication, offset: 1, time: expect.any(Number) }])
    expect(heard.stored).toEqual(publications)
    expect(Math.abs((publications[0]?.time ?? 0) - before)).toBeLessThan(1_000)
  })

  it('[B6] an id that one node stored is a duplicate at another, with the position it has', async () => {
    const [one, two] = await Promise.all([node(), node()])
    const channel = fresh()
    const first = await one.broker.append(channel, text(1, 'same'), KEEP)
    expect(await two.broker.append(channel, text(1, 'same'), KEEP)).toEqual({
      ...first,
      skipped: 'duplicate',
    })
  })

  it('[B6] a bounded number of ids is known, the latest', async () => {
    const { broker } = await node({ dedupeIds: 10 })
    const channel = fresh()
    for (let n = 1; n <= 20; n++) await broker.append(channel, text(n, `id-${n}`), KEEP)
    const known = await Promise.all([8, 15, 20].map((n) => broker.append(channel, text(n, `id-${n}`), KEEP)))
    expect(known.map(({ skipped }) => skipped)).toEqual([undefined, 'duplicate', 'duplicate'])
  })

  it('[B6] an id counts as new after the dedupe window, while later ones are known', async () => {
    const { broker } = await node({ dedupeWindow: 3000 })
    const channel = fresh()
    const skipped = async (id: string) => (await broker.append(channel, text(1, id), KEEP)).skipped
    expect(await skipped('early')).toBeUndefined()
    await pause(100)
    expect(await skipped('early')).toBe('duplicate')
    await pause(1900)
    expect(await skipped('late')).toBeUndefined()
    await pause(1100)
    expect([await skipped('late'), await skipped('early')]).toEqual(['duplicate', undefined])
  })

  it('[B3] [B7] the epoch of a channel that was only looked at is that of its first publication', async () => {
    const [one, two] = await Promise.all([node(), node()])
    const channel = fresh()
    const { head } = await one.broker.read(channel, { before: 9, limit: 9 }, KEEP)
    expect(await two.broker.append(channel, text(1), KEEP)).toEqual({ epoch: head.epoch, offset: 1 })
    const another = await two.broker.append(fresh(), text(1), KEEP)
    expect(another.epoch).not.toBe(head.epoch)
  })

  it('[B11] publications that the feed lost show in the heads', async () => {
    const [one, two] = await Promise.all([node(), node()])
    const channel = fresh()
    await two.broker.join(channel)
    const first = await one.broker.append(channel, text(1), KEEP)
    await settle(two.broker)
    // Redis drops the subscriber, as it does with one that is too slow.
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await one.broker.append(channel, text(2), KEEP)
    await two.heard.until(() => two.heard.interruptions > 0)
    expect(await two.broker.heads([{ channel, position: first }])).toEqual([{ ...first, offset: 2 }])
    await one.broker.append(channel, text(3), KEEP)
    await two.heard.until(() => two.heard.offsets.includes(3))
    expect(two.heard.offsets.filter((offset) => offset !== 2)).toEqual([1, 3])
  })

  it('[B1] appends keep their order when Redis forgets its scripts', async () => {
    const { broker, heard } = await node()
    const channel = fresh()
    await broker.join(channel)
    const appends = []
    for (let n = 1; n <= 300; n++) {
      if (n % 100 === 50) await redis.command('SCRIPT', 'FLUSH')
      appends.push(broker.append(channel, text(n), KEEP))
    }
    await Promise.all(appends)
    await heard.until(() => heard.offsets.length === 300)
    const order = heard.stored.map(({ data }) => ('text' in data ? Number(data.text) : 0))
    expect(order).toEqual(Array.from({ length: 300 }, (_, index) => index + 1))
  })

  it('[B8] [B12] members are the same on every node, and stay for a while when their node closes', async () => {
    const [one, two] = await Promise.all([node(), node()])
    const channel = fresh()
    await two.broker.join(channel)
    await one.broker.enter(channel, member('a', 1))
    await two.broker.enter(channel, member('b', 2))
    await two.broker.enter(channel, member('a', 3, 'moved'))
    expect(await one.broker.members(channel)).toEqual([member('a', 1, 'moved'), member('b', 2)])
    await one.broker.enter(channel, member('c', 4))
    expect(await two.broker.count(channel)).toBe(3)
    await one.broker.close()
    expect(await two.broker.members(channel)).toEqual([
      member('a', 1, 'moved'),
      member('b', 2),
      member('c', 4),
    ])
    await two.broker.enter(channel, { ...member('c', 9), generation: 1 })
    await two.broker.depart(channel, 'b')
    await two.heard.until(() => two.heard.events.includes('departed b'))
    expect(two.heard.events).toEqual(['joined a', 'joined b', 'updated a', 'joined c', 'departed b'])
  })

  it('[B12] a session that was taken up by another node is that node’s', async () => {
    const [one, two] = await Promise.all([node(), node()])
    const channel = fresh()
    await two.broker.join(channel)
    await one.broker.enter(channel, member('a', 1))
    const generation = 2
    await two.broker.enter(channel, { ...member('a', 2), generation })
    await one.broker.enter(channel, member('a', 3, 'late'))
    await one.broker.depart(channel, 'a')
    expect(await one.broker.members(channel)).toEqual([member('a', 1)])
    await two.broker.depart(channel, 'a', generation)
    await two.heard.until(() => two.heard.events.includes('departed a'))
    expect(two.heard.events).toEqual(['joined a', 'departed a'])
    expect(await one.broker.secret('mine')).toBe(await two.broker.secret('yours'))
  })

  it('every key goes away by itself, but for those of presence', async () => {
    const { broker } = await node({ prefix: 'expiry:' })
    await broker.append('a:b', text(1, 'id'), KEEP)
    await broker.read('a:c', { before: 9, limit: 9 }, KEEP)
    await broker.heads([{ channel: 'a:d', position: { epoch: 'x', offset: 0 } }])
    const keys = (await redis.command('KEYS', 'expiry:{*')) as string[]
    expect(keys.sort()).toEqual(
      ['{a:b}:ids', '{a:b}:log', '{a:b}:meta', '{a:c}:meta', '{a:d}:meta'].map((key) => `expiry:${key}`),
    )
    for (const key of keys) expect(Number(await redis.command('PTTL', key))).toBeGreaterThan(0)
  })

  it('[B5] a log that Redis expired as a whole moves the floor', async () => {
    const { broker } = await node({ prefix: 'gone:' })
    for (const n of [1, 2, 3]) await broker.append('a:b', text(n), KEEP)
    await redis.command('DEL', 'gone:{a:b}:log')
    const { floor, publications, head } = await broker.read('a:b', { before: 9, limit: 9 }, KEEP)
    expect([floor, publications, head.offset]).toEqual([{ offset: 3, reason: 'history-expired' }, [], 3])
    await broker.append('a:b', text(4), KEEP)
    const after = await broker.read('a:b', { since: { epoch: head.epoch, offset: 3 }, limit: 9 }, KEEP)
    expect([after.floor?.offset, after.publications.map(({ offset }) => offset)]).toEqual([3, [4]])
  })

  it('[B3] [B4] [B5] a stream equals a list under any sequence of appends and reads', async () => {
    const { broker } = await node()
    const read = fc.record({ offset: fc.nat(80), limit: fc.nat(40), since: fc.boolean() })
    const step = fc.oneof(fc.integer({ min: 1, max: 40 }), read)
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.array(step, { maxLength: 12, size: 'max' }), async (size, steps) => {
        const [channel, keep] = [fresh(), { size, ttl: 60_000 }]
        let head = 0
        const { epoch } = (await broker.read(channel, { before: 1, limit: 1 }, keep)).head
        for (const one of steps) {
          if (typeof one === 'number') {
            await Promise.all(Array.from({ length: one }, () => broker.append(channel, text(head++), keep)))
            continue
          }
          const { offset, limit, since } = one
          const range = since ? { since: { epoch, offset }, limit } : { before: offset, limit }
          const slice = await broker.read(channel, range, keep)
          const kept = Array.from({ length: head }, (_, index) => index + 1).slice(Math.max(0, head - size))
          const some = kept.filter((each) => (since ? offset > head || each > offset : each < offset))
          const cut = since ? some.slice(0, limit) : some.slice(Math.max(0, some.length - limit))
          expect(slice.publications.map((publication) => publication.offset)).toEqual(cut)
          expect([slice.more, slice.head]).toEqual([some.length > limit, { epoch, offset: head }])
          expect(slice.floor?.offset ?? 0).toBe(head - kept.length)
        }
      }),
      { numRuns: 40 },
    )
  })
})
