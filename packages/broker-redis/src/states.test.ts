/** Streams that keep the newest publication of each key, in Redis. */
import { MemoryBroker, type NewPublication, type StreamOptions, type StreamSlice } from '@millrace/server'
import { FakeClock } from '@millrace/server/testing'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { KEEP, Listener, settle, text } from '../test/listeners.js'
import { RedisServer, redisServer } from '../test/redis-server.js'
import { RedisBroker, type RedisBrokerOptions } from './index.js'

const STATE: StreamOptions = { ...KEEP, latest: true }
const ALL = { before: Number.MAX_SAFE_INTEGER, limit: 100_000 } as const
const EVERYTHING = { since: { epoch: '', offset: 0 }, limit: 100_000 } as const
const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms))

const value = (key: string, what: unknown, more: Partial<NewPublication> = {}): NewPublication => ({
  ...text(what),
  key,
  ...more,
})
const shown = ({ publications }: StreamSlice): unknown =>
  publications.map(({ key, offset, data }) => [key, offset, 'text' in data ? JSON.parse(data.text) : data])

describe.skipIf(redisServer === undefined)('[B14] a state in Redis', () => {
  let redis: RedisServer
  let open: RedisBroker[] = []
  let count = 0
  const node = async (options: Partial<RedisBrokerOptions> = {}) => {
    const [broker, heard] = [new RedisBroker({ url: redis.url, prefix: 'test:', ...options }), new Listener()]
    open.push(broker)
    await broker.start(heard)
    return { broker, heard }
  }
  const fresh = (): string => `state:${count++}`
  const ask = async (...command: string[]): Promise<number> => Number(await redis.command(...command))
  /** How many commands Redis carried out for that, those within scripts included. */
  const commands = async (work: () => Promise<unknown>): Promise<number> => {
    await redis.command('CONFIG', 'RESETSTAT')
    await work()
    const stats = String(await redis.command('INFO', 'commandstats'))
    const calls = [...stats.matchAll(/^cmdstat_([^:]*):calls=(\d+)/gm)]
    const counted = calls.filter(([, name = '']) => !/^(config|hello|ping|info|client)/.test(name))
    return counted.reduce((sum, [, , calls]) => sum + Number(calls), 0)
  }

  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterEach(async () => {
    await Promise.all(open.map((broker) => broker.close()))
    open = []
  })
  afterAll(() => redis.close())

  it('[B2] comes back whole, from the feed and from the stream, on every node', async () => {
    const [one, two] = await Promise.all([node(), node()])
    const channel = fresh()
    await two.broker.join(channel)
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const published: NewPublication[] = [
      {
        key: 'ü\n1',
        id: 'id-ü',
        from: { session: 's', user: 'zoë' },
        exclude: 's',
        data: { codec: 'raw', bytes },
      },
      { key: '', data: { codec: 'msgpack', bytes: new Uint8Array() } },
      { key: 'c', removed: true, data: { codec: 'json', text: 'null' } },
    ]
    for (const publication of published) await one.broker.append(channel, publication, STATE)
    await settle(two.broker)
    const { publications } = await two.broker.read(channel, ALL, STATE)
    expect(publications).toEqual(
      published.map((publication, index) => ({
        ...publication,
        offset: index + 1,
        time: expect.any(Number),
      })),
    )
    expect(two.heard.stored).toEqual(publications)
  })

  it('tells every key from every other, whatever is in it', async () => {
    const { broker, heard } = await node()
    const channel = fresh()
    await broker.join(channel)
    const keys = [
      ...[
        '',
        ' ',
        '\0',
        '\0\0',
        'a',
        'a\0',
        'a\nb',
        '1 2 v\n',
        '\u00fc',
        'u\u0308',
        '漢',
        '😀',
        '\ud83d',
        '\ude00',
      ],
      ...['x'.repeat(255), '\0'.repeat(255), '漢'.repeat(255), '😀'.repeat(255), '\uffff'.repeat(255)],
      ...['__proto__', '[1,"a"]', '"', '-inf', '(1'],
    ]
    for (const key of keys) await broker.append(channel, value(key, 'old', { expect: 0 }), STATE)
    await Promise.all(keys.map((key) => broker.append(channel, value(key, key), STATE)))
    const expected = keys.map((key, index) => [key, keys.length + index + 1, key])
    expect(shown(await broker.read(channel, ALL, STATE))).toEqual(expected)
    await heard.until(() => heard.stored.length === 2 * keys.length)
    expect(heard.stored.map(({ key }) => key)).toEqual([...keys, ...keys])
    for (const [index, key] of keys.entries()) {
      const offset = keys.length + index + 1
      const wrong = await broker.append(channel, value(key, 'new', { expect: 0 }), STATE)
      expect(wrong).toMatchObject({ offset, skipped: 'conflict' })
      expect((await broker.append(channel, value(key, 'new', { expect: offset }), STATE)).skipped).toBe(
        undefined,
      )
    }
  })

  it('[B15] of two nodes that expect the same, exactly one is stored in each round', async () => {
    const [one, two] = await Promise.all([node(), node()])
    const channel = fresh()
    const winners = new Set<unknown>()
    for (let round = 0; round < 300; round++) {
      const nodes = round % 2 === 0 ? [one, two, one, two] : [two, one, two, one]
      const race = nodes.map(async ({ broker }) => {
        const appended = await broker.append(channel, value('a', round, { expect: round }), STATE)
        return { broker, ...appended }
      })
      const results = await Promise.all(race)
      const stored = results.filter(({ skipped }) => skipped === undefined)
      expect(stored.map(({ offset }) => offset)).toEqual([round + 1])
      winners.add(stored[0]?.broker)
      const others = results.filter(({ skipped }) => skipped === 'conflict')
      expect(others.map(({ offset }) => offset)).toEqual([round + 1, round + 1, round + 1])
    }
    expect(winners.size).toBe(2)
    expect(shown(await two.broker.read(channel, ALL, STATE))).toEqual([['a', 300, 299]])
  })

  it('needs memory for its keys, however often they change', { timeout: 60_000 }, async () => {
    const { broker } = await node({ dedupeIds: 1_000 })
    const channel = fresh()
    for (let n = 0; n < 100_000; ) {
      const some = Array.from({ length: 1_000 }, () => value(`key-${n++ % 100}`, `${n} ${'x'.repeat(100)}`))
      await Promise.all(some.map((one) => broker.append(channel, one, STATE)))
    }
    expect((await broker.read(channel, ALL, STATE)).publications.length).toBe(100)
    const names = ['meta', 'log', 'ids', 'values', 'order'].map((name) => `test:{${channel}}:${name}`)
    const sizes = await Promise.all(names.map((name) => ask('MEMORY', 'USAGE', name, 'SAMPLES', '0')))
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(60_000)
  })

  it('costs the same per append, however many keys there are and whatever is past its time', {
    timeout: 60_000,
  }, async () => {
    const { broker } = await node()
    const channel = fresh()
    const keep = { size: 20_000, ttl: 1_500, latest: true }
    const append = (from: number, many: number) => () =>
      Promise.all(
        Array.from({ length: many }, (_, n) => broker.append(channel, value(`${from + n}`, n), keep)),
      )
    const few = await commands(append(0, 100))
    await append(0, 5_000)()
    expect(await commands(append(0, 100))).toBeLessThan(few + 200)
    await pause(1_600)
    // It lets go of what is past its time a part at a time, and shows none of it.
    expect(await commands(append(0, 1))).toBeLessThan(40)
    expect(await ask('ZCARD', `test:{${channel}}:order`)).toBeGreaterThan(4_000)
    const read = await broker.read(channel, ALL, keep)
    expect([shown(read), read.floor]).toEqual([
      [['0', 5_201, 0]],
      { offset: 5_201, reason: 'history-expired' },
    ])
    expect(await commands(() => broker.read(channel, ALL, keep))).toBeLessThan(50)
    const before = await broker.read(channel, { before: 5_201, limit: 9 }, keep)
    expect([before.publications, before.more]).toEqual([[], false])
    const conflict = await broker.append(channel, value('4000', 0, { expect: 4_101 }), keep)
    expect(conflict).toMatchObject({ offset: 0, skipped: 'conflict' })
    for (let n = 0; n < 200; n++) await broker.append(channel, value('more', n), keep)
    expect(await ask('ZCARD', `test:{${channel}}:order`)).toBe(2)
  })

  it('lets go of all that is beyond a size that was made smaller', async () => {
    const { broker } = await node()
    const channel = fresh()
    await Promise.all(
      Array.from({ length: 2_500 }, (_, n) =>
        broker.append(channel, value(`${n}`, n), { ...STATE, size: 5_000 }),
      ),
    )
    await broker.append(channel, value('last', 0), { ...STATE, size: 3 })
    const slice = await broker.read(channel, ALL, STATE)
    expect([shown(slice), slice.floor]).toEqual([
      [
        ['2498', 2_499, 2_498],
        ['2499', 2_500, 2_499],
        ['last', 2_501, 0],
      ],
      { offset: 2_501, reason: 'history-trimmed' },
    ])
    expect(await ask('HLEN', `test:{${channel}}:values`)).toBe(3)
  })

  it('goes away by itself, all of it at one moment', async () => {
    const { broker } = await node({ prefix: 'expiry:' })
    await broker.append('a:b', value('a', 1, { id: 'id' }), STATE)
    const names = ['ids', 'meta', 'order', 'values'].map((name) => `expiry:{a:b}:${name}`)
    expect(((await redis.command('KEYS', 'expiry:{*')) as string[]).sort()).toEqual(names)
    for (const name of names) expect(await ask('PTTL', name)).toBeGreaterThan(0)
    expect(await ask('PEXPIRETIME', 'expiry:{a:b}:values')).toBe(
      await ask('PEXPIRETIME', 'expiry:{a:b}:order'),
    )
  })

  it.each([['values', 'order'], ['values'], ['order']])(
    'says that all is gone when Redis has let go of %s %s',
    async (...gone: readonly string[]) => {
      const { broker } = await node({ prefix: `gone-${gone.join('-')}:` })
      for (const key of ['a', 'b', 'a']) await broker.append('a:b', value(key, key), STATE)
      await redis.command('DEL', ...gone.map((name) => `gone-${gone.join('-')}:{a:b}:${name}`))
      const { floor, publications, head } = await broker.read('a:b', ALL, STATE)
      expect([floor, publications, head.offset]).toEqual([{ offset: 3, reason: 'history-expired' }, [], 3])
      expect((await broker.append('a:b', value('a', 1, { expect: 3 }), STATE)).skipped).toBe('conflict')
      await broker.append('a:b', value('b', 4, { expect: 0 }), STATE)
      const after = await broker.read('a:b', { since: { ...head, offset: 3 }, limit: 9 }, STATE)
      expect([shown(after), after.floor]).toEqual([[['b', 4, 4]], { offset: 4, reason: 'history-expired' }])
    },
  )

  it('[B5] of a channel that is a state to some nodes only, each says what it does not have', async () => {
    const { broker } = await node()
    const channel = fresh()
    const position = await broker.append(channel, value('a', 1), STATE)
    await broker.append(channel, text(2), KEEP)
    const log = await broker.read(channel, { since: position, limit: 9 }, KEEP)
    expect([log.publications.map(({ offset }) => offset), log.floor?.offset]).toEqual([[2], 1])
    expect(shown(await broker.read(channel, EVERYTHING, STATE))).toEqual([['a', 1, 1]])
    await broker.append(channel, value('b', 3), STATE)
    const gap = await broker.read(channel, { since: position, limit: 9 }, KEEP)
    expect([gap.publications, gap.floor?.offset, gap.head.offset]).toEqual([[], 3, 3])
    expect(shown(await broker.read(channel, EVERYTHING, STATE))).toEqual([
      ['a', 1, 1],
      ['b', 3, 3],
    ])
  })

  it('[B1] keeps the order of appends when Redis forgets its scripts', async () => {
    const { broker } = await node()
    const channel = fresh()
    const appends = []
    for (let n = 0; n < 200; n++) {
      if (n % 100 === 50) await redis.command('SCRIPT', 'FLUSH')
      appends.push(broker.append(channel, value('a', n, { expect: n }), STATE))
    }
    const skipped = (await Promise.all(appends)).filter((one) => one.skipped !== undefined)
    expect(skipped).toEqual([])
  })

  it('[B3] [B4] [B5] [B6] [B15] equals one in memory under any sequence of appends and reads', async () => {
    const { broker } = await node()
    const change = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      removed: fc.boolean(),
      id: fc.nat(20),
      expected: fc.option(fc.nat(40), { nil: undefined }),
    })
    const read = fc.record({ offset: fc.nat(60), limit: fc.nat(6), since: fc.boolean() })
    const steps = fc.array(fc.oneof(fc.array(change, { maxLength: 20 }), read), {
      maxLength: 12,
      size: 'max',
    })
    await fc.assert(
      fc.asyncProperty(fc.nat(6), steps, async (size, all) => {
        const [channel, keep] = [fresh(), { ...STATE, size }]
        const memory = new MemoryBroker({ clock: new FakeClock(), epoch: 'e' })
        let written = 0
        for (const one of all) {
          if (Array.isArray(one)) {
            const pairs = one.map(({ key, removed, id, expected }) => {
              const publication = value(key, written++, {
                ...(removed ? { removed } : {}),
                ...(id < 3 ? { id: `${id}` } : {}),
                expect: expected,
              })
              return [
                broker.append(channel, publication, keep),
                memory.append(channel, publication, keep),
              ] as const
            })
            for (const [real, { offset, skipped }] of pairs)
              expect(await real).toEqual({
                epoch: expect.any(String),
                offset,
                ...(skipped ? { skipped } : {}),
              })
            continue
          }
          const slices = await Promise.all(
            [broker, memory].map(async (of) => {
              const { epoch } = (await of.read(channel, { before: 1, limit: 1 }, keep)).head
              const { offset, limit } = one
              const range = one.since ? { since: { epoch, offset }, limit } : { before: offset, limit }
              const { publications, head, floor, more } = await of.read(channel, range, keep)
              return [publications.map((each) => ({ ...each, time: 0 })), head.offset, floor, more]
            }),
          )
          expect(slices[0]).toEqual(slices[1])
        }
      }),
      { numRuns: 40 },
    )
  })
})
