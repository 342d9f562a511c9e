import type { Command, MessageBodies, MessageKind } from '@millrace/protocol'
import type { DoorLimits } from './doorkeeper.js'
import type { MaybePromise } from './ports.js'
import type { RateLimits } from './rates.js'
import type { Session } from './session.js'
import type { Subscription } from './subscription.js'
import type { Turns } from './turns.js'

/** Who a session belongs to. Applications add fields of their own. */
export interface User {
  readonly id: string
}

/** The reply to a command; `after` runs when it has been queued, before anything else is sent. */
export interface Reply<K extends MessageKind = MessageKind> {
  readonly kind: K
  readonly body: MessageBodies[K]
  readonly after?: (() => void) | undefined
}

/** What a session needs from the hub. */
export interface SessionHost {
  readonly limits: SessionLimits
  /** Largest frame read, in bytes. */
  readonly maxMessage: number
  /** Wheel time, in milliseconds. */
  readonly time: number
  /** Milliseconds since 1970. */
  now(): number
  /** Decides about a connect command: opens the session or throws. */
  connect(session: Session, command: Extract<Command, { kind: 'connect' }>): MaybePromise<Reply>
  execute(session: Session, command: Command): MaybePromise<Reply | undefined>
  opened(session: Session): void
  ended(session: Session, code: number): void
  /** Keeps what is for this subscription until the function returned is called. */
  holdBack(subscription: Subscription): () => void
  readonly turns: Turns
  /** An error that is nobody's bad input. */
  failed(what: string, error: unknown): void
}

export interface SessionLimits {
  /** Milliseconds until the connect command must have come. */
  readonly connectTimeout: number
  /** Milliseconds of silence before a ping. */
  readonly heartbeat: number
  /** Milliseconds the answer may take. */
  readonly patience: number
  /** Commands of one session that may be under way at once; beyond it, reading pauses. */
  readonly pendingCommands: number
  readonly subscriptions: number
  /** Characters of a member's data; without, as many as a message may have. [H3.7] */
  readonly memberData?: number | undefined
  /** How fast its client may send; without, as fast as it likes. [H11.1] */
  readonly rates?: RateLimits | undefined
  /** How many may come. [H11.2] */
  readonly door?: DoorLimits | undefined
  /** Bytes that may wait for a client that reads slowly, beside what its link holds. [H9.4] */
  readonly outbox: number
  /** Milliseconds for which a member stays whose connection was lost. [H1.5] */
  readonly grace: number
  /**
   * About so many bytes of publications go into one reply. A client that comes back over a slow link is not sent megabytes at once,
   * which would fill its queue and close it as a slow consumer; it asks for the rest when it has read these. [H4.7]
   */
  readonly recovery: number
}
