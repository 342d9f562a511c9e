/** What a client library has to do here: to follow the feed, and to tell what it hears. */
import type { Message } from '../commands.js'

export interface Ears {
  message(message: Message): void
  /** The library said that so many were left out. */
  skipped(count: number): void
}

export interface Reader {
  leave(): void
}

/** Starts a client. Resolves when it follows. */
export type Join = (port: number, ears: Ears) => Promise<Reader>
