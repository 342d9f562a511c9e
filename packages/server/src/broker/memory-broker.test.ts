import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BrokerListener } from '../hub/index.js'
import { brokerContract, FakeClock, settle } from '../testing/index.js'
import { MemoryBroker } from './index.js'

const nobody: BrokerListener = {
  publication: () => {},
  ephemeral: () => {},
  presence: () => {},
  interrupted: () => {},
}
const text = (value: string) => ({ data: { codec: 'json' as const, text: value } })

interface Entry {
  readonly offset: number
  readonly time: number
}
interface Read {
  readonly offset: number
  readonly limit: number
}
interface Expected {
  readonly offsets: readonly number[]
  readonly more: boolean
}

/** The model: what a list would answer. */
function since({ offset, limit }: Read, kept: readonly Entry[], head: number): Expected {
  const matching = kept.filter((entry) => offset > head || entry.offset > offset).map((entry) => entry.offset)
  return { offsets: matching.slice(0, limit), more: matching.length > limit }
}
function before({ offset, limit }: Read, kept: readonly Entry[]): Expected {
  const matching = kept.filter((entry) => entry.offset < offset).map((entry) => entry.offset)
  return { offsets: matching.slice(Math.max(0, matching.length - limit)), more: matching.length > limit }
}

type Step =
  | { readonly do: 'append'; readonly count: number }
  | { readonly do: 'wait'; readonly ms: number }
  | ({ readonly do: 'since' | 'before' } & Read)

/** A broker and its model, told the same. */
class Both {
  readonly #clock = new FakeClock()
  readonly #broker = new MemoryBroker({ clock: this.#clock, epoch: 'e' })
  readonly #keep: { readonly size: number; readonly ttl: number }
  readonly #all: Entry[] = []

  constructor(size: number) {
    this.#keep = { size, ttl: 1_000 }
  }

  async run(step: Step): Promise<void> {
    if (step.do === 'wait') this.#clock.stall(step.ms)
    else if (step.do === 'append') for (let i = 0; i < step.count; i++) this.#append()
    else await this.#compare(step)
  }

  #append(): void {
    this.#all.push({ offset: this.#all.length + 1, time: this.#clock.now() })
    this.#broker.append('a:b', text('1'), this.#keep)
  }

  async #compare({ do: what, offset, limit }: Extract<Step, Read>): Promise<void> {
    const { size } = this.#keep
    const fresh = this.#clock.now() - 1_000
    const kept = this.#all.slice(Math.max(0, this.#all.length - size)).filter(({ time }) => time >= fresh)
    const asked = { offset, limit }
    const expected = what === 'since' ? since(asked, kept, this.#all.length) : before(asked, kept)
    const range = what === 'since' ? { since: { epoch: 'e', offset }, limit } : { before: offset, limit }
    const slice = await this.#broker.read('a:b', range, this.#keep)
    expect(slice.publications.map((publication) => publication.offset)).toEqual(expected.offsets)
    expect(slice.more).toBe(expected.more)
    expect(slice.head.offset).toBe(this.#all.length)
    expect(slice.floor?.offset ?? 0).toBe((kept[0]?.offset ?? this.#all.length + 1) - 1)
  }
}

describe('the in-memory broker', () => {
  brokerContract(
    async () => {
      const clock = new FakeClock()
      const broker = new MemoryBroker({ clock, epoch: 'e' })
      return { broker, advance: (ms) => clock.advance(ms), settle, close: () => broker.close() }
    },
    { it: (title, test) => it(title, test), equal: (actual, expected) => expect(actual).toEqual(expected) },
  )

  it('[B6] an id counts as new after the dedupe window', async () => {
    const clock = new FakeClock()
    const broker = new MemoryBroker({ clock, epoch: 'e', dedupeWindow: 1_000 })
    const keep = { size: 10, ttl: 60_000 }
    const first = await broker.append('a:b', { id: 'x', ...text('1') }, keep)
    clock.stall(1_126)
    const second = await broker.append('a:b', { id: 'x', ...text('2') }, keep)
    expect([first.offset, second.offset]).toEqual([1, 2])
    expect(await broker.append('a:b', { id: 'x', ...text('3') }, keep)).toEqual({
      ...second,
      skipped: 'duplicate',
    })
  })

  it('[B7] a forgotten stream comes back under another epoch', async () => {
    const clock = new FakeClock()
    const broker = new MemoryBroker({ clock, epoch: 'e', forgetAfter: 20_000, dedupeWindow: 1_000 })
    await broker.start(nobody)
    const keep = { size: 10, ttl: 5_000 }
    const before = await broker.append('a:b', { id: 'x', ...text('1') }, keep)
    await clock.advance(60_000)
    const head = (await broker.read('a:b', { before: 9, limit: 9 }, keep)).head
    expect(head.offset).toBe(0)
    const after = await broker.append('a:b', text('2'), keep)
    expect(after.offset).toBe(1)
    expect(after.epoch).not.toBe(before.epoch)
    expect(head.epoch).toBe(after.epoch)
    await broker.close()
    expect(clock.pending).toBe(0)
  })

  it('reads the same of all channels that nobody has published to, whose readers keep it', async () => {
    const broker = new MemoryBroker({ clock: new FakeClock(), epoch: 'e' })
    const keep = { size: 10, ttl: 5_000 }
    const [one, other] = await Promise.all(
      ['a:b', 'a:c'].map((name) => broker.read(name, { before: 9, limit: 9 }, keep)),
    )
    expect(one).toEqual({ head: { epoch: 'e', offset: 0 }, publications: [], more: false })
    expect(other).toBe(one)
  })

  it('[B7] a joined stream is not forgotten', async () => {
    const clock = new FakeClock()
    const broker = new MemoryBroker({ clock, epoch: 'e', forgetAfter: 20_000 })
    await broker.start(nobody)
    await broker.join('a:b')
    await broker.append('a:b', text('1'), { size: 1, ttl: 1_000 })
    await clock.advance(600_000)
    expect((await broker.read('a:b', { before: 9, limit: 9 }, { size: 1, ttl: 1_000 })).head.offset).toBe(1)
  })

  it('[B3] [B4] [B5] a stream equals a list under any sequence of appends, time and reads', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 200 }) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 700 }) }),
      fc.record({ do: fc.constant('since' as const), offset: fc.nat(600), limit: fc.nat(300) }),
      fc.record({ do: fc.constant('before' as const), offset: fc.nat(600), limit: fc.nat(300) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 150 }),
        fc.array(step, { maxLength: 20, size: 'max' }),
        async (size, steps) => {
          const both = new Both(size)
          for (const one of steps) await both.run(one)
        },
      ),
      { numRuns: 150 },
    )
  })
})
