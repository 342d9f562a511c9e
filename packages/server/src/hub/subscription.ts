import type { StoredPublication } from './broker-ports.js'
import type { Outgoing } from './outgoing.js'

/** Where messages leave. Never throws, and ends no subscription before the caller's turn is over. */
export interface Outlet {
  send(outgoing: Outgoing): void
}

/** Whoever a topic delivers to: a session. */
export interface Receiver extends Outlet {
  readonly id: string
  /** The short way out, for the many messages of a fan-out. */
  readonly link: Outlet
}

/** A session's interest in a channel. The topic and the session share this record; the commands change it. */
export interface Subscription {
  readonly channel: string
  readonly receiver: Receiver
  /** Where it stands in its topic; kept by the topic. */
  index: number
  /** What was published, and who came and went, while history is read: held back, so that none comes before the reply. [H4.1] */
  held: (StoredPublication | Outgoing)[] | undefined
  /** Offset before the first publication that was left out because the receiver published it and asked so. [H3.4] */
  skippedFrom: number | undefined
  /** Whether it is told of members coming and going. */
  watchesPresence: boolean
  /** Whether it is a member. */
  entered: boolean
}

export const newSubscription = (channel: string, receiver: Receiver): Subscription => ({
  channel,
  receiver,
  index: -1,
  held: undefined,
  skippedFrom: undefined,
  watchesPresence: false,
  entered: false,
})
