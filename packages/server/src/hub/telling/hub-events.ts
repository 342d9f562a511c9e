import type { Appended, NewPublication } from '../broker-ports.js'
import type { Session } from '../session.js'

/**
 * What somebody outside wants to be told, such as an application's backends. What is undefined nobody wants, and nothing is done for it.
 * None of these throws, or keeps the hub waiting. [H13.1]
 */
export interface HubEvents {
  /** A session has subscribed; it is followed by `unsubscribed` once. Of sessions that only read nothing is told. */
  readonly subscribed?: ((session: Session, channel: string) => void) | undefined
  readonly unsubscribed?: ((session: Session, channel: string) => void) | undefined
  /** A publication is stored. One that was before, under its id, is told again, for who stored it may not have lived to tell. */
  readonly published?: ((channel: string, publication: NewPublication, stored: Appended) => void) | undefined
  readonly occupancy?: OccupancyEvents | undefined
}

/** Whether a channel has subscribers, on whichever node. */
export interface OccupancyEvents {
  /** Whether anybody wants to know that of a channel. */
  covers(channel: string): boolean
  /** It has some. `at`: in milliseconds since 1970, and later than what any node has told of the channel before. */
  occupied(channel: string, at: number): void
  vacated(channel: string, at: number): void
}
