import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeClock, settle } from '../../testing/index.js'
import type { Cluster } from '../cluster/cluster.js'
import { Occupancy } from './occupancy.js'

type Port = Pick<Cluster, 'node' | 'nodes' | 'ask' | 'askAll' | 'answer'>
type Answerer = (asked: never) => unknown

const CHANNEL = 'chat:lobby'
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Nodes whose messages take as long as a test says, each its own time, so that they overtake one another. */
class Nodes {
  readonly clock = new FakeClock()
  readonly told: { readonly what: string; readonly at: number }[] = []
  readonly #answerers = new Map<string, Map<string, Answerer>>()
  readonly #nodes = new Map<string, { readonly occupancy: Occupancy; count: number }>()
  readonly #delays: readonly number[]
  #sent = 0

  constructor(delays: readonly number[]) {
    this.#delays = delays
  }

  start(node: string, skew: number): void {
    const { clock } = this
    this.#answerers.set(node, new Map())
    const tell = (what: string) => (_channel: string, at: number) => void this.told.push({ what, at })
    const occupancy = new Occupancy({
      cluster: this.#portOf(node),
      clock: { now: () => clock.now() + skew, schedule: (delay, task) => clock.schedule(delay, task) },
      logger: quiet,
      events: { covers: () => true, occupied: tell('occupied'), vacated: tell('vacated') },
      subscribers: () => 0,
    })
    this.#nodes.set(node, { occupancy, count: 0 })
  }

  join(name: string): void {
    const node = this.#nodes.get(name)
    if (node === undefined) return
    node.count++
    node.occupancy.joined(CHANNEL)
  }

  leave(name: string): void {
    const node = this.#nodes.get(name)
    if (node === undefined || node.count === 0) return
    node.count--
    node.occupancy.left(CHANNEL)
  }

  /** Its subscribers are gone, and after its farewell it is. */
  close(name: string): void {
    const node = this.#nodes.get(name)
    if (node === undefined) return
    while (node.count > 0) this.leave(name)
    this.#nodes.delete(name)
    void node.occupancy.close().then(() => this.#answerers.delete(name))
  }

  get isOccupied(): boolean {
    return [...this.#nodes.values()].some(({ count }) => count > 0)
  }

  /** What was told, in the order of its times. */
  get story(): readonly string[] {
    return this.told.toSorted((one, other) => one.at - other.at).map(({ what }) => what)
  }

  #travel(): Promise<void> {
    const delay = this.#delays[this.#sent++ % this.#delays.length] ?? 0
    return new Promise((resolve) => this.clock.schedule(delay, resolve))
  }

  async #askOne(node: string, kind: string, body: unknown): Promise<unknown> {
    await this.#travel()
    const answerer = this.#answerers.get(node)?.get(kind)
    if (answerer === undefined) return new Promise(() => {})
    const answer = structuredClone(answerer(structuredClone(body) as never))
    await this.#travel()
    return answer
  }

  #within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.clock.schedule(milliseconds, () => reject(new Error('timeout')))
      void answer.then((value) => {
        cancel()
        resolve(value)
      })
    })
  }

  #portOf(node: string): Port {
    const others = () => [...this.#answerers.keys()].filter((one) => one !== node)
    const port = {
      node,
      nodes: async () => [...this.#answerers.keys()],
      answer: (kind: string, answerer: Answerer) => void this.#answerers.get(node)?.set(kind, answerer),
      ask: (to: string, kind: string, { body, within }: { body: unknown; within: number }) =>
        this.#within(within, this.#askOne(to, kind, body)),
      askAll: async (kind: string, body: unknown, { within }: { within: number }) => {
        const silent: string[] = []
        const answers: unknown[] = []
        const ask = async (one: string) => {
          try {
            answers.push({ node: one, answer: await this.#within(within, this.#askOne(one, kind, body)) })
          } catch {
            silent.push(one)
          }
        }
        await Promise.all(others().map(ask))
        return { answers, silent }
      },
    }
    return port as unknown as Port
  }
}

const NODES = ['a', 'b', 'c'] as const
const stepOf = (...what: readonly ('join' | 'leave' | 'close')[]) =>
  fc.record({
    do: fc.constantFrom(...what),
    node: fc.constantFrom(...NODES),
    // Often less than a message takes, or just about the second for which a channel lingers.
    pause: fc.oneof(fc.constant(0), fc.nat(60), fc.integer({ min: 900, max: 1_200 }), fc.nat(3_000)),
  })
const STEPS = fc.oneof(
  fc.array(stepOf('join', 'leave'), { minLength: 2, maxLength: 40 }),
  fc.array(stepOf('join', 'join', 'leave', 'leave', 'leave', 'close'), { minLength: 2, maxLength: 40 }),
)

type Step = { readonly do: 'join' | 'leave' | 'close'; readonly node: string; readonly pause: number }
const steps = (...list: readonly (readonly [Step['do'], string, number])[]): Step[] =>
  list.map(([what, node, pause]) => ({ do: what, node, pause }))

/** Stories that went wrong once: a claim comes while another node leaves; the last nodes close at the same time. */
const EXAMPLES: [Step[], number[], number[]][] = [
  [steps(['join', 'b', 0], ['leave', 'b', 1_062], ['join', 'a', 0]), [0, 0, 22], [0, 0, 0]],
  [steps(['close', 'a', 0], ['join', 'b', 20], ['close', 'b', 0], ['close', 'c', 900]), [0, 0, 1], [0, 0, 0]],
  [steps(['join', 'a', 900], ['close', 'b', 0], ['close', 'a', 0], ['close', 'c', 900]), [1], [0, 0, 0]],
]

const withoutRepeats = (story: readonly string[]): readonly string[] =>
  story.filter((what, index) => what !== story[index - 1])

describe('[H13.4] whatever nodes do at the same time', () => {
  it('what is told is the truth in the end, and each time once', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        STEPS,
        fc.array(fc.nat(180), { minLength: 1, maxLength: 17 }),
        fc.array(fc.integer({ min: -30_000, max: 30_000 }), { minLength: 3, maxLength: 3 }),
        async (story, delays, skews) => {
          const nodes = new Nodes(delays)
          for (const [index, node] of NODES.entries()) nodes.start(node, skews[index] ?? 0)
          for (const { do: what, node, pause } of story) {
            nodes[what](node)
            await nodes.clock.advance(pause)
          }
          await nodes.clock.advance(30_000)
          await settle()
          // While nodes close a thing may be told twice.
          const mayRepeat = story.some(({ do: what }) => what === 'close')
          const told = mayRepeat ? withoutRepeats(nodes.story) : nodes.story
          const alternating = told.map((_, index) => (index % 2 === 0 ? 'occupied' : 'vacated'))
          expect(told).toEqual(alternating)
          expect(told.at(-1) === 'occupied').toBe(nodes.isOccupied)
        },
      ),
      { numRuns: 1_000, examples: EXAMPLES },
    )
  })
})
