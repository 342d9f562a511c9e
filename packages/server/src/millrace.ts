/** What an application sees of a server. It holds no code. */
import type { AddressInfo } from 'node:net'
import type {
  Api,
  CallTypesOf,
  ChannelNameOf,
  ChannelTypesOf,
  CodeName,
  Duration,
  OpenApi,
  ParamsOf,
  Position,
  Publisher,
  Target,
} from '@millrace/protocol'
import type {
  Action,
  Appended,
  Counters,
  Ended,
  IdentityOf,
  MaybePromise,
  PendingCommand,
  Revocable,
  Revoked,
  User,
} from './hub/index.js'
import type { ListenOptions } from './listen-options.js'
import type { HttpServerLike } from './node/http-server-like.js'
import type { WebhookStats } from './webhooks/index.js'

/** A publication as the application reads it. */
export interface ServerPublication<Message> {
  readonly message: Message
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly id: string | undefined
  readonly from: Publisher | undefined
}

export interface ServerHistory<Message> {
  /** Oldest first. */
  readonly publications: readonly ServerPublication<Message>[]
  /** Head of the stream when it was read. */
  readonly position: Position
}

export interface ServerMember<Data> {
  readonly session: string
  readonly user: string | undefined
  readonly since: number
  readonly data: Data
}

/** What an authorize hook is asked. */
export interface ChannelAccess<P extends string, U extends User | undefined> {
  /** Who asks; undefined where the server has no `auth`. */
  readonly user: U
  readonly session: string
  readonly channel: string
  readonly params: ParamsOf<P>
  readonly action: Action
}

/** The rules of one channel pattern. */
export interface ChannelRules<P extends string, U extends User | undefined> {
  /** Sets the hook that decides every action on these channels. Only `true` allows; throw a MillraceError to say why not. */
  authorize(hook: (access: ChannelAccess<P, U>) => MaybePromise<boolean>): ChannelRules<P, U>
}

export interface SessionInfo<U extends User | undefined> {
  readonly session: string
  readonly user: U
}

/** How a call of a client goes about. */
export interface PeerCallOptions {
  /** How long the client may take to answer. Default: as the api says, or 10 seconds. */
  readonly timeout?: Duration
}

/** A call that waits for its user, such as a command to a device that comes and goes. */
export interface CommandOptions extends PeerCallOptions {
  /** How long it may wait until a session of the user takes it. Default, and at most: `wait.ttl` of the call in the api. */
  readonly ttl?: Duration
  /** Of a user's commands with the same key, one is carried out after the other, in the order they were asked. */
  readonly key?: string
  /**
   * Its name, at most 255 characters. Asking again under the same id, on any node and also after a restart where the broker keeps
   * its data, is asking the same: it is carried out once, and has the same answer. Default: a new one.
   */
  readonly id?: string
}

/** A command that is stored. */
export interface DeviceCommand<Response> {
  readonly id: string
  /**
   * Its end: what the device answered. Rejects with the device's error; with `expired` when no session took it in time; with
   * `connection-lost` when the device went away with it and did not come back in time; with `timeout` when it did not answer, or when
   * it is not known what became of it; with `aborted` when it was cancelled; with `unavailable` when this server or the broker's data
   * goes: then ask again under the same id. It need not be looked at.
   */
  readonly answer: Promise<Response>
}

/** What lets a client in that can send neither a token nor a header: once, on whichever node. */
export interface SingleUseTicket {
  /** For the parameter `ticket` of a URL: letters, digits, `-` and `_`, 4,096 of them at most. It says nothing to who reads it. */
  readonly ticket: string
  /** Milliseconds for which it lets somebody in. */
  readonly expiresIn: number
}

export interface TicketOptions {
  /** How long it lets somebody in. Default 30 seconds; at most 4 minutes, because brokers remember for five what was used. */
  readonly ttl?: Duration
}

/** How a node does. */
export interface ServerStats {
  /** Sessions that are connected or connecting, here. */
  readonly sessions: number
  /** What became of slow readers since the start. */
  readonly slow: Readonly<Counters>
  /** How backends were told what happened, since the start. */
  readonly webhooks: WebhookStats
}

/** How the application publishes. */
export interface ServerPublishOptions {
  readonly id?: string
  readonly version?: number
  readonly expect?: number
}

/** One or more sessions: a session, or all devices of a user. Of other nodes' sessions it knows how to call and how to end them. */
export interface Peers<A extends Api, U extends User | undefined> {
  /** The open sessions on this node, oldest first. */
  sessions(): readonly SessionInfo<U>[]
  /** Subscribes each; no authorize hook is asked. Rejects with `revoked` where the channel was taken away from one. */
  subscribe(channel: ChannelNameOf<A>): Promise<void>
  /** Ends the subscription of each that has it, and tells it why. */
  unsubscribe(channel: ChannelNameOf<A>, reason?: string): Promise<void>
  /**
   * Calls the newest session, one on this node before those on others, and resolves with its answer. Rejects with `no-such-target`
   * when there is none, with `timeout`, which names nodes that were silent, with `connection-lost` when the session ends first, or
   * with the error the client answered.
   */
  call<M extends keyof A['calls'] & string>(
    method: M,
    request: CallTypesOf<A, M>['request'],
    options?: PeerCallOptions,
  ): Promise<CallTypesOf<A, M>['response']>
  /**
   * Closes them, on all nodes: here at once; resolves when the others have answered. With the default code `disconnected` clients stay away. Rejects with
   * `unavailable` when the other nodes cannot be reached.
   */
  disconnect(reason?: string, code?: CodeName): Promise<Ended>
}

/** All devices of a user, and what waits for them. */
export interface UserPeers<A extends Api, U extends User | undefined> extends Peers<A, U> {
  /**
   * Asks a device of the user, now or when one is there: for calls that have `wait` in the api. Resolves when it is stored, as durably as
   * the broker stores. Rejects with `not-available` for a call without `wait`, with `limit-exceeded` when too much waits already or the
   * ttl is too long, with `invalid-payload`, `timeout` or `unavailable`.
   */
  command<M extends keyof A['calls'] & string>(
    method: M,
    request: CallTypesOf<A, M>['request'],
    options?: CommandOptions,
  ): Promise<DeviceCommand<CallTypesOf<A, M>['response']>>
  /** What waits for the user or is under way, in order. */
  commands(): Promise<readonly PendingCommand[]>
  /** Gives up a command that waits. False when it is under way, over, or not known. */
  cancel(id: string): Promise<boolean>
}

export interface ServerEvents<U extends User | undefined> {
  connect: [session: SessionInfo<U>]
  /** `code`: why, from the table of codes or RFC 6455 §7.4.1. */
  disconnect: [session: SessionInfo<U>, code: number]
}

export interface MillraceServer<A extends Api = OpenApi, U extends User | undefined = undefined> {
  /** The rules of a pattern of the api. Throws a TypeError when the api has no such pattern. */
  channel<P extends keyof A['channels'] & string>(pattern: P): ChannelRules<P, U>
  /** Answers a call. Throw a MillraceError to refuse it; any other error is told as `internal-error` and logged. */
  handle<M extends keyof A['calls'] & string>(
    method: M,
    handler: (call: {
      readonly request: CallTypesOf<A, M>['handled']
      readonly user: U
      readonly session: string
    }) => MaybePromise<CallTypesOf<A, M>['respond']>,
  ): void
  /** Lets clients call other clients' handlers of this method where the hook says true. */
  relay<M extends keyof A['calls'] & string>(
    method: M,
    hook: (call: {
      readonly user: U
      readonly session: string
      readonly to: Target
    }) => MaybePromise<boolean>,
  ): void
  /**
   * Publishes; resolves with the position when it is stored. Rejects with `invalid-payload` and the field, `unknown-channel`, or
   * `unavailable`. The same `id` within five minutes is stored once. With a `version`, which grows with what the message says,
   * a message that comes after a newer one is not stored. `skipped` says so in either case. In a state channel, with `expect`, the
   * offset of the value it takes the place of (0 for none), it rejects with `conflict` where the newest is another one.
   */
  publish<N extends ChannelNameOf<A>>(
    channel: N,
    message: ChannelTypesOf<A, N>['publish'],
    options?: ServerPublishOptions,
  ): Promise<Appended>
  /** Takes the value of a state channel's key away. Rejects as `publish` does. */
  remove<N extends ChannelNameOf<A>>(
    channel: N,
    key: string,
    options?: ServerPublishOptions,
  ): Promise<Appended>
  /** Sends to whoever is subscribed now; nothing is stored. */
  sendEphemeral<N extends ChannelNameOf<A>>(
    channel: N,
    message: ChannelTypesOf<A, N>['sendEphemeral'],
  ): Promise<void>
  /** The newest publications, at most `limit` (default 100), before offset `before` when given. */
  history<N extends ChannelNameOf<A>>(
    channel: N,
    options?: { readonly limit?: number; readonly before?: number },
  ): Promise<ServerHistory<ChannelTypesOf<A, N>['message']>>
  /** Who is in the channel. */
  presence<N extends ChannelNameOf<A>>(
    channel: N,
  ): Promise<readonly ServerMember<ChannelTypesOf<A, N>['member']>[]>
  /**
   * Takes away from a user, a session or a token what it may, on all nodes: connections end within a second as `access-revoked`, and new ones are refused
   * with `revoked`. Of a user, tokens that are issued later are welcome again. Remembered for a day, or `for` as long as your tokens live, 30 days
   * at most. Resolves when it is stored and the other nodes have done it; those that did not answer are named, and find it in the store. Rejects
   * with `unavailable` when it could not be stored. Throws a TypeError without `auth`, or when not one of the three is given.
   *
   * With `channels` or `calls` only these are taken away, and connections live on: subscriptions that are not allowed any more end within a second with
   * `revoked`, and so is refused what is not allowed. It comes before hooks and tokens. Different things add up; said again, the same has the
   * new `for`, and `for: 0` gives it back. Rejects with `limit-exceeded` when more than 100 things would be taken from one subject.
   */
  revoke(what: Revocable, options?: { readonly for?: Duration }): Promise<Revoked>
  /**
   * Makes a ticket for a client that can only be given a URL, such as EventSource: `?ticket=…` lets it in once, as this user, in the place of a token. Of a user it is as if
   * issued now, and its session has no end; an `Identity` is taken as it is, and the session ends with its `expires`. A user must be what JSON carries. Rejects with
   * `unauthenticated` or `revoked` for an identity that would not be let in, with `unavailable` when the broker cannot be reached, and with a TypeError without `auth`,
   * for a ttl that may not be, and for what a ticket cannot carry.
   */
  ticket(who: NonNullable<U> | IdentityOf<NonNullable<U>>, options?: TicketOptions): Promise<SingleUseTicket>
  /** All devices of a user. */
  user(id: string): UserPeers<A, U>
  session(id: string): Peers<A, U>
  /** Calls the listener until the function it returns is called. */
  on<E extends keyof ServerEvents<U>>(event: E, listener: (...args: ServerEvents<U>[E]) => void): () => void
  /** Serves the endpoint on your HTTP server, be it of node:http, node:https or node:http2, beside whatever else it does. Returns at once. */
  attach(server: HttpServerLike): void
  /**
   * Serves the endpoint on a server of its own, default port 8080, with `tls` over TLS. Resolves when it listens; rejects, with what to do, when the
   * port is taken, or when something is wrong with the certificate or its key.
   */
  listen(port?: number | ListenOptions): Promise<AddressInfo>
  /**
   * Takes up the certificate of `listen({ tls })` anew: reads its files, or asks the callback. Connections that are open go on. Files that change are
   * noticed without it. Rejects with what is wrong; then the certificate before stays in use. Rejects with a TypeError without `tls`.
   */
  reloadTls(): Promise<void>
  /** How this node does. */
  stats(): ServerStats
  /** Tells clients to come back elsewhere, closes their connections, stops listening. Backends are told what waits for them, for 5 seconds at most. */
  close(): Promise<void>
}
