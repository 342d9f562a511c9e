/** What the hub needs from the world. The hub itself knows no platform: time, sockets and stores come in by these. */
import type { Dialect } from '@millrace/protocol'
import type { Outgoing } from './outgoing.js'

export type MaybePromise<T> = T | Promise<T>

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs `task` once after `delay` milliseconds; the returned function cancels it. A pending task does not keep a process alive. */
  schedule(delay: number, task: () => void): () => void
}

export interface Random {
  /** An unguessable name of at least 120 bits, for sessions, calls and epochs. */
  id(): string
}

/** Message authentication codes (RFC 2104). */
export interface Signer {
  /** A code that only who knows the secret can make. It has no dots. */
  sign(secret: string, text: string): string
  /** Whether the code is right. Takes the same time whether it is or not. */
  verify(secret: string, text: string, code: string): boolean
}

export interface Logger {
  debug(message: string, details?: object): void
  info(message: string, details?: object): void
  warn(message: string, details?: object): void
  error(message: string, details?: object): void
}

/**
 * Sends one message over many links: the place where a transport frames it once and goes through its links without
 * looking at anything else. Links that share a carrier share a dialect.
 */
export interface Carrier {
  /** Queues the message on each link, as the link's own `send` would. `targets` are `Link.target` of links with this carrier. */
  send(outgoing: Outgoing, targets: readonly object[]): void
}

/**
 * One live connection as the hub sees it: a way out. `send` and `close` never throw and never block; after `close` or
 * the peer's end, `send` does nothing. The transport reports back through the LinkHandler it got from the hub, never
 * from within a call of the hub's.
 */
export interface Link {
  readonly dialect: Dialect
  /** Sends to many links like this one, and what stands for this one there. */
  readonly carrier: Carrier
  readonly target: object
  /**
   * Its client reads and can do nothing else: nobody is told of its session, which is not called and gets no subscriptions of the
   * server's, but is closed as others are. Default false.
   */
  readonly onlyReads?: boolean | undefined
  /** Bytes, or about as many characters, that were given to it since it was opened. Absent where no client answers pings. */
  readonly written?: number
  /** Queues a message; messages leave in the order of these calls. */
  send(outgoing: Outgoing): void
  /** Closes after what was sent before has left, with a code of the table or of RFC 6455 §7.4.1. */
  close(code: number, reason: string): void
  /** Stops reading from the peer, and starts again: how the hub slows down a peer that is faster than the broker. */
  pause(): void
  resume(): void
}

/** What a transport tells the hub about its link. */
export interface LinkHandler {
  /** A whole frame of the kind the dialect uses. Never throws. */
  receive(frame: string | Uint8Array): void
  /** Something arrived that is life but no frame, such as a WebSocket pong. */
  heard(): void
  /** The link is gone; called once, last. `code` is 1006 when the connection broke. */
  closed(code: number): void
}

/** What a connection says about itself before the first frame. */
export interface LinkInfo {
  /** The handshake's headers, lower-cased. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly remoteAddress: string
}
