/** What a client library has to do here: to join a channel, and to tell what it hears. */
import type { Message } from '../../common/messages.js'

export interface Ears {
  message(message: Message): void
  /** The library said that something is missing. */
  gap(): void
}

export interface Seat {
  /** Where the server is, for this client. */
  readonly port: number
  readonly channel: `bench:${string}`
}

/** Starts a client. Resolves when it is subscribed. */
export type Join = (seat: Seat, ears: Ears) => Promise<void>
