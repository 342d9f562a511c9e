/** Streams that keep the newest publication of each key, on disk. */
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryBroker, type NewPublication, type StreamOptions, type StreamSlice } from '@millrace/server'
import { FakeClock } from '@millrace/server/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ALL, Folders, item, KEEP, nobody, started, turnsUntil, using } from '../test/support.js'
import { FORMATS } from './data-folder.js'
import type { LmdbBroker } from './index.js'
import { Store } from './store.js'

const folders = new Folders()
afterAll(() => folders.remove())

const STATE: StreamOptions = { ...KEEP, latest: true }
const CHANNEL = 'a:b'

const value = (key: string, what: unknown, more: Partial<NewPublication> = {}): NewPublication => ({
  ...item(what),
  key,
  ...more,
})
const keysOf = ({ publications }: StreamSlice): unknown =>
  publications.map(({ key, offset, data }) => [key, offset, 'text' in data ? JSON.parse(data.text) : data])

/** What lies in a folder's tables for a channel: entries by offset, how many records of keys, and what is left of earlier streams. */
async function tables(
  folder: string,
): Promise<{ readonly offsets: readonly number[]; readonly keys: number; readonly left: number }> {
  const store = await Store.open(folder, 'thorough')
  const sid = store.stream(CHANNEL)?.sid ?? 0
  const found = { offsets: store.entryOffsets(sid, 1e6), keys: store.keysOf(sid, 1e6).length }
  let left = store.ended(9).length
  for (let other = 1; other < sid; other++)
    left += [store.entryOffsets(other, 9), store.keysOf(other, 9), store.idOffsets(other, 9)].flat().length
  await store.close()
  return { ...found, left }
}

describe('[B14] a state on disk', () => {
  it('is after a restart what it was, floor and all', async () => {
    const folder = folders.make()
    const few = { ...STATE, size: 3 }
    const before = await using({ folder }, async (broker) => {
      for (const key of ['a', 'b', 'c', 'a', 'd']) await broker.append(CHANNEL, value(key, key), few)
      await broker.append(CHANNEL, value('c', null, { removed: true, id: 'x', from: { session: 's' } }), few)
      return broker.read(CHANNEL, ALL, few)
    })
    expect(before.floor).toEqual({ offset: 5, reason: 'history-trimmed' })
    await using({ folder }, async (broker) => {
      expect(await broker.read(CHANNEL, ALL, few)).toEqual(before)
      expect(keysOf(before)).toEqual([
        ['a', 4, 'a'],
        ['d', 5, 'd'],
        ['c', 6, null],
      ])
      expect(before.publications.at(-1)).toMatchObject({ id: 'x', from: { session: 's' }, removed: true })
      expect(await broker.append(CHANNEL, value('c', 1, { expect: 0 }), few)).toMatchObject({ offset: 7 })
      expect(await broker.append(CHANNEL, value('a', 1, { expect: 4 }), few)).toMatchObject({ offset: 8 })
    })
    expect(await tables(folder)).toEqual({ offsets: [5, 7, 8], keys: 3, left: 0 })
  })

  it('writes once what changes many times in one transaction, and each change sees the one before', async () => {
    const folder = folders.make()
    const heard: number[] = []
    const listener = {
      ...nobody,
      publication: (_c: string, _e: string, p: { offset: number }) => void heard.push(p.offset),
    }
    const broker = await started({ folder }, listener)
    await broker.join(CHANNEL)
    await broker.append(CHANNEL, value('a', 0), STATE)
    const flushes = broker.stats.flushes
    const all = await Promise.all(
      Array.from({ length: 500 }, (_, n) =>
        broker.append(CHANNEL, value('a', n + 1, { expect: n + 1 }), STATE),
      ),
    )
    expect(broker.stats.flushes - flushes).toBe(1)
    expect(all.map(({ offset, skipped }) => [offset, skipped])).toEqual(
      Array.from({ length: 500 }, (_, n) => [n + 2, undefined]),
    )
    expect(heard.length).toBe(501)
    expect(keysOf(await broker.read(CHANNEL, ALL, STATE))).toEqual([['a', 501, 500]])
    await broker.close()
    expect(await tables(folder)).toEqual({ offsets: [501], keys: 1, left: 0 })
  })

  it('[B15] of those that expect the same, in one transaction or in several, one is stored', async () => {
    const broker = await started({ folder: folders.make() })
    for (let round = 0, offset = 0; round < 20; round++) {
      const race = Array.from({ length: 30 }, async (_, n) => {
        for (let turn = 0; turn < n % 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
        return broker.append(CHANNEL, value('a', n, { expect: offset }), STATE)
      })
      const stored = (await Promise.all(race)).filter(({ skipped }) => skipped === undefined)
      expect(stored.length).toBe(1)
      offset = stored[0]?.offset ?? 0
    }
    await broker.close()
  })

  it('tells every key from every other, whatever is in it', async () => {
    const folder = folders.make()
    const keys = [
      ...['', ' ', '\0', '\0\0', 'a', 'a\0', 'a\0b', 'a\nb', '\u0004\0', '\u00fc', 'u\u0308', '漢', '😀'],
      // Halves of what is one character, which UTF-8 cannot tell apart; and texts that LMDB writes alike.
      ...['\ud83d', '\ude00', '\0'.repeat(63), '\u0004\0'.repeat(63), '\0'.repeat(255)],
      ...['x'.repeat(255), `${'x'.repeat(254)}y`, '😀'.repeat(255), '漢'.repeat(255), '\uffff'.repeat(900)],
      ...['__proto__', '[1,"a"]', '"'],
    ]
    const expected = keys.map((key, index) => [key, keys.length + index + 1, key])
    await using({ folder }, async (broker) => {
      for (const key of keys) await broker.append(CHANNEL, value(key, 'old', { expect: 0 }), STATE)
      await Promise.all(keys.map((key) => broker.append(CHANNEL, value(key, key), STATE)))
      expect(keysOf(await broker.read(CHANNEL, ALL, STATE))).toEqual(expected)
      expect(() => broker.append(CHANNEL, value('x'.repeat(901), 0), STATE)).toThrow(
        'has 900 characters at most',
      )
    })
    await using({ folder }, async (broker) => {
      expect(keysOf(await broker.read(CHANNEL, ALL, STATE))).toEqual(expected)
      for (const [index, key] of keys.entries()) {
        const wrong = await broker.append(CHANNEL, value(key, 'new', { expect: 0 }), STATE)
        expect(wrong).toMatchObject({ offset: keys.length + index + 1, skipped: 'conflict' })
      }
      await Promise.all(keys.map((key) => broker.append(CHANNEL, value(key, null, { removed: true }), STATE)))
      for (const key of keys)
        expect((await broker.append(CHANNEL, value(key, 'back', { expect: 0 }), STATE)).skipped).toBe(
          undefined,
        )
    })
    expect((await tables(folder)).keys).toBe(keys.length)
  })

  it('keeps values of the other codecs', async () => {
    const folder = folders.make()
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await using({ folder }, async (broker) => {
      await broker.append(CHANNEL, { key: 'ü', data: { codec: 'raw', bytes } }, STATE)
      await broker.append(CHANNEL, { key: 'b', data: { codec: 'msgpack', bytes: new Uint8Array() } }, STATE)
    })
    const { publications } = await using({ folder }, (broker) => broker.read(CHANNEL, ALL, STATE))
    expect(publications.map(({ key, data }) => [key, data])).toEqual([
      ['ü', { codec: 'raw', bytes }],
      ['b', { codec: 'msgpack', bytes: new Uint8Array() }],
    ])
  })

  it('[B3] a reader sees a whole state at any moment, while transactions supersede and trim', async () => {
    const broker = await started({ folder: folders.make() })
    const few = { ...STATE, size: 40 }
    // Rounds write keys 0 to 39 in order, so that a state is whole when it has those of two rounds that fit together.
    for (let n = 0; n < 40; n++) await broker.append(CHANNEL, value(`${n}`, 0), few)
    let [isOver, reads, last] = [false, 0, 0]
    const reading = (async () => {
      for (; !isOver; reads++) {
        const { head, publications } = await broker.read(CHANNEL, ALL, few)
        expect(head.offset).toBeGreaterThanOrEqual(last)
        last = head.offset
        expect(publications.map(({ offset }) => offset)).toEqual(
          Array.from({ length: 40 }, (_, n) => head.offset - 39 + n),
        )
        expect(new Set(publications.map(({ key }) => key)).size).toBe(40)
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    })()
    for (let round = 1; round <= 60; round++) {
      const some = Array.from({ length: 40 }, (_, n) => n)
      if (round % 2 === 0)
        for (const n of some.slice(0, 7)) await broker.append(CHANNEL, value(`${n}`, round), few)
      const rest = round % 2 === 0 ? some.slice(7) : some
      await Promise.all(rest.map((n) => broker.append(CHANNEL, value(`${n}`, round), few)))
    }
    isOver = true
    await reading
    expect(reads).toBeGreaterThan(60)
    await broker.close()
  })

  it('lets go of more than one transaction may remove, a part at a time, and shows none of it meanwhile', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    const many = { ...STATE, size: 10_000, ttl: 60_000 }
    const broker = await started({ folder, clock, forgetAfter: 1e9 })
    await Promise.all(Array.from({ length: 5_000 }, (_, n) => broker.append(CHANNEL, value(`${n}`, n), many)))
    clock.stall(50_000)
    await broker.append(CHANNEL, value('late', 0), many)
    clock.stall(10_001)
    const shown = await broker.read(CHANNEL, ALL, many)
    expect([keysOf(shown), shown.floor]).toEqual([
      [['late', 5_001, 0]],
      { offset: 5_001, reason: 'history-expired' },
    ])
    // What is past its time is no value, though it is still on disk.
    expect(await broker.append(CHANNEL, value('4999', 0, { expect: 5_000 }), many)).toMatchObject({
      skipped: 'conflict',
      offset: 0,
    })
    await broker.append(CHANNEL, value('4998', 'new', { expect: 0 }), many)
    expect((await broker.read(CHANNEL, { before: 5_002, limit: 9 }, many)).more).toBe(false)
    const before = broker.stats.flushes
    await clock.advance(10_000)
    await turnsUntil(() => broker.stats.flushes - before >= 3)
    await broker.close()
    expect(await tables(folder)).toEqual({ offsets: [5_001, 5_002], keys: 2, left: 0 })
  })

  it('[B7] is forgotten when it is empty and nobody uses it, and leaves nothing on disk', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    const broker = await started({ folder, clock, forgetAfter: 20_000, dedupeWindow: 1_000 })
    const short = { ...STATE, ttl: 5_000 }
    const { epoch } = await broker.append(CHANNEL, value('a', 1, { id: 'x' }), short)
    await turnsUntil(async () => {
      await clock.advance(5_000)
      return (await broker.heads([{ channel: CHANNEL, position: { epoch: '', offset: 0 } }]))[0]?.offset === 0
    })
    const { head } = await broker.read(CHANNEL, ALL, short)
    expect(head.epoch).not.toBe(epoch)
    expect(await broker.append(CHANNEL, value('a', 1, { expect: 0 }), short)).toEqual({ ...head, offset: 1 })
    await turnsUntil(() => clock.pending === 2)
    await broker.close()
    expect(await tables(folder)).toEqual({ offsets: [1], keys: 1, left: 0 })
  })

  it('[B6] lets go of its keys and of its ids, each when it is time, and is whole after a restart', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    const short = { ...STATE, ttl: 5_000 }
    const broker = await started({ folder, clock, dedupeWindow: 15_000 })
    const position = await broker.append(CHANNEL, value('a', 1, { id: 'x' }), short)
    for (const sweep of [1, 2, 3]) {
      await turnsUntil(() => clock.pending === 2)
      const before = broker.stats.flushes
      await clock.advance(10_000)
      // First the key goes, then the id; then there is nothing to do.
      await turnsUntil(() => clock.pending === 2)
      expect(broker.stats.flushes - before).toBe(sweep < 3 ? 1 : 0)
    }
    await broker.close()
    await using({ folder, clock }, async (again) => {
      expect(await again.read(CHANNEL, ALL, short)).toEqual({
        head: position,
        floor: { offset: 1, reason: 'history-expired' },
        publications: [],
        more: false,
      })
      expect((await again.append(CHANNEL, value('a', 1, { id: 'x', expect: 0 }), short)).offset).toBe(2)
    })
    expect(await tables(folder)).toEqual({ offsets: [2], keys: 1, left: 0 })
  })

  it('[B11] begins anew, empty, when it ends before what is known of it', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    const broker = await started({ folder, clock })
    const { epoch } = await broker.append(CHANNEL, value('a', 1, { id: 'x' }), STATE)
    const [head] = await broker.heads([{ channel: CHANNEL, position: { epoch, offset: 2 } }])
    expect([head?.offset, head?.epoch === epoch]).toEqual([0, false])
    expect((await broker.read(CHANNEL, ALL, STATE)).publications).toEqual([])
    expect((await broker.append(CHANNEL, value('a', 2, { expect: 0 }), STATE)).offset).toBe(1)
    const before = broker.stats.flushes
    await clock.advance(10_000)
    // One transaction removes what is left of the stream that ended.
    await turnsUntil(() => broker.stats.flushes > before && clock.pending === 2)
    await broker.close()
    expect(await tables(folder)).toEqual({ offsets: [1], keys: 1, left: 0 })
  })

  it('of a channel in memory is as in the broker in memory', async () => {
    const memory = { ...STATE, durability: 'memory' as const }
    await using({ folder: folders.make() }, async (broker) => {
      for (const key of ['a', 'b', 'a']) await broker.append('m:b', value(key, key), memory)
      expect(keysOf(await broker.read('m:b', ALL, memory))).toEqual([
        ['b', 2, 'b'],
        ['a', 3, 'a'],
      ])
      expect((await broker.append('m:b', value('a', 1, { expect: 1 }), memory)).skipped).toBe('conflict')
    })
  })
})

describe('[B14] the disk a state needs', () => {
  it('is that of its keys, however often they change', { timeout: 120_000 }, async () => {
    const folder = folders.make()
    const broker = await started({ folder, dedupeIds: 1_000 })
    for (let n = 0; n < 100_000; ) {
      const some = Array.from({ length: 50 }, () => value(`key-${n++ % 100}`, `${n} ${'x'.repeat(100)}`))
      await Promise.all(some.map((one) => broker.append(CHANNEL, one, STATE)))
    }
    expect((await broker.read(CHANNEL, ALL, STATE)).publications.length).toBe(100)
    await broker.close()
    const { size } = statSync(join(folder, 'data.mdb'))
    expect(size).toBeLessThan(1_000_000)
    const { offsets, keys } = await tables(folder)
    expect([offsets.length, offsets[0], keys]).toEqual([100, 99_901, 100])
  })
})

describe('a channel that is defined anew', () => {
  it('[B5] [B6] [B14] as a state, or no longer as one, lets go of what it kept, and says so', async () => {
    const folder = folders.make()
    const position = await using({ folder }, async (broker) => {
      for (const n of [1, 2]) await broker.append(CHANNEL, item(n), KEEP)
      return broker.append(CHANNEL, { ...item(3, 'x'), version: 7 }, KEEP)
    })
    const floor = { offset: 3, reason: 'history-trimmed' }
    await using({ folder }, async (broker) => {
      const nothing = { head: position, floor, publications: [], more: false }
      expect(await broker.read(CHANNEL, ALL, STATE)).toEqual(nothing)
      // Nobody has published otherwise yet, so nothing is gone yet.
      expect((await broker.read(CHANNEL, ALL, KEEP)).publications.length).toBe(3)
      const again = await broker.append(CHANNEL, value('a', 3, { id: 'x' }), STATE)
      expect(again).toEqual({ ...position, skipped: 'duplicate' })
      expect((await broker.append(CHANNEL, value('a', 3, { version: 7 }), STATE)).skipped).toBe('stale')
      expect(await broker.append(CHANNEL, value('a', 4, { expect: 0 }), STATE)).toEqual({
        ...position,
        offset: 4,
      })
      const after = await broker.read(CHANNEL, ALL, STATE)
      expect([keysOf(after), after.floor]).toEqual([[['a', 4, 4]], floor])
      expect((await broker.append(CHANNEL, value('b', 3, { id: 'x' }), STATE)).skipped).toBe('duplicate')
    })
    await using({ folder, clock: new FakeClock() }, async (broker) => {
      expect((await broker.append(CHANNEL, value('b', 3, { id: 'x' }), STATE)).skipped).toBe('duplicate')
      expect((await broker.append(CHANNEL, item(5), KEEP)).offset).toBe(5)
      const slice = await broker.read(CHANNEL, { since: position, limit: 9 }, KEEP)
      expect(slice.publications.map(({ offset }) => offset)).toEqual([5])
      expect(slice.floor).toEqual({ offset: 4, reason: 'history-trimmed' })
      expect((await broker.append(CHANNEL, item(3, 'x'), KEEP)).skipped).toBe('duplicate')
    })
  })

  it('leaves nothing of what it was on disk', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    const broker = await started({ folder, clock })
    await Promise.all(Array.from({ length: 50 }, (_, n) => broker.append(CHANNEL, item(n, `${n}`), KEEP)))
    await Promise.all([
      broker.append(CHANNEL, value('a', 1), STATE),
      broker.append(CHANNEL, item('between'), KEEP),
      broker.append(CHANNEL, value('a', 2), STATE),
    ])
    expect(keysOf(await broker.read(CHANNEL, ALL, STATE))).toEqual([['a', 53, 2]])
    await clock.advance(10_000)
    await turnsUntil(() => clock.pending === 2)
    await broker.close()
    expect(await tables(folder)).toEqual({ offsets: [53], keys: 1, left: 0 })
  })
})

describe('the format of a folder', () => {
  const formats = async (folder: string): Promise<unknown> => {
    const store = await Store.open(folder, 'quick')
    const fact = store.fact('format')
    await store.close()
    return [fact, JSON.parse(readFileSync(join(folder, 'store.json'), 'utf8')).format]
  }

  it('is another once a state is in it, so that an older version says that it cannot read it', async () => {
    const folder = folders.make()
    await using({ folder }, async (broker) => {
      await broker.append('a:plain', item(1), KEEP)
    })
    expect(await formats(folder)).toEqual([FORMATS.first, FORMATS.first])
    await using({ folder }, async (broker) => {
      await broker.append(CHANNEL, value('a', 1), STATE)
    })
    // The older version looks at both. The one in the tables changes with the transaction that stores the state.
    expect(await formats(folder)).toEqual([FORMATS.latest, FORMATS.first])
    await using({ folder }, async (broker) => {
      expect((await broker.read('a:plain', ALL, KEEP)).publications.length).toBe(1)
    })
    expect(await formats(folder)).toEqual([FORMATS.latest, FORMATS.latest])
    const copy = folders.make()
    mkdirSync(copy)
    await using({ folder }, (broker) => broker.backup(join(copy, 'data.mdb')))
    await using({ folder: copy }, async (broker) => {
      expect((await broker.read(CHANNEL, ALL, STATE)).publications.length).toBe(1)
    })
    expect(await formats(copy)).toEqual([FORMATS.latest, FORMATS.latest])
  })
})

const KEYS = ['a', 'b', 'c', 'd', 'e']
type Step =
  | { readonly do: 'append'; readonly appends: readonly Change[]; readonly together: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart' }
  | { readonly do: 'since' | 'before'; readonly offset: number; readonly limit: number }

interface Change {
  readonly key: string
  readonly removed: boolean
  readonly id: number
  readonly expect: number | undefined
}

/** A broker on disk and one in memory, told the same. */
class Both {
  readonly #clock = new FakeClock()
  readonly #folder = folders.make()
  readonly #keep: StreamOptions
  readonly #memory: MemoryBroker
  readonly #seen: { readonly keys: ReadonlySet<string>; readonly offset: number }[] = []
  #broker: LmdbBroker | undefined
  #count = 0
  #waited = false

  constructor(size: number) {
    this.#keep = { size, ttl: 30_000, latest: true }
    this.#memory = new MemoryBroker({ clock: this.#clock, epoch: 'e', forgetAfter: 1e9 })
  }

  async run(steps: readonly Step[]): Promise<void> {
    try {
      for (const step of steps) await this.#run(step)
    } finally {
      await this.#broker?.close()
    }
  }

  async #run(step: Step): Promise<void> {
    if (step.do === 'wait') return this.#wait(step.ms)
    if (step.do === 'append') return this.#append(step)
    if (step.do !== 'restart') return this.#compare(step)
    await this.#broker?.close()
    this.#broker = undefined
  }

  /** Sweeps run on the way. */
  async #wait(time: number): Promise<void> {
    this.#waited = true
    if (this.#broker !== undefined) await turnsUntil(() => this.#clock.pending === 2)
    await this.#clock.advance(time)
  }

  async #open(): Promise<LmdbBroker> {
    this.#broker ??= await started({ folder: this.#folder, clock: this.#clock, forgetAfter: 1e9 })
    return this.#broker
  }

  async #append({ appends, together }: Extract<Step, { do: 'append' }>): Promise<void> {
    const broker = await this.#open()
    const results: unknown[] = []
    for (const { key, removed, id, expect } of appends) {
      const one = value(key, this.#count++, {
        ...(removed ? { removed } : {}),
        ...(id < 3 ? { id: `${id}` } : {}),
        ...(expect === undefined ? {} : { expect }),
      })
      const { offset, skipped } = this.#memory.append(CHANNEL, one, this.#keep)
      const result = broker.append(CHANNEL, one, this.#keep)
      results.push(Promise.resolve(result).then((done) => [done.offset, done.skipped, offset, skipped]))
      if (!together) await result
    }
    for (const result of await Promise.all(results)) {
      const [offset, skipped, ...expected] = result as unknown[]
      expect([offset, skipped]).toEqual(expected)
    }
  }

  async #compare({ do: what, offset, limit }: Extract<Step, { offset: number }>): Promise<void> {
    const broker = await this.#open()
    const read = async (of: LmdbBroker | MemoryBroker): Promise<StreamSlice> => {
      const { epoch } = (await of.read(CHANNEL, { before: 1, limit: 1 }, this.#keep)).head
      const range = what === 'since' ? { since: { epoch, offset }, limit } : { before: offset, limit }
      return of.read(CHANNEL, range, this.#keep)
    }
    const [slice, expected] = await Promise.all([read(broker), read(this.#memory)])
    expect([slice.publications, slice.more, slice.head.offset]).toEqual([
      expected.publications,
      expected.more,
      expected.head.offset,
    ])
    // When one is let go of for its time depends on when somebody looks, and so does the floor.
    if (!this.#waited) expect(slice.floor).toEqual(expected.floor)
    await this.#compareFloor(broker)
  }

  /** Who knows of a key that is gone is at or before the floor. */
  async #compareFloor(broker: LmdbBroker): Promise<void> {
    const { head, floor, publications } = await broker.read(CHANNEL, ALL, this.#keep)
    const keys = new Set(publications.map(({ key = '' }) => key))
    expect(floor?.offset ?? 0).toBeLessThanOrEqual(head.offset)
    for (const before of this.#seen)
      if ([...before.keys].some((key) => !keys.has(key)))
        expect(floor?.offset ?? 0).toBeGreaterThanOrEqual(before.offset)
    this.#seen.push({ keys, offset: head.offset })
  }
}

describe('[B14] [B15] a state on disk', () => {
  it('equals one in memory under any sequence of appends, time, reads and restarts', {
    timeout: 60_000,
  }, async () => {
    const change = fc.record({
      key: fc.constantFrom(...KEYS),
      removed: fc.boolean(),
      id: fc.nat(20),
      expect: fc.option(fc.nat(40), { nil: undefined }),
    })
    const step = fc.oneof(
      fc.record({
        do: fc.constant('append' as const),
        appends: fc.array(change, { maxLength: 20 }),
        together: fc.boolean(),
      }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 21_000 }) }),
      fc.record({ do: fc.constant('restart' as const) }),
      fc.record({ do: fc.constant('since' as const), offset: fc.nat(60), limit: fc.nat(6) }),
      fc.record({ do: fc.constant('before' as const), offset: fc.nat(60), limit: fc.nat(6) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(6), fc.array(step, { maxLength: 15, size: 'max' }), (size, steps) =>
        new Both(size).run(steps),
      ),
      { numRuns: 60 },
    )
  })
})
