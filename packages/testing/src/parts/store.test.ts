/** The simulation's store, where it keeps the newest publication of each key. */
import { MemoryBroker, type NewPublication, type StreamOptions } from '@millrace/server'
import type { StreamSlice } from '@millrace/server/hub'
import { FakeClock } from '@millrace/server/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Store } from './store.js'

const KEEP = { size: 10, ttl: 30_000, latest: true }
const EVERYTHING = { since: { epoch: '', offset: 0 }, limit: 99 }
const value = (key: string, what: unknown, more: Partial<NewPublication> = {}): NewPublication => ({
  key,
  data: { codec: 'json', text: JSON.stringify(what) },
  ...more,
})
const shown = ({ publications }: StreamSlice): unknown =>
  publications.map(({ key, offset, prev = offset - 1 }) => [key, offset, prev])

interface Change {
  readonly key: string
  readonly removed: boolean
  readonly id: number
  readonly expected: number | undefined
}

/** The store and the reference, told the same. */
class Both {
  readonly #clock = new FakeClock()
  readonly #store = new Store(() => this.#clock.now())
  readonly #keep: StreamOptions
  readonly #memory: MemoryBroker
  readonly #epoch: string
  readonly #seen: { readonly keys: ReadonlySet<string>; readonly offset: number }[] = []
  #waited = false
  #count = 0

  constructor(size: number) {
    this.#keep = { ...KEEP, size }
    this.#epoch = this.#store.read('a:b', EVERYTHING, this.#keep).head.epoch
    this.#memory = new MemoryBroker({ clock: this.#clock, epoch: this.#epoch, dedupeWindow: 1e9 })
  }

  wait(milliseconds: number): void {
    this.#waited = true
    this.#clock.stall(milliseconds)
  }

  append({ key, removed, id, expected }: Change): void {
    const publication = value(key, this.#count++, {
      ...(removed ? { removed } : {}),
      ...(id < 3 ? { id: `${id}` } : {}),
      expect: expected,
    })
    const { appended } = this.#store.append('a:b', publication, this.#keep)
    expect(appended).toEqual(this.#memory.append('a:b', publication, this.#keep))
  }

  async compare({ offset, limit, since }: { offset: number; limit: number; since: boolean }): Promise<void> {
    const range = since ? { since: { epoch: this.#epoch, offset }, limit } : { before: offset, limit }
    const { floor, ...slice } = this.#store.read('a:b', range, this.#keep)
    const { floor: other, ...expected } = await this.#memory.read('a:b', range, this.#keep)
    expect(slice).toEqual(expected)
    // When one is let go of for its time depends on when somebody looks, and so does the floor.
    if (!this.#waited) expect(floor).toEqual(other)
    const all = this.#store.read('a:b', EVERYTHING, this.#keep)
    const keys = new Set(all.publications.map(({ key = '' }) => key))
    // Who knows of a key that is gone is at or before the floor.
    for (const before of this.#seen)
      if ([...before.keys].some((key) => !keys.has(key)))
        expect(all.floor?.offset ?? 0).toBeGreaterThanOrEqual(before.offset)
    this.#seen.push({ keys, offset: all.head.offset })
  }
}

describe('[B14] [B15] the store of the simulation', () => {
  it('has the values of its backup when it is set back, but for what it had let go by then', () => {
    const store = new Store(() => 0)
    for (const key of ['a', 'b', 'a', 'c', 'b']) store.append('a:b', value(key, key), KEEP)
    store.rollBack('a:b', 2)
    expect(shown(store.read('a:b', EVERYTHING, KEEP))).toEqual([
      ['b', 2, 0],
      ['a', 3, 2],
    ])
    expect(store.append('a:b', value('b', 1, { expect: 5 }), KEEP).appended.skipped).toBe('conflict')
    expect(store.append('a:b', value('b', 1, { expect: 2 }), KEEP).appended.offset).toBe(4)
    store.append('a:b', value('c', 1), { ...KEEP, size: 2 })
    store.append('a:b', value('c', 2), KEEP)
    store.rollBack('a:b', 99)
    const slice = store.read('a:b', EVERYTHING, KEEP)
    expect([shown(slice), slice.floor]).toEqual([
      [
        ['b', 4, 0],
        ['c', 5, 4],
      ],
      { offset: 5, reason: 'history-trimmed' },
    ])
  })

  it('equals the reference broker under any sequence of appends, time and reads', async () => {
    const change = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      removed: fc.boolean(),
      id: fc.nat(20),
      expected: fc.option(fc.nat(40), { nil: undefined }),
    })
    const read = fc.record({ offset: fc.nat(60), limit: fc.nat(6), since: fc.boolean() })
    const step = fc.oneof(change, change, change, read, fc.integer({ min: 0, max: 12_000 }))
    await fc.assert(
      fc.asyncProperty(fc.nat(6), fc.array(step, { maxLength: 80, size: 'max' }), async (size, steps) => {
        const both = new Both(size)
        for (const one of steps) {
          if (typeof one === 'number') both.wait(one)
          else if ('key' in one) both.append(one)
          else await both.compare(one)
        }
      }),
      { numRuns: 200 },
    )
  })
})
