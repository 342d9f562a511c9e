import type { Link, Session } from '../hub/index.js'

/** What every connection of requests needs. */
export interface RequestLinkParts {
  /** Bytes that may wait for the client; about as many characters. */
  readonly outbox: number
  /** Runs something at the end of the turn of the event loop, before time passes. */
  soon(run: () => void): void
  /** Makes the session of the link. */
  accept(link: Link): Session
  /** Gives the session a frame that came, or tells it that one was too large. */
  receive(session: Session, frame: string): void
  /** The connection is over. Called once, possibly within `accept`. */
  over(): void
  /** The client is being told so. */
  told?(): void
}
