import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FakeClock } from '@millrace/server/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { ALL, Folders, item, KEEP, nobody, started, turnsUntil, using } from '../test/support.js'
import type { LmdbBroker } from './index.js'
import { Store } from './store.js'

const folders = new Folders()
afterAll(() => folders.remove())

/** The sweep in memory always waits for its time; the one on disk does when its last step is over. */
const sweepOver = (clock: FakeClock): Promise<void> => turnsUntil(() => clock.pending === 2)

describe('a restart', () => {
  it('[B1] [B4] keeps publications with all that belongs to them', async () => {
    const folder = folders.make()
    const publications = [
      item({ text: 'plain ü 漢 😀' }),
      { ...item(2, 'id-2'), from: { session: 's', user: 'ü' }, exclude: 's' },
      { from: { session: 's' }, data: { codec: 'raw' as const, bytes: new Uint8Array([0, 255, 1]) } },
      { id: '', data: { codec: 'msgpack' as const, bytes: new Uint8Array() } },
      { data: { codec: 'json' as const, text: `"${'long '.repeat(50_000)}"` } },
    ]
    const before = await using({ folder }, async (broker) => {
      for (const publication of publications) await broker.append('a:b', publication, KEEP)
      return broker.read('a:b', ALL, KEEP)
    })
    const after = await using({ folder }, (broker) => broker.read('a:b', ALL, KEEP))
    expect(after).toEqual(before)
    expect(after.publications).toEqual(
      publications.map((publication, index) => ({ ...publication, offset: index + 1, time: 1_000_000 })),
    )
  })

  it('[B12] keeps who was present, until it is clear that they do not come back', async () => {
    const folder = folders.make()
    const data = [
      { codec: 'json' as const, text: '{"name":"ü"}' },
      { codec: 'msgpack' as const, bytes: Buffer.from([0, 255, 1]) },
    ]
    const members = data.map((one, index) => ({ session: `s-${index}`, user: 'ü', since: index, data: one }))
    await using({ folder }, async (broker) => {
      for (const member of members) await broker.enter('a:b', { ...member, generation: 3 })
      await broker.enter('a:b', {
        ...members[0],
        session: 'gone',
        since: 9,
        data: data[0] ?? { codec: 'json', text: '0' },
      })
      await broker.depart('a:b', 'gone')
      await broker.enter('@nodes', { session: 'node', since: 1, data: { codec: 'json', text: '{}' } })
    })
    const clock = new FakeClock()
    const told: string[] = []
    const listener = {
      ...nobody,
      presence: (_: string, change: string, { session }: { session: string }) =>
        void told.push(`${change} ${session}`),
    }
    const broker = await started({ folder, clock }, listener)
    await broker.join('a:b')
    expect(await broker.members('a:b')).toEqual(members)
    expect(await broker.members('@nodes')).toEqual([])
    // The one comes back by a later connection, the other does not.
    await broker.enter('a:b', {
      ...(members[0] ?? { session: '', since: 0, data: { codec: 'json', text: '0' } }),
      generation: 4,
    })
    await clock.advance(11_000)
    expect(told).toEqual([])
    await clock.advance(1_000)
    expect(told).toEqual(['departed s-1'])
    await broker.close()
    await using({ folder }, async (again) => expect(await again.members('a:b')).toEqual(members.slice(0, 1)))
  })

  it('[B13] keeps the secret', async () => {
    const folder = folders.make()
    const secret = await using({ folder }, (broker) => broker.secret('one'))
    expect(secret).toBe('one')
    expect(await using({ folder }, (broker) => broker.secret('two'))).toBe('one')
  })

  it('[B5] [B7] keeps epoch, head, floor and its reason', async () => {
    const folder = folders.make()
    const keep = { size: 2, ttl: 60_000 }
    const before = await using({ folder }, async (broker) => {
      for (const n of [1, 2, 3, 4, 5]) await broker.append('a:b', item(n), keep)
      return broker.read('a:b', ALL, keep)
    })
    await using({ folder }, async (broker) => {
      expect(await broker.read('a:b', ALL, keep)).toEqual(before)
      expect(before.floor).toEqual({ offset: 3, reason: 'history-trimmed' })
      expect(await broker.append('a:b', item(6), keep)).toEqual({ epoch: before.head.epoch, offset: 6 })
    })
  })

  it('[B6] [B10] keeps ids, also of what was trimmed, and the version', async () => {
    const folder = folders.make()
    const keep = { size: 1, ttl: 60_000 }
    const first = await using({ folder }, async (broker) => {
      const position = await broker.append('a:b', { ...item(1, 'one'), version: 7 }, keep)
      await Promise.all([2, 3, 4].map((n) => broker.append('a:b', item(n, `id-${n}`), keep)))
      return position
    })
    await using({ folder }, async (broker) => {
      expect(await broker.append('a:b', item(1, 'one'), keep)).toEqual({ ...first, skipped: 'duplicate' })
      expect((await broker.append('a:b', item(3, 'id-3'), keep)).offset).toBe(3)
      expect((await broker.append('a:b', { ...item(9), version: 7 }, keep)).skipped).toBe('stale')
      expect((await broker.append('a:b', { ...item(9), version: 8 }, keep)).offset).toBe(5)
    })
  })

  it('[B6] forgets ids whose window ended while nobody was there', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    await using({ folder, clock }, (broker) => Promise.resolve(broker.append('a:b', item(1, 'x'), KEEP)))
    clock.stall(300_000)
    await using({ folder, clock }, async (broker) => {
      expect(await broker.append('a:b', item(1, 'x'), KEEP)).toMatchObject({ offset: 2 })
    })
  })

  it('[B5] lets go of what became too old while nobody was there', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    await using({ folder, clock }, (broker) => Promise.resolve(broker.append('a:b', item(1), KEEP)))
    clock.stall(60_001)
    await using({ folder, clock }, async (broker) => {
      const { publications, floor, head } = await broker.read('a:b', ALL, KEEP)
      expect([publications, floor, head.offset]).toEqual([[], { offset: 1, reason: 'history-expired' }, 1])
    })
  })

  it('[B7] loses what is kept in memory only, and says so by another epoch', async () => {
    const folder = folders.make()
    const keep = { ...KEEP, durability: 'memory' as const }
    const before = await using({ folder }, async (broker) => {
      await broker.append('a:b', item(1), { ...KEEP, durability: 'disk' })
      const position = await broker.append('m:b', item(1), keep)
      expect(await broker.heads([{ channel: 'm:b', position }])).toEqual([position])
      return position
    })
    await using({ folder }, async (broker) => {
      const { head, publications } = await broker.read('m:b', ALL, keep)
      expect([head.offset, publications]).toEqual([0, []])
      expect(head.epoch).not.toBe(before.epoch)
      expect((await broker.read('a:b', ALL, KEEP)).head.offset).toBe(1)
    })
  })

  it('[B7] a copy that was put back goes on in another epoch, with what it has', async () => {
    const [folder, other] = [folders.make(), folders.make()]
    mkdirSync(other)
    const old = await using({ folder }, async (broker) => {
      const { epoch } = await broker.append('a:b', item(1, 'x'), KEEP)
      await broker.backup(join(other, 'data.mdb'))
      await broker.append('a:b', item('only there'), KEEP)
      return epoch
    })
    const begun = await using({ folder: other }, async (broker) => {
      const { head, publications } = await broker.read('a:b', ALL, KEEP)
      expect(head.epoch).not.toBe(old)
      expect(publications.map(({ offset }) => offset)).toEqual([1])
      expect((await broker.append('a:b', item(1, 'x'), KEEP)).skipped).toBe('duplicate')
      return head.epoch
    })
    await using({ folder: other }, async (broker) =>
      expect((await broker.read('a:b', ALL, KEEP)).head.epoch).toBe(begun),
    )
    copyFileSync(join(folder, 'data.mdb'), join(other, 'data.mdb'))
    await using({ folder: other }, async (broker) =>
      expect([old, begun]).not.toContain((await broker.read('a:b', ALL, KEEP)).head.epoch),
    )
  })

  it('[B5] the disk it needs is bounded by what streams keep', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    const size = (): number => statSync(join(folder, 'data.mdb')).size
    const keep = { size: 50, ttl: 60_000 }
    const broker = await started({ folder, clock, dedupeWindow: 1_000 }, nobody)
    const round = async (): Promise<void> => {
      for (let n = 0; n < 40; n++) {
        clock.stall(100)
        const some = Array.from({ length: 50 }, () => item('x'.repeat(500), crypto.randomUUID()))
        await Promise.all(some.map((one) => broker.append('a:b', one, keep)))
      }
    }
    await round()
    const after = size()
    for (let n = 0; n < 5; n++) await round()
    expect(size()).toBeLessThanOrEqual(2 * after)
    await broker.close()
  })

  it('[B5] the sweep lets go in channels that nobody touches', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    const given = { folder, clock, dedupeWindow: 1_000, forgetAfter: 100_000_000 }
    await using(given, async (broker) => {
      await Promise.all(
        Array.from({ length: 600 }, (_, n) => broker.append(`a:${n}`, item(n, `id-${n}`), KEEP)),
      )
    })
    clock.stall(70_000)
    const broker = await started(given)
    const before = broker.stats.flushes
    await clock.advance(10_000)
    const begun = clock.now()
    await turnsUntil(async () => {
      await sweepOver(clock)
      await clock.advance(20)
      return broker.stats.flushes - before >= 3
    })
    // All of it is one sweep, not three.
    expect(clock.now() - begun).toBeLessThan(9_000)
    await broker.close()
    clock.stall(-65_000)
    // Nothing is left of them, even for a reader who would take what is old.
    await using(given, async (again) => {
      for (const n of [0, 299, 599])
        expect(await again.read(`a:${n}`, ALL, { size: 100, ttl: 1_000_000 })).toMatchObject({
          head: { offset: 1 },
          publications: [],
          floor: { offset: 1, reason: 'history-expired' },
        })
    })
  })
})

describe('a ttl', () => {
  it('[B5] ends for some publications of a stream in use, whether a sweep comes by or not', async () => {
    const clock = new FakeClock()
    const keep = { size: 100, ttl: 15_000 }
    const broker = await started({ folder: folders.make(), clock })
    await broker.append('a:b', item(1), keep)
    clock.stall(8_000)
    await broker.append('a:b', item(2), keep)
    for (const time of [2_000, 10_000]) {
      await sweepOver(clock)
      await clock.advance(time)
    }
    const during = await broker.read('a:b', ALL, keep)
    expect(during.publications.map(({ offset }) => offset)).toEqual([2])
    expect(during.floor).toEqual({ offset: 1, reason: 'history-expired' })
    await broker.close()
  })

  it('[B5] may be without end', async () => {
    const folder = folders.make()
    const keep = { size: Number.POSITIVE_INFINITY, ttl: Number.POSITIVE_INFINITY }
    await using({ folder }, (broker) => Promise.resolve(broker.append('a:b', item(1), keep)))
    await using({ folder }, async (broker) => {
      expect((await broker.append('a:b', item(2), keep)).offset).toBe(2)
      expect((await broker.read('a:b', ALL, keep)).publications.length).toBe(2)
    })
  })
})

describe('a stream that ended', () => {
  it('[B7] leaves nothing on disk', async () => {
    const folder = folders.make()
    const clock = new FakeClock()
    const broker = await started({ folder, clock })
    const { epoch } = await broker.append('a:b', item(1, 'x'), KEEP)
    await Promise.all(
      Array.from({ length: 5_000 }, (_, n) =>
        broker.append('a:b', item(n, `${n}`), { size: 5_000, ttl: 1e9 }),
      ),
    )
    await broker.heads([{ channel: 'a:b', position: { epoch, offset: 9_999 } }])
    const before = broker.stats.flushes
    await clock.advance(10_000)
    // 5,000 records go in three steps.
    await turnsUntil(() => broker.stats.flushes - before === 3)
    await broker.close()
    const store = await Store.open(folder, 'thorough')
    const left = [store.ended(9), store.entryOffsets(1, 9), store.idOffsets(1, 9), store.stream('a:b')]
    expect(left).toEqual([[], [], [], undefined])
    await store.close()
  })
})

interface Entry {
  readonly offset: number
  readonly time: number
}
type Step =
  | { readonly do: 'append'; readonly count: number; readonly together: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart' }
  | { readonly do: 'since' | 'before'; readonly offset: number; readonly limit: number }

const CHANNEL = 'a:b'

/** A broker on disk, and a list that is told the same. */
class Both {
  readonly #clock = new FakeClock()
  readonly #folder = folders.make()
  readonly #keep: { readonly size: number; readonly ttl: number }
  readonly #all: Entry[] = []
  #broker: LmdbBroker | undefined
  #epoch: string | undefined

  constructor(size: number) {
    this.#keep = { size, ttl: 30_000 }
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
    if (step.do === 'append') return this.#append(step.count, step.together)
    if (step.do !== 'restart') return this.#compare(step)
    await this.#broker?.close()
    this.#broker = undefined
  }

  /** Sweeps run on the way. */
  async #wait(time: number): Promise<void> {
    if (this.#broker !== undefined) await sweepOver(this.#clock)
    await this.#clock.advance(time)
  }

  async #open(): Promise<LmdbBroker> {
    this.#broker ??= await started({ folder: this.#folder, clock: this.#clock })
    return this.#broker
  }

  async #append(count: number, together: boolean): Promise<void> {
    const broker = await this.#open()
    const appends: unknown[] = []
    for (let n = 0; n < count; n++) {
      this.#all.push({ offset: this.#all.length + 1, time: this.#clock.now() })
      const append = broker.append(CHANNEL, item(this.#all.length), this.#keep)
      appends.push(append)
      if (!together) await append
    }
    await Promise.all(appends)
  }

  async #compare({ do: what, offset, limit }: Extract<Step, { offset: number }>): Promise<void> {
    const broker = await this.#open()
    const { head: at } = await broker.read(CHANNEL, { before: 1, limit: 1 }, this.#keep)
    if (this.#all.length > 0) this.#epoch ??= at.epoch
    const kept = this.#all
      .slice(Math.max(0, this.#all.length - this.#keep.size))
      .filter(({ time }) => time >= this.#clock.now() - this.#keep.ttl)
      .map((entry) => entry.offset)
    const since = { since: { epoch: at.epoch, offset }, limit }
    const slice = await broker.read(CHANNEL, what === 'since' ? since : { before: offset, limit }, this.#keep)
    const after = (one: number): boolean => offset > this.#all.length || one > offset
    const matching = kept.filter((one) => (what === 'since' ? after(one) : one < offset))
    const expected = what === 'since' ? matching.slice(0, limit) : matching.slice(-limit || matching.length)
    expect(slice.publications.map((one) => one.offset)).toEqual(expected)
    expect(slice.publications.map(({ data }) => ('text' in data ? data.text : ''))).toEqual(
      expected.map(String),
    )
    expect(slice.more).toBe(matching.length > limit)
    expect(slice.head.offset).toBe(this.#all.length)
    expect(slice.floor?.offset ?? 0).toBe((kept[0] ?? this.#all.length + 1) - 1)
    if (this.#epoch !== undefined) expect(slice.head.epoch).toBe(this.#epoch)
  }
}

describe('a stream on disk', () => {
  it('[B3] [B4] [B5] [B7] equals a list under any sequence of appends, time, reads and restarts', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('append' as const),
        count: fc.integer({ min: 1, max: 100 }),
        together: fc.boolean(),
      }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 21_000 }) }),
      fc.record({ do: fc.constant('restart' as const) }),
      fc.record({ do: fc.constant('since' as const), offset: fc.nat(400), limit: fc.nat(200) }),
      fc.record({ do: fc.constant('before' as const), offset: fc.nat(400), limit: fc.nat(200) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 150 }),
        fc.array(step, { maxLength: 15, size: 'max' }),
        (size, steps) => new Both(size).run(steps),
      ),
      { numRuns: 25 },
    )
  })
})
