import { jsonDialect, type Publication, predecessor } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newCounters } from './counters.js'
import type { Live } from './feed.js'
import type { Outgoing } from './outgoing.js'
import type { Carrier } from './ports.js'
import { newSubscription, type Receiver, type Subscription } from './subscription.js'
import { Topic } from './topic.js'

/** Reaches its targets and counts how often it was asked to. */
class CountingCarrier implements Carrier {
  calls = 0

  send(outgoing: Outgoing, targets: readonly Reader[]): void {
    this.calls += 1
    for (const target of targets) target.send(outgoing)
  }
}

/** Whoever a topic delivers to, and what it got. */
class Reader implements Receiver {
  readonly id: string
  readonly link: { readonly carrier: Carrier; readonly target: Reader }
  readonly got: Publication[] = []
  readonly pacing = undefined
  readonly readsParts = false

  constructor(id: string, carrier: Carrier) {
    this.id = id
    this.link = { carrier, target: this }
  }

  paced(): undefined {}

  tooSlow(): void {}

  send(outgoing: Outgoing): void {
    const [message] = jsonDialect.decodeMessages(outgoing.wire(jsonDialect) as string)
    if (message?.kind === 'publication') this.got.push(message.body)
  }
}

const RESOLVED = { pattern: 'a:*', definition: {}, params: {} }
const carriers = [new CountingCarrier(), new CountingCarrier()]
const READERS = 6

const live = (offset: number, exclude?: string): Live => ({
  epoch: 'e',
  publication: { offset, time: 0, exclude, data: { codec: 'json', text: '1' } },
})

/** A topic beside a model of it: for each reader, whether it is there and what it must have got. */
class Both {
  readonly topic = new Topic('a:b', RESOLVED, { clock: { now: () => 0 }, counters: newCounters() })
  readonly readers = Array.from(
    { length: READERS },
    (_, i) => new Reader(`r${i}`, carriers[i % 2] as CountingCarrier),
  )
  readonly expected: number[][] = this.readers.map(() => [])
  readonly #subscriptions = new Map<number, Subscription>()
  /** Up to where each has read by itself. */
  readonly #readTo = new Map<number, number>()
  readonly #held = new Map<number, number[]>()
  #offset = 0

  join(who: number): void {
    if (this.#subscriptions.has(who)) return
    const subscription = newSubscription('a:b', this.readers[who] as Reader)
    subscription.held = []
    this.topic.add(subscription)
    this.#subscriptions.set(who, subscription)
    this.#held.set(who, [])
  }

  /** The stream was read up to now, less `back`, or more: what is older came with the reply, whether held or still to come. */
  release(who: number, back: number): void {
    const held = this.#held.get(who)
    if (held === undefined) return
    this.#held.delete(who)
    const after = Math.max(0, this.#offset - back)
    this.expected[who]?.push(...held.filter((offset) => offset > after))
    this.#readTo.set(who, after)
    const subscription = this.#subscriptions.get(who) as Subscription
    this.topic.align(subscription, { epoch: 'e', offset: after }, { epoch: 'e', offset: this.#offset })
    this.topic.release(subscription)
  }

  leave(who: number): void {
    const subscription = this.#subscriptions.get(who)
    if (subscription === undefined) return
    this.#subscriptions.delete(who)
    this.#held.delete(who)
    this.#readTo.delete(who)
    expect(this.topic.remove(subscription)).toBe(true)
    expect(this.topic.remove(subscription)).toBe(false)
  }

  publish(by: number, excludeSelf: boolean): void {
    const offset = ++this.#offset
    const exclude = excludeSelf ? `r${by}` : undefined
    this.topic.publish(live(offset, exclude))
    for (const who of this.#subscriptions.keys()) {
      if (!this.#held.has(who) && offset <= (this.#readTo.get(who) ?? 0)) continue
      if (excludeSelf && who === by && !this.#held.has(who)) continue
      const list = this.#held.get(who) ?? this.expected[who]
      // What is held is decided when it is released, and then too the publisher does not get its own.
      if (!(excludeSelf && who === by)) list?.push(offset)
    }
  }

  get size(): number {
    return this.#subscriptions.size
  }
}

const who = fc.nat(READERS - 1)
const step = fc.oneof(
  fc.record({ do: fc.constant('join' as const), who }),
  fc.record({ do: fc.constant('release' as const), who, back: fc.integer({ min: -3, max: 3 }) }),
  fc.record({ do: fc.constant('leave' as const), who }),
  fc.record({ do: fc.constant('publish' as const), who, excludeSelf: fc.boolean() }),
)

describe('a topic', () => {
  it('[H3.1] [H3.4] [H4.1] delivers each publication once to everybody it is for, whatever carriers, exclusions, joins and leaves', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), (steps) => {
        const both = new Both()
        for (const one of steps) {
          if (one.do === 'publish') both.publish(one.who, one.excludeSelf)
          else if (one.do === 'release') both.release(one.who, one.back)
          else both[one.do](one.who)
          expect(both.topic.size).toBe(both.size)
        }
        for (const [index, reader] of both.readers.entries())
          expect(reader.got.map(({ offset }) => offset)).toEqual(both.expected[index])
      }),
      { numRuns: 500 },
    )
  })

  it('[H3.1] asks each carrier once per publication, however many links it has', () => {
    const both = new Both()
    for (let index = 0; index < READERS; index++) {
      both.join(index)
      both.release(index, 0)
    }
    const before = carriers.map(({ calls }) => calls)
    both.publish(0, false)
    expect(carriers.map(({ calls }, i) => calls - (before[i] ?? 0))).toEqual([1, 1])
  })

  it('[H3.4] closes the chain over what the publisher did not get, and puts it back among the others', () => {
    const both = new Both()
    both.join(0)
    both.release(0, 0)
    both.publish(0, true)
    both.publish(0, true)
    both.publish(1, false)
    both.publish(1, false)
    const [third, fourth] = both.readers[0]?.got ?? []
    expect([third?.offset, third && predecessor(third)]).toEqual([3, 0])
    expect([fourth?.offset, fourth && predecessor(fourth)]).toEqual([4, 3])
  })

  it('[H4.1] does not take back who left while it joined', () => {
    const topic = new Topic('a:b', RESOLVED, { clock: { now: () => 0 }, counters: newCounters() })
    const reader = new Reader('r', new CountingCarrier())
    const subscription = newSubscription('a:b', reader)
    subscription.held = []
    topic.add(subscription)
    topic.remove(subscription)
    topic.release(subscription)
    topic.publish(live(1))
    expect([topic.size, reader.got]).toEqual([0, []])
  })
})
