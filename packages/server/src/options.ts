/** Every option of a server with its default, checked once: what is inside gets what is resolved here. */
import {
  type Api,
  DEFAULT_PATH,
  type Duration,
  milliseconds,
  type OpenApi,
  type PayloadCodecs,
} from '@millrace/protocol'
import { type ApiKeys, checkKeys } from './admin/api-keys.js'
import type {
  AuthRequest,
  Broker,
  ChannelGrant,
  ChannelTokenRequest,
  IdentityOf,
  Logger,
  MaybePromise,
  Rate,
  RateLimits,
  User,
} from './hub/index.js'
import { resolveWebhooks, type WebhookOptions } from './webhook-options.js'
import type { ResolvedWebhook } from './webhooks/index.js'

/** Which pages may connect: those of the server's own host, the listed ones, or any. */
export type AllowedOrigins = 'same-origin' | '*' | readonly (string | RegExp)[]

/** What clients come by. `stream` is HTTP streaming in the format of EventSource, `poll` is long polling. */
export type TransportName = 'websocket' | 'stream' | 'poll'
const TRANSPORTS: readonly TransportName[] = ['websocket', 'stream', 'poll']

/** So many a second, and so many at once after a while of few. */
export interface RateOptions {
  /** Publications, ephemeral messages and answers. Default 200, and 1,000 at once. */
  readonly messages?: Rate | false
  /** Subscriptions, calls, and what else is asked. Default 100, and 2,000 at once: who comes back subscribes to all again. */
  readonly requests?: Rate | false
  /** Pings and pongs; who sends more is closed. Default 50, and 500 at once. */
  readonly pings?: Rate | false
  /** Bytes. Default 1 MiB, and 8 MiB at once. */
  readonly bytes?: Rate | false
  /** New connections from one address, but from loopback addresses. Default 50, and 1,000 at once. */
  readonly handshakes?: Rate | false
  /** Requests of readers over HTTP from one address, but from loopback addresses. Default 100, and 1,000 at once. */
  readonly reads?: Rate | false
}

export interface LimitOptions {
  /** Largest message a client may send, in bytes. Default 65,536. */
  readonly message?: number
  /**
   * Bytes that may wait for a client that reads slowly: on its connection, and in its subscriptions together; beyond it the connection
   * closes with `slow-consumer`. Of replies no more than that is read ahead. Default 1 MiB.
   */
  readonly outbox?: number
  /** Subscriptions of a session. Default 1,000. */
  readonly subscriptions?: number
  /** Characters of the data, as JSON, with which a client enters presence, which all members and watchers are sent. Default 4,096. */
  readonly memberData?: number
  /** Bytes of publications in one reply to who comes back or asks for history; there may be more replies. Default 256 KiB. */
  readonly recovery?: number
  /** Commands of a session under way at once; beyond it reading pauses. Default 256. */
  readonly pendingCommands?: number
  /** Connections of this node. Default 100,000. */
  readonly connections?: number
  /** Connections of this node that have not said who they are yet. Default 10,000. */
  readonly unauthenticated?: number
  /** Connections of this node from one address; those from loopback addresses are not counted. Default 1,000. */
  readonly connectionsPerAddress?: number
  /** Connections of one user to this node. Default 100. */
  readonly connectionsPerUser?: number
  /** Bytes of a handshake's headers; enforced by `listen`, and by your own server when attached. Default 16 KiB. */
  readonly headers?: number
}

export interface ServerOptions<A extends Api = OpenApi, U extends User | undefined = undefined> {
  /** The channels and calls. Without one every client may use any channel and any JSON: for trying things out; it is warned of. */
  readonly api?: A
  /**
   * Says who connects. Without it everybody may, as nobody in particular. With it, null refuses with `unauthenticated`,
   * and a MillraceError that is thrown refuses with that.
   */
  readonly auth?: (request: AuthRequest) => MaybePromise<U | IdentityOf<U> | null>
  /**
   * Says what a token allows that a client brings for one channel, such as `channelJwt()`: for applications whose backend knows who may what, and the server
   * does not. Null refuses it. Default: no such tokens are taken.
   */
  readonly channelTokens?: (request: ChannelTokenRequest<U>) => MaybePromise<ChannelGrant | null>
  /** Channels to which the server subscribes each new session, such as a user's inbox. */
  readonly subscriptions?: (session: { readonly user: U }) => MaybePromise<readonly string[]>
  /**
   * Where streams live: `memory:` (the default), this process; `disk:./folder`, which survives it; `redis://host` or
   * `rediss://host`, shared by many nodes; or a broker of your own. Those by URL but the first need their packages installed.
   */
  readonly broker?: Broker | 'memory:' | (string & {})
  /** Binary codecs for payloads. MessagePack is built in. */
  readonly codecs?: PayloadCodecs
  /** The endpoint's path. Requests of other transports than WebSocket have paths below it. Default `/millrace`. */
  readonly path?: string
  /** What clients may come by. Default all: `['websocket', 'stream', 'poll']`. */
  readonly transports?: readonly TransportName[]
  /**
   * Whether channels can be read without the SDK, as by EventSource and curl, at `channels/…` below the path, by whoever could subscribe
   * over a WebSocket with the same credentials. Default true.
   */
  readonly readers?: boolean
  /** Pages that may connect, by the Origin header. Clients that send none, which are no browsers, may always. Default `same-origin`. */
  readonly allowedOrigins?: AllowedOrigins
  /**
   * Proxies whose `X-Forwarded-For` says from where a client comes, as addresses or networks: `['127.0.0.1', '10.0.0.0/8']`. Default none: nobody
   * else may say so, for limits count by address. Behind a proxy that is not listed all clients come from it.
   */
  readonly trustedProxies?: readonly string[]
  /** Silence after which a client is asked for a pong. Default 10 seconds. */
  readonly heartbeat?: Duration
  /** How long the answer may take. Default 5 seconds. */
  readonly patience?: Duration
  /** How long the WebSocket handshake and then the connect command may take. Default 10 seconds. */
  readonly connectTimeout?: Duration
  /**
   * How long a member stays present whose connection was lost: who comes back within it, on whichever node, was never away. Who says
   * goodbye departs at once. Default 10 seconds; 0 for none.
   */
  readonly grace?: Duration
  readonly limits?: LimitOptions
  /** How fast one client may send: beyond it commands are answered `rate-limited`. False for as fast as it likes. */
  readonly rates?: RateOptions | false
  /** What backends may ask over HTTP, by keys: publish, read, call, disconnect. Default: it is not served. */
  readonly admin?: AdminOptions
  /** permessage-deflate for clients that offer it: false (default), or the size in bytes from which messages are compressed. */
  readonly compression?: false | { readonly threshold: number }
  /** Backends that are told what happens, in order and at least once while this process lives. The same on all nodes. Default none. */
  readonly webhooks?: readonly WebhookOptions[]
  /** This node's name, in logs and in `connected`. Default: random. */
  readonly node?: string
  /** Where to log. Default: standard error, warnings and errors. */
  readonly logger?: Logger
}

export interface AdminOptions {
  /**
   * The keys that are accepted, as `createApiKey()` of `@millrace/server/admin` makes them; or what asks for them, which is asked again within
   * ten seconds, so that keys come and go while the server runs.
   */
  readonly keys: ApiKeys
  /** Where it is served. Default `admin` below the endpoint's path: `/millrace/admin`. */
  readonly path?: string
  /** Bytes of one request. Default 1 MiB. */
  readonly body?: number
}

export interface ResolvedOptions {
  readonly path: string
  readonly transports: readonly TransportName[]
  readonly readers: boolean
  readonly allowedOrigins: AllowedOrigins
  readonly trustedProxies: readonly string[]
  readonly heartbeat: number
  readonly patience: number
  readonly connectTimeout: number
  readonly grace: number
  readonly limits: Required<LimitOptions>
  readonly rates: RateLimits | undefined
  /** By address. */
  readonly handshakes: Rate | undefined
  readonly admin: Required<AdminOptions> | undefined
  readonly reads: Rate | undefined
  readonly compression: false | { readonly threshold: number }
  readonly webhooks: readonly ResolvedWebhook[]
}

const DEFAULT_LIMITS: Required<LimitOptions> = {
  message: 65_536,
  outbox: 1_048_576,
  subscriptions: 1_000,
  memberData: 4_096,
  recovery: 262_144,
  pendingCommands: 256,
  connections: 100_000,
  unauthenticated: 10_000,
  connectionsPerAddress: 1_000,
  connectionsPerUser: 100,
  headers: 16_384,
}

const DEFAULT_RATES = {
  messages: { perSecond: 200, burst: 1_000 },
  requests: { perSecond: 100, burst: 2_000 },
  pings: { perSecond: 50, burst: 500 },
  bytes: { perSecond: 1_048_576, burst: 8_388_608 },
  handshakes: { perSecond: 50, burst: 1_000 },
  reads: { perSecond: 100, burst: 1_000 },
} as const satisfies { readonly [K in keyof RateOptions]-?: Rate }

/** Fills in the defaults. Throws a TypeError that names the option and says what it may be. */
export function resolveOptions(options: ServerOptions<Api, User>): ResolvedOptions {
  const path = options.path ?? DEFAULT_PATH
  if (!/^\/[^?#]*$/.test(path))
    throw new TypeError(`path must start with '/' and have no '?' or '#', not '${path}'`)
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new TypeError(`limits.${name} must be a whole number of at least 1, not ${String(value)}`)
    }
  }
  return {
    path,
    transports: checkTransports(options.transports ?? TRANSPORTS),
    readers: checkSwitch(options.readers ?? true, 'readers'),
    allowedOrigins: checkOrigins(options.allowedOrigins ?? 'same-origin'),
    trustedProxies: options.trustedProxies ?? [],
    heartbeat: positive(options.heartbeat ?? '10s', 'heartbeat'),
    patience: positive(options.patience ?? '5s', 'patience'),
    connectTimeout: positive(options.connectTimeout ?? '10s', 'connectTimeout'),
    grace: milliseconds(options.grace ?? '10s', 'grace'),
    limits,
    ...resolveRates(options.rates ?? {}),
    admin: options.admin && resolveAdmin(options.admin, path),
    compression: checkCompression(options.compression ?? false),
    webhooks: resolveWebhooks(options.webhooks),
  }
}

const ADMIN_BODY = 1_048_576

function resolveAdmin(
  { keys, path, body = ADMIN_BODY }: AdminOptions,
  below: string,
): Required<AdminOptions> {
  const at = path ?? `${below.replace(/\/$/, '')}/admin`
  if (!/^\/[^?#]*[^/?#]$/.test(at))
    throw new TypeError(
      `admin.path must start with '/', not end with it, and have no '?' or '#', not '${at}'`,
    )
  if (!Number.isSafeInteger(body) || body < 1)
    throw new TypeError(`admin.body must be a whole number of at least 1, not ${String(body)}`)
  if (typeof keys !== 'function') checkKeys(keys)
  return { keys, path: at, body }
}

function positive(duration: Duration, option: string): number {
  const value = milliseconds(duration, option)
  if (value < 1) throw new TypeError(`${option} must be at least 1 ms`)
  return value
}

function checkSwitch(value: boolean, option: string): boolean {
  if (typeof value === 'boolean') return value
  throw new TypeError(`${option} must be true or false, not ${String(value)}`)
}

function checkOrigins(origins: AllowedOrigins): AllowedOrigins {
  if (origins === 'same-origin' || origins === '*') return origins
  if (!Array.isArray(origins)) {
    throw new TypeError(
      `allowedOrigins must be 'same-origin', '*' or a list like ['https://example.com'], not ${String(origins)}`,
    )
  }
  for (const origin of origins as readonly (string | RegExp)[]) {
    if (typeof origin === 'string' && !/^[a-z][a-z0-9+.-]*:\/\/[^/]+$/i.test(origin)) {
      throw new TypeError(
        `allowedOrigins: '${origin}' is not an origin: write scheme and host, as in 'https://example.com'`,
      )
    }
  }
  return origins
}

function checkTransports(transports: readonly TransportName[]): readonly TransportName[] {
  if (
    Array.isArray(transports) &&
    transports.length > 0 &&
    transports.every((name) => TRANSPORTS.includes(name))
  )
    return transports
  throw new TypeError(
    `transports must be a list of ${TRANSPORTS.map((name) => `'${name}'`).join(', ')}, not ${JSON.stringify(transports)}`,
  )
}

function checkCompression(compression: ResolvedOptions['compression']): ResolvedOptions['compression'] {
  if (compression === false || (Number.isSafeInteger(compression.threshold) && compression.threshold >= 0))
    return compression
  throw new TypeError('compression must be false or { threshold: bytes }')
}

function resolveRates(given: RateOptions | false): Pick<ResolvedOptions, 'rates' | 'handshakes' | 'reads'> {
  if (given === false) return { rates: undefined, handshakes: undefined, reads: undefined }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(DEFAULT_RATES, name))
  if (unknown !== undefined)
    throw new TypeError(`rates has no '${unknown}': it has ${Object.keys(DEFAULT_RATES).join(', ')}`)
  const rate = (name: keyof RateOptions): Rate | undefined => {
    const { [name]: value = DEFAULT_RATES[name] } = given
    if (value === false) return undefined
    const { perSecond, burst } = value
    if ([perSecond, burst].every((one) => Number.isFinite(one) && one > 0)) return { perSecond, burst }
    throw new TypeError(`rates.${name} must be { perSecond, burst }, two numbers above 0, or false`)
  }
  const [messages, requests, pings, bytes] = [
    rate('messages'),
    rate('requests'),
    rate('pings'),
    rate('bytes'),
  ]
  return {
    rates: { messages, requests, pings, bytes },
    handshakes: rate('handshakes'),
    reads: rate('reads'),
  }
}
