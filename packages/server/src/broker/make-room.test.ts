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

  it('is not looked through for every publication when there is nothing to let go', async () => {
    const { broker, publish } = world(100 * KIBIBYTE)
    let sorted = 0
    const { toSorted } = Array.prototype
    for (let n = 0; n < 1_000; n++) await broker.join(`chat:${n}`)
    Array.prototype.toSorted = function (...by) {
      sorted++
      return toSorted.apply(this, by)
    }
    try {
      for (let n = 0; n < 1_000; n++) publish(`chat:${n}`, 10)
    } finally {
      Array.prototype.toSorted = toSorted
    }
    expect(sorted).toBeGreaterThan(0)
    expect(sorted).toBeLessThan(200)
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
