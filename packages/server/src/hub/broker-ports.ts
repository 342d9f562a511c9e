/**
 * What a broker does, in capabilities. A broker stores streams and carries them between nodes. One contract suite
 * (`brokerContract` in testing/) holds every implementation against the rules [B…] of docs/hub.md.
 */

import type {
  Durability,
  GapReason,
  Member,
  Payload,
  Position,
  Publisher,
  StoredPayload,
} from '@millrace/protocol'
import type { MaybePromise } from './ports.js'

/** A publication as a broker keeps it. */
export interface StoredPublication {
  readonly offset: number
  /** Offset of the one before, when it is not `offset - 1`. */
  readonly prev?: number | undefined
  /** When the broker stored it: milliseconds since 1970. */
  readonly time: number
  readonly id?: string | undefined
  readonly from?: Publisher | undefined
  /** The session that asked not to get it back. */
  readonly exclude?: string | undefined
  readonly data: StoredPayload
  /** What it is about, in a stream that keeps the newest of each key. */
  readonly key?: string | undefined
  /** The key has no value any more. */
  readonly removed?: true | undefined
}

export interface NewPublication extends Omit<StoredPublication, 'offset' | 'prev' | 'time'> {
  /** Grows with what the publication says. One that is not above the last version stored comes too late. */
  readonly version?: number | undefined
  /** Stored only if the newest value of its key has this offset; 0 for none. */
  readonly expect?: number | undefined
}

/** Where a publication went, and why it was not stored if it was not. */
export interface Appended extends Position {
  /**
   * `duplicate`: its id is stored already, here. `stale`: a version as high or higher is stored; this is the head. `conflict`: the
   * newest value of its key has not the offset expected, but this one; 0 when there is none.
   */
  readonly skipped?: 'duplicate' | 'stale' | 'conflict' | undefined
}

/** How much a stream keeps, and how well. Both limits hold. */
export interface StreamOptions {
  readonly size: number
  /** Milliseconds. */
  readonly ttl: number
  /** `memory`: lost with the process, epoch and all. `disk`: what was acknowledged survives it. Default: the broker's best. */
  readonly durability?: Durability | undefined
  /**
   * Keeps the newest of each key, for at most `size` keys, instead of the newest of all: every publication has a key. [B14] One that is
   * superseded was never missing: the chain of what is read is closed over it by `prev`.
   */
  readonly latest?: boolean | undefined
}

/** What somebody knows of a stream. */
export interface Known {
  readonly channel: string
  readonly position: Position
}

/** Part of a stream as it stood at one moment. */
export interface StreamSlice {
  /** The newest publication's position at that moment; offset 0 when there never was one. */
  readonly head: Position
  /**
   * The newest publication that is no longer kept, and why; absent when nothing was ever removed. In a stream that keeps the newest of
   * each key, the head at the time when a key was last forgotten: who knows no more than that may know of one that is gone.
   */
  readonly floor?: { readonly offset: number; readonly reason: GapReason } | undefined
  /** Oldest first. */
  readonly publications: readonly StoredPublication[]
  /** Whether the limit cut off publications that match. */
  readonly more: boolean
}

/**
 * `since`: what follows that position, oldest kept when cut; for a position of another epoch, or beyond the head, all
 * that is kept. `before`: what precedes that offset, newest kept when cut.
 */
export type StreamRange =
  | { readonly since: Position; readonly limit: number }
  | { readonly before: number; readonly limit: number }

export interface Streams {
  /**
   * Stores a publication at the end of the channel's stream and carries it to every node that has joined the channel,
   * this one included. Appends of one caller to one channel keep their order. Resolves when it is stored. An id that
   * the channel stored within the dedupe window is not stored again, nor is a version that is not above the last one. A
   * broker that stores at once may answer at once, which saves its callers a turn.
   */
  append(channel: string, publication: NewPublication, options: StreamOptions): MaybePromise<Appended>
  /** A part of the stream, all of it read at one moment. A channel nobody published to has a head with offset 0. */
  read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice>
  /**
   * The heads of these streams, in this order. A stream that ends before what is known of it has lost its end: it begins
   * anew there and then, empty and in another epoch, so that no offset ever means two publications.
   */
  heads(known: readonly Known[]): Promise<readonly Position[]>
  /**
   * Joins the live feed: every publication whose append happens after this resolves reaches the listener, in offset
   * order. Joining twice is joining once. `join` and `leave` of a channel take effect in the order of the calls.
   */
  join(channel: string): Promise<void>
  /** Leaves the live feed. Leaving what was not joined does nothing. */
  leave(channel: string): Promise<void>
}

/** A message that is carried to the nodes that joined the channel, and not stored. At most once; may be lost. */
export interface EphemeralEvent {
  readonly from?: Publisher | undefined
  readonly exclude?: string | undefined
  readonly data: Payload
}

export interface Ephemerals {
  /** Carries the message to every node that joined the channel. Resolves when it is on its way. */
  send(channel: string, event: EphemeralEvent): MaybePromise<void>
}

export type PresenceChange = 'joined' | 'updated' | 'departed'

/** A member as one of its session's connections enters it. */
export interface Entering extends Member {
  /** Grows with every connection of the session. Default 0. */
  readonly generation?: number | undefined
}

/**
 * Who is where. A session may come back on another node while the old one still believes that it has it: what is said with a lower
 * generation than the member was entered with is void. Members of a node that died are gone within 15 seconds; a broker that is closed
 * leaves its members to that, so that sessions which come back to another node meanwhile never departed.
 */
export interface PresenceStore {
  /** Enters the member, or replaces its data; from then on it is this node's. Tells the nodes that joined the channel, unless nothing changed. */
  enter(channel: string, member: Entering): Promise<void>
  /** Removes the session's member and tells the nodes; nothing happens when it was not there. `generation`: default 0. */
  depart(channel: string, session: string, generation?: number): Promise<void>
  /** Who is there, in order of entering. */
  members(channel: string): Promise<readonly Member[]>
  count(channel: string): Promise<number>
}

/** What nodes must agree on so that any of them can take up any session. */
export interface SessionStore {
  /** The secret that all nodes of this broker share: the first proposal, as long as the store keeps its data. */
  secret(proposal: string): MaybePromise<string>
}

/** What a broker tells the node it serves. The broker never calls it before `start` and never after `close`. */
export interface BrokerListener {
  publication(channel: string, epoch: string, publication: StoredPublication): void
  ephemeral(channel: string, event: EphemeralEvent): void
  presence(channel: string, change: PresenceChange, member: Member): void
  /** The live feed may have lost something, such as while a connection was away. */
  interrupted(): void
}

export interface Broker extends Streams, Ephemerals, PresenceStore, SessionStore {
  /** Whether the live feed cannot lose anything, so that nobody need look after it. */
  readonly exact: boolean
  /** Connects; rejects when it cannot. Called once, before anything else. */
  start(listener: BrokerListener): Promise<void>
  close(): Promise<void>
}
