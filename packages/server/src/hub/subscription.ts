import type { Gap, Position } from '@millrace/protocol'
import type { Live } from './feed.js'
import type { Lane } from './lane.js'
import type { Outgoing } from './outgoing.js'
import type { Backlog } from './pace/backlog.js'
import type { Pacing } from './pace/pacing.js'
import type { Link } from './ports.js'

/** Whoever a topic delivers to: a session. */
export interface Receiver {
  readonly id: string
  /** The way out that a fan-out takes for many at once. */
  readonly link: Pick<Link, 'carrier' | 'target'>
  /** How fast it reads. Undefined where that cannot be known, or nothing depends on it yet. */
  readonly pacing: Pacing | undefined
  /** Sees to it that it is known how fast it reads, where it can be. */
  paced(): Pacing | undefined
  /** Whether it puts together what comes in parts. [P3.11] */
  readonly readsParts: boolean
  /** More waits for it than may. */
  tooSlow(): void
  /** The way out for a message of its own. Never throws, and ends no subscription before the caller's turn is over. */
  send(outgoing: Outgoing): void
}

/** Something held back: a publication, a gap, or any other push. */
export type Held = Live | { readonly gap: Gap } | Outgoing

/** A session's interest in a channel. The topic and the session share this record; the commands change it. */
export interface Subscription {
  readonly channel: string
  readonly receiver: Receiver
  /** The lane in which it gets everything, and its place there; none while something is held back or left out. Kept by the topic. */
  lane: Lane | undefined
  index: number
  /** What was published, and who came and went, while history is read: held back, so that none comes before the reply. [H4.1] */
  held: Held[] | undefined
  /** How far it read the stream by itself, where that is further than the node's feed. What the feed brings up to there it has. */
  ahead: Position | undefined
  /** Offset before the first publication that was left out because the receiver published it and asked so. [H3.4] */
  skippedFrom: number | undefined
  /** What it was not sent yet, because it reads slowly. */
  behind: Backlog | undefined
  /** Whether it is told of members coming and going. */
  watchesPresence: boolean
}

export const newSubscription = (channel: string, receiver: Receiver): Subscription => ({
  channel,
  receiver,
  lane: undefined,
  index: -1,
  held: undefined,
  ahead: undefined,
  skippedFrom: undefined,
  behind: undefined,
  watchesPresence: false,
})
