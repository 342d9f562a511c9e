import type { Session } from '../session.js'
import type { Subscription } from '../subscription.js'
import type { HubEvents } from './hub-events.js'
import type { Occupancy } from './occupancy.js'

/** Tells of subscriptions: of each once when it is there, and once when it is not any more. Of one that failed half way, nothing. */
export class SubscriptionWatch {
  readonly #events: Pick<HubEvents, 'subscribed' | 'unsubscribed'>
  readonly #occupancy: Occupancy | undefined
  readonly #told = new Map<Subscription, Session>()

  constructor(events: HubEvents, occupancy: Occupancy | undefined) {
    this.#events = events
    this.#occupancy = occupancy
  }

  joined(subscription: Subscription, session: Session): void {
    const { channel } = subscription
    this.#told.set(subscription, session)
    // A reader is nobody's session, but it reads. [P9.17]
    if (!session.link.onlyReads) this.#events.subscribed?.(session, channel)
    this.#occupancy?.joined(channel)
  }

  left(subscription: Subscription): void {
    const session = this.#told.get(subscription)
    if (session === undefined) return
    const { channel } = subscription
    this.#told.delete(subscription)
    if (!session.link.onlyReads) this.#events.unsubscribed?.(session, channel)
    this.#occupancy?.left(channel)
  }
}
