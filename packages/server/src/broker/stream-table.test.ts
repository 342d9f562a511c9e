import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { brokerByUrl } from '../broker-url.js'
import type { StoredPublication } from '../hub/index.js'
import { FakeClock } from '../testing/index.js'
import { DedupeWindow } from './dedupe-window.js'
import { bytesOf } from './kept-text.js'
import { LatestKept } from './latest-kept.js'
import { MemoryBroker } from './memory-broker.js'
import { NewestKept } from './newest-kept.js'

const KEEPING = { size: 1_000, ttl: 600_000 }
const KIBIBYTE = 1_024
const textOf = (bytes: number) => ({ codec: 'json' as const, text: `"${'x'.repeat(bytes)}"` })

function world(mostBytes: number) {
  const clock = new FakeClock()
  const warnings: unknown[] = []
  const logger = { warn: (...said: unknown[]) => warnings.push(said) }
  const broker = new MemoryBroker({ clock, epoch: 'e', mostBytes, logger })
  const publish = (channel: string, bytes: number, more = {}) =>
    broker.append(channel, { data: textOf(bytes), ...more }, KEEPING)
  const read = async (channel: string) => {
    const { publications, floor, head } = await broker.read(
      channel,
      { before: Number.MAX_SAFE_INTEGER, limit: 10_000 },
      KEEPING,
    )
    return { offsets: publications.map(({ offset }) => offset), floor, head }
  }
  return { clock, broker, warnings, publish, read }
}

describe('[B16] a memory that is full', () => {
  it('takes the older half of the largest past, and says so to its readers and in the log, once a minute', async () => {
    const { clock, publish, read, warnings } = world(1_000 * KIBIBYTE)
    for (let n = 0; n < 5; n++) publish('small:a', KIBIBYTE)
    for (let n = 0; n < 2_000; n++) publish('large:a', 10 * KIBIBYTE)
    expect(await read('small:a')).toMatchObject({ offsets: [1, 2, 3, 4, 5], floor: undefined })
    const { offsets, floor, head } = await read('large:a')
    expect(head).toEqual({ epoch: 'e', offset: 2_000 })
    expect(floor).toEqual({ offset: 2_000 - offsets.length, reason: 'history-trimmed' })
    expect(offsets.at(-1)).toBe(2_000)
    expect(offsets.length).toBeGreaterThan(40)
    expect(offsets.length).toBeLessThan(100)
    expect(warnings).toHaveLength(1)
    await clock.advance(60_000)
    for (let n = 0; n < 200; n++) publish('large:a', 10 * KIBIBYTE)
    expect(warnings).toHaveLength(2)
  })

  it('lets go of the ids of publications as well, the oldest first', () => {
    const { clock, publish } = world(1_000 * KIBIBYTE)
    for (let n = 0; n < 50_000; n++) {
      if (n % 1_000 === 0) clock.stall(5_000)
      publish('chat:a', 10, { id: `id ${n}` })
    }
    expect(publish('chat:a', 10, { id: 'id 49999' })).toMatchObject({ skipped: 'duplicate' })
    expect(publish('chat:a', 10, { id: 'id 0' })).not.toHaveProperty('skipped')
  })

  it('where all are small forgets those that were not written for the longest, which begin anew in another epoch', async () => {
    const { clock, broker, publish, read } = world(200 * KIBIBYTE)
    await broker.join('chat:0')
    publish('@own', 10)
    for (let n = 0; n < 1_000; n++) {
      publish(`chat:${n}`, 100)
      clock.stall(1)
    }
    const there = await Promise.all(Array.from({ length: 1_000 }, (_, n) => read(`chat:${n}`)))
    const isThere = (n: number) => there[n]?.head.offset === 1
    expect([isThere(0), isThere(1), isThere(999)]).toEqual([true, false, true])
    expect((await read('chat:1')).head.epoch).not.toBe('e')
    expect((await read('chat:0')).head).toEqual({ epoch: 'e', offset: 1 })
    expect((await read('@own')).offsets).toEqual([1])
  })

  it('goes round: what was written since it came by last stays until it comes by again', async () => {
    const { publish, read } = world(200 * KIBIBYTE)
    const offsetOf = async (n: number) => (await read(`chat:${n}`)).head.offset
    for (let n = 0; n < 250; n++) publish(`chat:${n}`, 100)
    publish('chat:0', 100)
    for (let n = 250; n < 400; n++) publish(`chat:${n}`, 100)
    expect([await offsetOf(0), await offsetOf(1), await offsetOf(399)]).toEqual([2, 0, 1])
    for (let n = 400; n < 700; n++) publish(`chat:${n}`, 100)
    expect([await offsetOf(0), await offsetOf(399), await offsetOf(699)]).toEqual([0, 0, 1])
  })

  it('costs a publication a bounded number of looks, even where there is nothing to let go', async () => {
    const { broker, publish } = world(100 * KIBIBYTE)
    const { has } = Set.prototype
    for (let n = 0; n < 5_000; n++) await broker.join(`chat:${n}`)
    let [looks, most] = [0, 0]
    Set.prototype.has = function (...of) {
      looks++
      return has.apply(this, of)
    }
    try {
      for (let n = 0; n < 5_000; n++) {
        looks = 0
        publish(`chat:${n}`, 10)
        most = Math.max(most, looks)
      }
    } finally {
      Set.prototype.has = has
    }
    expect(most).toBeGreaterThan(32)
    expect(most).toBeLessThanOrEqual(65)
  })

  it('does not take the past again and again where it is the ids that fill it', async () => {
    const { publish, read } = world(1_000 * KIBIBYTE)
    publish('other:a', 10)
    // The newest part of the ids is never let go: 12,500 of them take 1.5 MB.
    for (let n = 0; n < 10_000; n++) publish('chat:a', 10, { id: `id ${n}` })
    expect((await read('chat:a')).offsets.length).toBeGreaterThan(200)
  })

  it('is never more than it may be by what one publication takes', async () => {
    const most = 1_000 * KIBIBYTE
    const { publish, read } = world(most)
    let stored = 0
    const names = Array.from({ length: 300 }, (_, n) => `chat:${n}`)
    for (let n = 0; n < 20_000; n++) publish(names[(n * 7) % names.length] as string, (n * 37) % 2_000)
    for (const name of names) stored += (await read(name)).offsets.length
    // A thousand bytes each, on average, and something for each stream.
    expect(stored).toBeGreaterThan(400)
    expect(stored).toBeLessThan(1_000)
  })
})

describe('[B5] a sweep', () => {
  it('goes through thousands of streams in steps, each in a turn of its own', async () => {
    const { clock, broker, publish, read } = world(512 * 2 ** 20)
    await broker.start({ publication() {}, ephemeral() {}, presence() {}, interrupted() {} })
    for (let n = 0; n < 2_500; n++) publish(`chat:${n}`, 10)
    clock.stall(KEEPING.ttl)
    const turns: number[] = []
    const { schedule } = clock
    clock.schedule = (delay, task) => {
      turns.push(delay)
      return schedule.call(clock, delay, task)
    }
    await clock.advance(1)
    expect(turns).toEqual([0, 0, 10_000])
    expect((await read('chat:2499')).offsets).toEqual([])
    await broker.close()
    expect(clock.pending).toBe(0)
  })

  it('ends, though streams that may not be forgotten come last again and again meanwhile', async () => {
    const { clock, broker, publish } = world(1_000 * KIBIBYTE)
    await broker.start({ publication() {}, ephemeral() {}, presence() {}, interrupted() {} })
    for (let n = 0; n < 3_000; n++) {
      await broker.join(`chat:${n}`)
      publish(`chat:${n}`, 10)
    }
    clock.stall(10_000)
    let turns = 0
    const { schedule } = clock
    clock.schedule = (delay, task) => {
      // More come last in each turn than are looked at in one; not for ever, or this would not end where it is wrong.
      if (delay === 0 && ++turns < 20) for (let n = 0; n < 50; n++) publish(`chat:${n}`, 10)
      return schedule.call(clock, delay, task)
    }
    await clock.advance(1)
    expect(turns).toBe(2)
    await broker.close()
  })
})

describe('what is kept', () => {
  const step = fc.oneof(
    fc.record({ is: fc.constant('add' as const), bytes: fc.nat(200), key: fc.nat(5) }),
    fc.record({ is: fc.constant('expire' as const), by: fc.nat(20) }),
    fc.record({ is: fc.constant('halve' as const) }),
  )

  it.each([
    ['the newest', () => new NewestKept()],
    ['the latest of each key', () => new LatestKept()],
  ])('%s takes as many bytes as its publications do', (_, make) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.nat(8), (steps, size) => {
        const kept = make()
        let [time, offset] = [0, 0]
        for (const one of steps) {
          const before = kept.before(Number.MAX_SAFE_INTEGER, 1_000).publications
          if (one.is === 'add') {
            const publication: StoredPublication = { offset: ++offset, time: ++time, data: textOf(one.bytes) }
            kept.add({ ...publication, key: `k${one.key}` }, { size, ttl: 1e9 })
          } else if (one.is === 'expire') kept.expireBefore(time - one.by)
          else kept.halve()
          const { publications } = kept.before(Number.MAX_SAFE_INTEGER, 1_000)
          expect(kept.bytes).toBe(publications.reduce((sum, publication) => sum + bytesOf(publication), 0))
          if (one.is === 'halve') {
            expect(publications.length).toBe(Math.floor(before.length / 2))
            expect(publications.at(-1)?.offset).toBe(
              publications.length > 0 ? before.at(-1)?.offset : undefined,
            )
          }
        }
      }),
    )
  })

  it('ids are counted, whatever becomes of them', () => {
    const ids = new DedupeWindow({ window: 800, most: 80 })
    let known = new Set<string>()
    for (let n = 0; n < 1_000; n++) {
      ids.add(`${n}`, n, n * 5)
      known.add(`${n}`)
      if (n % 97 === 0) ids.halve()
      known = new Set([...known].filter((id) => ids.find(id, n * 5) !== undefined))
      expect(ids.size).toBe(known.size)
    }
  })
})

it('a URL says how much the memory is', () => {
  const parts = {
    clock: new FakeClock(),
    random: { id: () => 'e' },
    logger: console,
  } as unknown as Parameters<typeof brokerByUrl>[1]
  for (const url of ['memory:', 'memory:?bytes=2000000'])
    expect(brokerByUrl(url, parts)).toBeInstanceOf(MemoryBroker)
  for (const url of ['memory:?bytes=1', 'memory:?bytes=', 'memory:?size=9999999', 'memory:x'])
    expect(() => brokerByUrl(url, parts)).toThrow(`broker '${url}' must be 'memory:', or 'memory:?bytes=N'`)
})
