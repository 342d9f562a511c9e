/** What an application sees of the client. Implementations are beside this file; it holds no code. */
import type {
  Api,
  CallTypesOf,
  ChannelNameOf,
  ChannelTypes,
  ChannelTypesOf,
  ClientDialect,
  Duration,
  Gap,
  MillraceError,
  PayloadCodecs,
  Position,
  Publisher,
  Skipped,
  Target,
} from '@millrace/protocol'
import type { ClientState } from './client-states.js'
import type { Via } from './ports.js'

/** The part of AbortSignal the client uses. The language itself has no such type. */
export interface Signal {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface ListenOptions {
  /** Removes the listener when it aborts. */
  readonly signal?: Signal | undefined
}

export interface RequestOptions {
  /** How long to wait before rejecting with `timeout`. Default `timeouts.request`, 10 seconds. */
  readonly timeout?: Duration | undefined
  /** Rejects with `aborted` when it aborts. What was already sent is not called back. */
  readonly signal?: Signal | undefined
}

export interface PublishOptions extends RequestOptions {
  /** The publication's id, unique in the channel. Default: a random one, so that sending again is the same publication. */
  readonly id?: string | undefined
  /** Whether this session is left out when the publication is delivered. Default false. */
  readonly excludeSelf?: boolean | undefined
  /** Grows with what the publication says: one that arrives after a newer one is not stored. Its channel keeps the last version. */
  readonly version?: number | undefined
  /**
   * In a state channel: the offset of the value that it takes the place of, 0 where there is to be none. Rejects with `conflict` when the
   * newest is another one.
   */
  readonly expect?: number | undefined
}

/** Where a publication stands, and why it was not stored if it was not. */
export interface Published extends Position {
  /** `duplicate`: its id was stored before, here. `stale`: a newer version is stored; this is the head. */
  readonly skipped: Skipped | undefined
}

export interface CallRequestOptions extends RequestOptions {
  /** Another session or user to call instead of the server, where the server allows it. */
  readonly to?: Target | undefined
  /**
   * How long the call may wait for the user of `to`, who need not be connected: for calls that have `wait` in the api. It is carried
   * out once, also when the connection goes meanwhile. Rejects with `expired` when nobody took it in time. `timeout` is then the time
   * the user's device may take, and the answer is waited for as long as there can be one.
   */
  readonly ttl?: Duration | undefined
  /** With `ttl`: of the user's calls with the same key, one is carried out after the other. */
  readonly key?: string | undefined
  /** With `ttl`: its name. Calling again with the same id is the same call, and gets the same answer. Default: a random one. */
  readonly id?: string | undefined
}

export interface HistoryRequest extends RequestOptions {
  /** Publications after this position, oldest first. */
  readonly since?: Position | undefined
  /** Without `since`: the newest publications before this offset. */
  readonly before?: number | undefined
  /** At most so many. Default: the server's. */
  readonly limit?: number | undefined
}

export interface IterateOptions {
  /**
   * How many publications may wait for a slow reader. One more ends the iteration: after those that wait, `next()`
   * rejects with `slow-consumer`. Default `limits.iterator`, 1,000.
   */
  readonly buffer?: number | undefined
  readonly signal?: Signal | undefined
}

/** What a publication says beside its message. */
export interface Delivery {
  readonly offset: number
  /** When the broker stored it: milliseconds since 1970. */
  readonly time: number
  /** Who published it, where the channel says so. */
  readonly from: Publisher | undefined
  readonly id: string | undefined
  /** In a state channel, what it is about: it takes the place of the one before with this key. */
  readonly key: string | undefined
  /** How many were left out right before it, because this client reads slowly and newer ones have taken their places. */
  readonly skipped: number
  /** True when it was read from history: on subscribing, or to make up for what was missed. */
  readonly recovered: boolean
}

/** A publication as `history()` and iteration give it. */
export interface Received<Message = unknown> extends Delivery {
  readonly message: Message
}

/** A publication from an iteration; `gap` is what was lost right before it. */
export interface Iterated<Message = unknown> extends Received<Message> {
  readonly gap: Gap | undefined
}

export interface HistoryPage<Message = unknown> {
  /** Oldest first. */
  readonly publications: readonly Received<Message>[]
  /** The head of the stream when it was read. */
  readonly position: Position
  /** Whether there are more in the direction asked. */
  readonly more: boolean
  /** What could not be read of what was asked with `since`. */
  readonly gap: Gap | undefined
}

export interface ChannelMember<Data = unknown> {
  readonly session: string
  readonly user: string | undefined
  /** When it entered: milliseconds since 1970. */
  readonly since: number
  readonly data: Data
}

/** The members of a channel, and the nodes that did not answer in time (usually none). */
export interface MemberList<Data = unknown> extends ReadonlyArray<ChannelMember<Data>> {
  readonly silent: readonly string[]
}

/** Everybody who is present, and what changed since the event before. */
export interface PresenceEvent<Data = unknown> {
  readonly members: readonly ChannelMember<Data>[]
  readonly joined: readonly ChannelMember<Data>[]
  readonly updated: readonly ChannelMember<Data>[]
  readonly departed: readonly ChannelMember<Data>[]
}

/** `subscribing` also while the connection is away. `failed`: the server refused, and asking again would not help. */
export type ChannelState =
  | { readonly name: 'unsubscribed'; readonly error?: undefined }
  | { readonly name: 'subscribing'; readonly error?: undefined }
  | { readonly name: 'subscribed'; readonly error?: undefined }
  | { readonly name: 'failed'; readonly error: MillraceError }

export interface ChannelEvents<T extends ChannelTypes = ChannelTypes> {
  /** A publication. A listener subscribes. */
  message: [message: T['message'], delivery: Delivery]
  /** Publications that could not be recovered. Told once, before what comes after. Never of a state channel. */
  gap: [gap: Gap]
  /** Of a state channel: this key has no value any more. A listener subscribes. */
  removed: [key: string, delivery: Delivery]
  /** Of a state channel: what comes next is all there is; what was known is void. */
  snapshot: []
  /** An ephemeral message. A listener subscribes. */
  ephemeral: [message: T['ephemeral'], sender: { readonly from: Publisher | undefined }]
  /** Members came, changed or went. A listener subscribes, with presence. */
  presence: [event: PresenceEvent<T['member']>]
  state: [state: ChannelState]
  /** The subscription was refused or ended, or a message could not be read. */
  error: [error: Error]
}

export interface SubscriptionOptions<T extends ChannelTypes = ChannelTypes> {
  /** How many of the newest publications to receive on subscribing for the first time. Default 0. */
  readonly history?: number | undefined
  /** Whether to follow presence. Default false, true once there is a 'presence' listener. */
  readonly presence?: boolean | undefined
  /** A position kept from an earlier life: what came after it is received on subscribing. */
  readonly since?: Position | undefined
  /** Enters presence with this data on subscribing. */
  readonly member?: T['enter'] | undefined
  /**
   * What allows it, where the server wants a token for the channel: itself, or a function that is asked whenever it subscribes, after a cut and when the token has
   * ended too. One that throws a MillraceError which is not to be tried again makes the channel fail; another error is tried again.
   */
  readonly token?: string | (() => string | Promise<string>) | undefined
}

/**
 * A channel as one part of an application sees it. Handles of the same name share one subscription, which lives as long
 * as any of them has use for it; options and positions are shared, listeners are the handle's own.
 */
export interface Channel<T extends ChannelTypes = ChannelTypes> {
  readonly name: string
  readonly state: ChannelState
  /** The position of the last publication handed on: keep it to go on from there in another life, as `since`. */
  readonly position: Position | undefined
  /**
   * Of a state channel, while subscribed: the newest message of each key, in the order of their offsets, without those whose time
   * (`history.ttl` of the channel) is over.
   */
  readonly values: ReadonlyMap<string, Received<T['message']>>
  /**
   * Calls the listener on every event until the function it returns is called. Listeners for 'message', 'ephemeral' and
   * 'presence' subscribe, at the end of the turn; the subscription ends with the last of them.
   */
  on<E extends keyof ChannelEvents<T>>(
    event: E,
    listener: (...args: ChannelEvents<T>[E]) => void,
    options?: ListenOptions,
  ): () => void
  /**
   * Subscribes until `unsubscribe()`. Resolves when the server has confirmed. Rejects with the server's refusal, `timeout`,
   * or `aborted`; then this call keeps nothing subscribed.
   */
  subscribe(options?: RequestOptions): Promise<void>
  /** Ends this handle's use of the subscription: iterations end, listeners hear nothing until the next use. */
  unsubscribe(): Promise<void>
  /**
   * Publishes, and resolves with the position when the publication is stored as durably as the channel says. While there
   * is no connection it waits its turn. When the connection is lost before the answer came, or the answer is `unavailable`,
   * it is sent again with the same id until its timeout, which the broker stores once within its dedupe window; after that,
   * or with a broker that has none, it may be stored twice. Rejects with the server's refusal, `unavailable` or `timeout` when
   * its time is up, `aborted`, `message-too-large` or `limit-exceeded`.
   */
  publish(data: T['publish'], options?: PublishOptions): Promise<Published>
  /** Takes the value of a state channel's key away. Rejects as `publish` does. */
  remove(key: string, options?: PublishOptions): Promise<Published>
  /** Sends to whoever is subscribed now. Dropped without a word when there is no connection or the link is congested. */
  sendEphemeral(data: T['sendEphemeral'], options?: { readonly excludeSelf?: boolean | undefined }): void
  /** Enters presence, or changes this session's data. Subscribes where that is still to be done, and enters again after every cut. */
  enter(data: T['enter'], options?: RequestOptions): Promise<void>
  leave(options?: RequestOptions): Promise<void>
  /** Asks the server who is present. Needs no subscription. */
  members(options?: RequestOptions): Promise<MemberList<T['member']>>
  /** Reads stored publications. Needs no subscription. */
  history(request?: HistoryRequest): Promise<HistoryPage<T['message']>>
  /** The publications from now on; see IterateOptions for slow readers. Leaving the loop unsubscribes, if nobody else has use for it. */
  messages(options?: IterateOptions): AsyncIterableIterator<Iterated<T['message']>>
  [Symbol.asyncIterator](): AsyncIterableIterator<Iterated<T['message']>>
}

export interface ClientEvents {
  state: [state: ClientState]
  /** What has no better place: errors thrown by listeners, refused subscriptions nobody waits for, a close for good. */
  error: [error: Error]
  /** The server subscribed this session to a channel. */
  subscription: [channel: Channel<ChannelTypes>]
}

/** A call from the server, or from another client through it. `AbortedBy` is AbortSignal wherever the client runs. */
export interface IncomingCall<Request, AbortedBy = Signal> {
  readonly request: Request
  /** Its name. One that waited for this user, and may come again after the connection was lost, comes again under the same. */
  readonly id: string
  /** Aborts when nobody waits for the answer any more: its time is over, or the connection is lost. */
  readonly signal: AbortedBy
}

export interface Client<A extends Api, AbortedBy = Signal> {
  readonly state: ClientState
  /** The session's id, once connected. */
  readonly session: string | undefined
  /** The user the token stands for, once connected. */
  readonly user: string | undefined
  /** By which way the last connection goes or went, and why not by a better one. */
  readonly transport: Via | undefined
  /**
   * How long the last publication took from the moment when it was stored to its delivery here, in milliseconds; the difference
   * between the clocks is taken out, as far as the connection lets it be known. Undefined before there was one.
   */
  readonly lag: number | undefined
  /**
   * Connects, from `closed` too. Resolves when connected; rejects with `timeout` while attempts go on, or with the code for
   * which the client is closed. Needed only with `autoConnect: false` or after a close.
   */
  connect(options?: RequestOptions): Promise<void>
  /** Ends the session. What is pending rejects with `aborted`; subscriptions are kept for the next `connect()`. */
  close(reason?: string): void
  /** A handle on a channel. Nothing is sent until it is used. */
  channel<N extends ChannelNameOf<A>>(
    name: N,
    options?: SubscriptionOptions<ChannelTypesOf<A, N>>,
  ): Channel<ChannelTypesOf<A, N>>
  /**
   * Calls the server. Rejects with what the handler or the server answered, `timeout`, `aborted`, or `connection-lost`
   * when the connection went away after the call was sent: whether it was carried out is then unknown.
   */
  call<M extends keyof A['calls'] & string>(
    method: M,
    data: CallTypesOf<A, M>['request'],
    options?: CallRequestOptions,
  ): Promise<CallTypesOf<A, M>['response']>
  /** Answers calls from the server. One handler per method; the function it returns removes it. */
  handle<M extends keyof A['calls'] & string>(
    method: M,
    handler: (
      call: IncomingCall<CallTypesOf<A, M>['handled'], AbortedBy>,
    ) => CallTypesOf<A, M>['respond'] | Promise<CallTypesOf<A, M>['respond']>,
  ): () => void
  on<E extends keyof ClientEvents>(
    event: E,
    listener: (...args: ClientEvents[E]) => void,
    options?: ListenOptions,
  ): () => void
}

/** Where the token comes from: itself, or a function that is asked on every attempt to connect. */
export type TokenSource<AbortedBy = Signal> =
  | string
  | ((context: { readonly signal: AbortedBy }) => string | Promise<string>)

/** The options that do not depend on the platform. Defaults are in options.ts. */
export interface CoreOptions<A extends Api, AbortedBy = Signal> {
  /** Who this is. A function that throws `new MillraceError('unauthenticated')` closes the client; another error is tried again. */
  readonly token?: TokenSource<AbortedBy> | undefined
  /** The api's value. Needed only where it names codecs. */
  readonly api?: A | undefined
  /** How messages are written. Default JSON; `binary()` from `@millrace/client/binary` for Protocol Buffers. */
  readonly dialect?: ClientDialect | undefined
  /** Codecs for payloads that are not JSON. */
  readonly codecs?: PayloadCodecs | undefined
  /** Whether the first use connects. Default true. */
  readonly autoConnect?: boolean | undefined
  readonly backoff?:
    | {
        /**
         * Delays are random below a bound: the time since the connection was lost, and this where that is less. Default
         * 500 ms.
         */
        readonly base?: Duration | undefined
        /** Upper end of any delay. Default 10 seconds. */
        readonly cap?: Duration | undefined
        /** A connection that lived so long starts the series afresh. Default 10 seconds. */
        readonly stableAfter?: Duration | undefined
      }
    | undefined
  readonly timeouts?:
    | {
        /** One attempt to connect, token included. Default 10 seconds. */
        readonly connect?: Duration | undefined
        /** Any request that does not say otherwise. Default 10 seconds. */
        readonly request?: Duration | undefined
      }
    | undefined
  readonly limits?:
    | {
        /** Requests without an answer yet, sent or waiting. Default 1,000. */
        readonly pending?: number | undefined
        /** Publications held back per channel while a hole is being closed. Default 1,000. */
        readonly held?: number | undefined
        /** Publications that wait for a slow iteration. Default 1,000. */
        readonly iterator?: number | undefined
        /** Bytes in the socket's buffer above which ephemeral messages are dropped. Default 65,536. */
        readonly congestion?: number | undefined
      }
    | undefined
}
