import type { Outgoing } from './outgoing.js'
import type { Carrier } from './ports.js'
import type { Subscription } from './subscription.js'

/**
 * Subscribers of one topic that take everything and are reached by the same carrier. A fan-out touches nothing else of
 * a subscriber than its target: with thousands of them, what it costs is mostly waiting for memory.
 *
 * Invariants: `#targets[i]` is what reaches `#subscriptions[i]`, whose `lane` is this and whose `index` is `i`.
 */
export class Lane {
  readonly carrier: Carrier
  #targets: object[] = []
  #subscriptions: Subscription[] = []

  constructor(carrier: Carrier) {
    this.carrier = carrier
  }

  get subscriptions(): readonly Subscription[] {
    return this.#subscriptions
  }

  add(subscription: Subscription): void {
    const { target } = subscription.receiver.link
    subscription.index = this.#subscriptions.length
    subscription.lane = this
    // Most channels have one, and a list that is made of one is not an eighth of one that has grown to it.
    if (subscription.index === 0) [this.#targets, this.#subscriptions] = [[target], [subscription]]
    else {
      this.#targets.push(target)
      this.#subscriptions.push(subscription)
    }
  }

  /** Takes the last one into the place that becomes free, so leaving costs the same in a channel of any size. */
  remove(subscription: Subscription): void {
    const { index } = subscription
    const lastTarget = this.#targets.pop()
    const last = this.#subscriptions.pop()
    if (last !== undefined && lastTarget !== undefined && last !== subscription) {
      this.#targets[index] = lastTarget
      this.#subscriptions[index] = last
      last.index = index
    }
    subscription.index = -1
    subscription.lane = undefined
  }

  send(outgoing: Outgoing): void {
    this.carrier.send(outgoing, this.#targets)
  }
}
