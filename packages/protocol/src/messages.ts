import type { GapReason } from './codes.js'
import type { Payload } from './payload.js'
import type { Position } from './position.js'

/** The version of this protocol. It grows when an old client could no longer work with a new server. */
export const PROTOCOL_VERSION = 1

/** The default path of the endpoint. */
export const DEFAULT_PATH = '/millrace'

/** Who published or entered: the session and, where authenticated, the user. */
export interface Publisher {
  readonly session: string
  readonly user?: string | undefined
}

/** One message in a channel. */
export interface Publication {
  /** In a push; inside the list of a reply the reply names the channel. */
  readonly channel?: string | undefined
  readonly offset: number
  /** The offset of the publication before this one, when it is not `offset - 1`. */
  readonly prev?: number | undefined
  /** When the broker stored it: milliseconds since 1970. */
  readonly time: number
  /** The publisher's id for it, unique within the channel's dedupe window. */
  readonly id?: string | undefined
  readonly from?: Publisher | undefined
  readonly data: Payload
  /** In a state channel, what it is about: it takes the place of the one before with this key. */
  readonly key?: string | undefined
  /** The key has no value any more; `data` is null. */
  readonly removed?: boolean | undefined
  /** How many before it were left out because this subscriber reads slowly and newer ones took their places. */
  readonly skipped?: number | undefined
}

export interface Member {
  readonly session: string
  readonly user?: string | undefined
  /** When it entered: milliseconds since 1970. */
  readonly since: number
  readonly data: Payload
}

/** What could not be recovered: the publications after `from` up to and including `to`. */
export interface Gap {
  readonly channel?: string | undefined
  readonly from?: Position | undefined
  readonly to: Position
  readonly reason: GapReason
  /** How many are missing, where it is known. */
  readonly count?: number | undefined
}

/** Why a publication was not stored. A newer server may know more reasons. */
export type Skipped = 'duplicate' | 'stale' | (string & {})

export interface ErrorBody {
  readonly code: number
  readonly message: string
  readonly field?: string | undefined
  readonly retryAfter?: number | undefined
}

/** To whom a client's call goes when not to the server. */
export interface Target {
  readonly session?: string | undefined
  readonly user?: string | undefined
}

// biome-ignore lint/complexity/noBannedTypes: a message without fields is an empty object on the wire
type Empty = {}

/** What a client says. The key is the message's name on the wire. */
export interface CommandBodies {
  /** First on every connection. */
  connect: {
    readonly version: number
    readonly token?: string | undefined
    /** What the last `connected` gave for it: the session goes on, instead of a new one. */
    readonly resume?: string | undefined
    /** Name and version of the client, for logs. */
    readonly client?: string | undefined
    /** Grows with every connection of this client, so that one whose `connect` comes late cannot take the session from a later one. */
    readonly attempt?: number | undefined
    /** The client puts frames together that come in parts. */
    readonly parts?: boolean | undefined
  }
  subscribe: {
    readonly channel: string
    /** Recover what came after this position. */
    readonly since?: Position | undefined
    /** Without `since`: how many of the newest publications to send along. */
    readonly history?: number | undefined
    /** Whether to be told of members coming and going, and who is there now. */
    readonly presence?: boolean | undefined
    /** When present, the session enters the channel's presence with this data. */
    readonly data?: Payload | undefined
    /** What allows it, where the server does not know by itself who may. */
    readonly token?: string | undefined
  }
  unsubscribe: { readonly channel: string }
  publish: {
    readonly channel: string
    readonly id?: string | undefined
    /** Whether to leave out this session when delivering. */
    readonly excludeSelf?: boolean | undefined
    readonly data: Payload
    /** Grows with what it says: one that is not above the last version stored is skipped. */
    readonly version?: number | undefined
    /** In a state channel: stored only if the newest of its key has this offset; 0 for none. Else `conflict`. */
    readonly expect?: number | undefined
    /** In a state channel: takes this key's value away; `data` is null. */
    readonly remove?: string | undefined
  }
  /** Sent to whoever is subscribed now; not stored, may be dropped, never delays others. */
  ephemeral: {
    readonly channel: string
    readonly excludeSelf?: boolean | undefined
    readonly data: Payload
  }
  history: {
    readonly channel: string
    /** Publications after this position, oldest first. */
    readonly since?: Position | undefined
    /** Without `since`: the newest publications before this offset, oldest of them first. */
    readonly before?: number | undefined
    readonly limit?: number | undefined
  }
  presence: {
    readonly channel: string
    /** Only how many. */
    readonly count?: boolean | undefined
  }
  /** Enters presence, or changes the member's data. */
  enter: { readonly channel: string; readonly data: Payload }
  leave: { readonly channel: string }
  call: {
    readonly method: string
    readonly to?: Target | undefined
    /** Milliseconds the caller waits; of a call that may wait for its user, those the user may take to answer. */
    readonly timeout?: number | undefined
    readonly data: Payload
    /** With `ttl`: its name. A call of the same name to the same user is the same call, and has the same answer. */
    readonly id?: string | undefined
    /** Milliseconds for which it waits for the user of `to`, who need not be connected. */
    readonly ttl?: number | undefined
    /** With `ttl`: of calls with the same key, one is carried out after the other. */
    readonly key?: string | undefined
  }
  /** The client's answer to the server's call. */
  answer: {
    readonly call: string
    readonly error?: ErrorBody | undefined
    readonly data?: Payload | undefined
  }
  /** A newer token for the connection that stands. */
  refresh: { readonly token: string }
  /** Asks for a pong: is anybody there? */
  ping: Empty
  /** Answers the server's ping. */
  pong: Empty
}

/** What the server says: replies carry the command's id, pushes carry none. */
export interface MessageBodies {
  error: ErrorBody
  connected: {
    readonly session: string
    readonly node: string
    readonly user?: string | undefined
    /** Name and version of the server. */
    readonly server: string
    /** Milliseconds after which a silent connection is asked for a pong. */
    readonly heartbeat: number
    /** Milliseconds the answer may take. */
    readonly patience: number
    /** Largest frame the server reads, in bytes. */
    readonly maxMessage: number
    /** To be sent with the next `connect`, and shown to nobody: it proves that the session was this client's. */
    readonly resume?: string | undefined
    /** Whether the session is the one that `connect` came back to. */
    readonly resumed?: boolean | undefined
    /** The server's clock: milliseconds since 1970. */
    readonly time?: number | undefined
    /** Milliseconds for which the token still holds. */
    readonly expires?: number | undefined
  }
  /** Reply to refresh. */
  refreshed: {
    /** Milliseconds for which the token still holds. */
    readonly expires?: number | undefined
  }
  /** Reply to subscribe; without an id, a subscription the server made. */
  subscribed: {
    readonly channel: string
    /** Head of the stream at the moment of joining, after the publications listed here. */
    readonly position: Position
    readonly codec?: string | undefined
    /** With `since`: whether everything after it is here. False comes with a gap. */
    readonly recovered?: boolean | undefined
    readonly gap?: Gap | undefined
    readonly publications?: readonly Publication[] | undefined
    readonly members?: readonly Member[] | undefined
    /** Whether there are more between the last one listed and `position`: to be asked with `history`. */
    readonly more?: boolean | undefined
    /** Of a state channel: how long a key's value lasts since its last change, in milliseconds. */
    readonly ttl?: number | undefined
    /** The publications, with what `more` there is, are the whole state: what was known before is void. */
    readonly snapshot?: boolean | undefined
  }
  /** Reply to unsubscribe; without an id, the server ended it, and why. */
  unsubscribed: {
    readonly channel: string
    readonly code?: number | undefined
    readonly reason?: string | undefined
  }
  published: {
    readonly position: Position
    /** Why it was not stored: `duplicate`, its id is stored already, at the position; `stale`, a newer version is. */
    readonly skipped?: Skipped | undefined
  }
  /** Reply to ephemeral, when it carried an id. */
  sent: Empty
  history: {
    readonly channel: string
    readonly position: Position
    readonly gap?: Gap | undefined
    readonly publications: readonly Publication[]
    /** Whether there are more in the direction asked. */
    readonly more?: boolean | undefined
  }
  presence: {
    readonly channel: string
    readonly count: number
    readonly members?: readonly Member[] | undefined
    /** Nodes that did not answer in time. */
    readonly silent?: readonly string[] | undefined
  }
  entered: Empty
  left: Empty
  answered: { readonly data: Payload }
  publication: Publication & { readonly channel: string }
  ephemeral: { readonly channel: string; readonly from?: Publisher | undefined; readonly data: Payload }
  joined: { readonly channel: string; readonly member: Member }
  updated: { readonly channel: string; readonly member: Member }
  departed: { readonly channel: string; readonly member: Member }
  gap: Gap & { readonly channel: string }
  /** The server calls the client, which sends an `answer` with this call's name. */
  call: {
    readonly call: string
    readonly method: string
    readonly timeout: number
    readonly data: Payload
  }
  /** Asks for a pong. */
  ping: Empty
  /** Reply to ping. */
  pong: Empty
  /** The connection is about to close: why, and when to come back. */
  disconnect: {
    readonly code: number
    readonly reason: string
    /** Milliseconds to spread the reconnection over. */
    readonly retryAfter?: number | undefined
  }
}

export type CommandKind = keyof CommandBodies
export type MessageKind = keyof MessageBodies

/** A client's message. `id` 0: no reply is wanted. */
export type Command = {
  [K in CommandKind]: { readonly id: number; readonly kind: K; readonly body: CommandBodies[K] }
}[CommandKind]

/** A server's message. `id` 0: a push. */
export type Message = {
  [K in MessageKind]: { readonly id: number; readonly kind: K; readonly body: MessageBodies[K] }
}[MessageKind]

export type CommandOf<K extends CommandKind> = Extract<Command, { kind: K }>
export type MessageOf<K extends MessageKind> = Extract<Message, { kind: K }>
