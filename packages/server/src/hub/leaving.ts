import type { Clock } from './ports.js'
import type { Subscription } from './subscription.js'
import type { SubscriptionWatch } from './telling/subscription-watch.js'
import type { Topics } from './topics.js'

export interface LeavingParts {
  readonly clock: Pick<Clock, 'schedule'>
  readonly topics: Pick<Topics, 'leave'>
  readonly watch: Pick<SubscriptionWatch, 'left'> | undefined
}

/** So many subscriptions end in one turn of the event loop: a quarter of a millisecond. */
const AT_ONCE = 500

/**
 * Ends the subscriptions of sessions that are gone, some in each turn: where a network breaks off, thousands of sessions go in the same moment, with a thousand
 * subscriptions each if they like. Nothing is sent to them meanwhile, for they have ended. [H1.5]
 */
export class Leaving {
  readonly #parts: LeavingParts
  /** Of sessions, in the order in which they went; of the first, so many have ended. */
  readonly #waiting: (readonly Subscription[])[] = []
  #done = 0
  /** So many have ended in this turn. */
  #left = 0
  #isScheduled = false

  constructor(parts: LeavingParts) {
    this.#parts = parts
  }

  add(subscriptions: readonly Subscription[]): void {
    if (subscriptions.length === 0) return
    this.#waiting.push(subscriptions)
    if (this.#waiting.length === 1) this.#proceed()
  }

  #proceed(): void {
    const { clock, topics, watch } = this.#parts
    while (this.#left < AT_ONCE) {
      const subscription = this.#next()
      if (subscription === undefined) break
      topics.leave(subscription)
      watch?.left(subscription)
      this.#left++
    }
    if (this.#isScheduled || this.#left === 0) return
    this.#isScheduled = true
    clock.schedule(0, () => {
      this.#isScheduled = false
      this.#left = 0
      this.#proceed()
    })
  }

  #next(): Subscription | undefined {
    const [first] = this.#waiting
    if (first === undefined) return undefined
    const next = first[this.#done++]
    if (next !== undefined) return next
    this.#waiting.shift()
    this.#done = 0
    return this.#next()
  }
}
