import type { StandardSchemaV1 } from '@standard-schema/spec'
import {
  type ChannelPattern,
  checkChannelName,
  matchPattern,
  type NamesOf,
  parsePattern,
} from './channel-name.js'
import { MillraceError } from './codes.js'
import { type Duration, milliseconds } from './duration.js'
import { CODECS, type CodecName, type PayloadCodec } from './payload.js'

/** Any schema of the Standard Schema family: zod, valibot, arktype and others (https://standardschema.dev). */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>
type AnySchema = StandardSchemaV1<unknown, unknown>

/** A codec by name, or one of your own, for Protocol Buffers say: what is written is marked with its name. */
export type CodecChoice = CodecName | (PayloadCodec & { readonly name: CodecName })

/** How well a channel's publications are kept. */
export const DURABILITIES = ['memory', 'disk'] as const
export type Durability = (typeof DURABILITIES)[number]

export interface HistoryOptions {
  /** How many publications are kept at most. Default 256; with `conflate`, how many keys: 10,000. */
  readonly size?: number
  /** How long they are kept. Default 10 minutes; with `conflate`, how long a value lasts since it was published: 24 hours. */
  readonly ttl?: Duration
}

/** Names the field that says what a message is about, or tells it from the message: a string, or a number. */
export type KeyOf = string | ((message: never) => string | number)

/** The same for messages of this type: a field that is a string or a number, or a function of the message. */
export type KeyFor<Message> =
  | (unknown extends Message
      ? string
      : { [K in keyof Message]-?: Message[K] extends string | number ? K : never }[keyof Message] & string)
  | ((message: Message) => string | number)

/**
 * What becomes of a subscriber that reads too slowly. `disconnect`: when too much waits for it, its connection is closed, and it comes
 * back through recovery. `drop-oldest`: what it could not be sent is told as a gap. `conflate`: of a state channel it gets the newest of
 * each key, and how many it has skipped.
 */
export const SLOW_POLICIES = ['disconnect', 'drop-oldest', 'conflate'] as const
export type SlowPolicy = (typeof SLOW_POLICIES)[number]

/** What a channel carries and keeps. Every option has a default: `channel()` is any JSON, kept for ten minutes. */
export interface ChannelOptions<
  M extends AnySchema | undefined = AnySchema | undefined,
  E extends AnySchema | undefined = AnySchema | undefined,
  P extends AnySchema | undefined = AnySchema | undefined,
> {
  /** What it is for, in a sentence or two: for documents that are made of the api. */
  readonly description?: string
  /** Schema of publications. Without one, any JSON value passes. */
  readonly message?: M
  /** Schema of ephemeral messages. Without one, the channel has none. */
  readonly ephemeral?: E
  /** Schema of a member's data. Without one, the channel has no presence. */
  readonly presence?: P
  readonly history?: HistoryOptions
  /**
   * Makes it a state channel: of each key only the newest publication is kept, and who subscribes gets what is kept. The name of a
   * field of the message, or a function of it.
   */
  readonly conflate?: KeyOf
  /** What becomes of a subscriber that reads too slowly. Default `conflate` for a state channel, else `disconnect`. */
  readonly slow?: SlowPolicy
  /**
   * What an acknowledged publication survives: `disk` also the end of the server's process, where the broker has a disk;
   * `memory` is quicker and costs no disk. Default: the broker's best.
   */
  readonly durability?: Durability
  /** How publications become bytes. Default `json`. */
  readonly codec?: CodecChoice
  /** Who may publish without an authorize hook that says so: nobody (the default), or any session. */
  readonly publish?: 'authorized' | 'anyone'
  /** Whether publications and ephemeral messages say which session and user sent them. Default false. */
  readonly identify?: boolean
}

/** How a call may wait for a user who is not connected. */
export interface WaitOptions {
  /** How long a caller may have it wait at most; up to 24 days. Default 24 hours. */
  readonly ttl?: Duration
  /** How many calls of this method may wait for one user. Default 1,000. */
  readonly size?: number
}

export interface CallOptions<Q extends AnySchema | undefined, R extends AnySchema | undefined> {
  /** What it is for, in a sentence or two: for documents that are made of the api. */
  readonly description?: string
  /** Schema of the request. Without one, any JSON value passes. */
  readonly request?: Q
  /** Schema of the response. */
  readonly response?: R
  /** How long the caller waits. Default 10 seconds. */
  readonly timeout?: Duration
  readonly codec?: CodecChoice
  /** Lets callers have it wait for a user who is not connected, as a command to a device. Without it, it never waits. */
  readonly wait?: WaitOptions
}

declare const typed: unique symbol

export interface ChannelDefinition<T extends ChannelTypes = ChannelTypes> extends ChannelOptions {
  /** Carries types only; never present at run time. */
  readonly [typed]?: T
}
export interface CallDefinition<T extends CallTypes = CallTypes>
  extends CallOptions<AnySchema | undefined, AnySchema | undefined> {
  readonly [typed]?: T
}

/** The types of a channel: what goes in (before the schema's transforms) and what comes out. */
export interface ChannelTypes {
  publish: unknown
  message: unknown
  sendEphemeral: unknown
  ephemeral: unknown
  enter: unknown
  member: unknown
}
export interface CallTypes {
  request: unknown
  handled: unknown
  respond: unknown
  response: unknown
}

type In<S, None> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : None
type Out<S, None> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : None

/** Defines a channel: `channel({ message: z.object({ text: z.string() }), history: { size: 200, ttl: '24h' } })`. */
export function channel<
  M extends AnySchema | undefined = undefined,
  E extends AnySchema | undefined = undefined,
  P extends AnySchema | undefined = undefined,
>(
  options: Omit<ChannelOptions<M, E, P>, 'conflate'> & {
    readonly conflate?: KeyFor<Out<M, unknown>>
  } = {},
): ChannelDefinition<{
  publish: In<M, unknown>
  message: Out<M, unknown>
  sendEphemeral: In<E, never>
  ephemeral: Out<E, never>
  enter: In<P, never>
  member: Out<P, never>
}> {
  return options
}

/** Defines a call: `call({ request: Command, response: Result, timeout: '10s' })`. */
export function call<
  Q extends AnySchema | undefined = undefined,
  R extends AnySchema | undefined = undefined,
>(
  options: CallOptions<Q, R> = {},
): CallDefinition<{
  request: In<Q, unknown>
  handled: Out<Q, unknown>
  respond: In<R, unknown>
  response: Out<R, unknown>
}> {
  return options
}

/** An application's channels and calls, as `defineApi` gives them. */
export interface Api {
  readonly channels: { readonly [pattern: string]: ChannelDefinition }
  readonly calls: { readonly [method: string]: CallDefinition }
  /** The codec of a channel's publications; undefined where the api gives it none, or does not know the name. */
  codecOf(channel: string): CodecChoice | undefined
}

/** The api when none is defined: any channel name, any JSON, any method. */
export interface OpenApi extends Api {
  readonly channels: { readonly [pattern: string]: ChannelDefinition<OpenChannel> }
  readonly calls: { readonly [method: string]: CallDefinition<OpenCall> }
}
// Values of an undefined api are whatever the application says they are.
// biome-ignore-start lint/suspicious/noExplicitAny: an open api gives the developer's own types free way
interface OpenChannel extends ChannelTypes {
  message: any
  ephemeral: any
  member: any
}
interface OpenCall extends CallTypes {
  handled: any
  response: any
}
// biome-ignore-end lint/suspicious/noExplicitAny: end of the open api

/**
 * Defines an application's channels and calls in one place, shared by server and client. Patterns, method names and
 * options are checked at once: a mistake is a TypeError at startup that names the channel or call.
 */
export function defineApi<
  const C extends Api['channels'] = Record<never, never>,
  const K extends Api['calls'] = Record<never, never>,
>(definition: {
  readonly channels?: C
  readonly calls?: K
}): { readonly channels: C; readonly calls: K; readonly codecOf: Api['codecOf'] } {
  const { channels = {} as C, calls = {} as K } = definition
  const table = channelTable({ channels })
  checkOptions({ channels, calls })
  return { channels, calls, codecOf: (name) => table.find(name)?.definition.codec }
}

function checkOptions({ channels, calls }: Pick<Api, 'channels' | 'calls'>): void {
  for (const [pattern, options] of Object.entries(channels)) checkChannel(`Channel '${pattern}'`, options)
  for (const [method, { timeout, codec, wait }] of Object.entries(calls)) {
    const of = `Call '${method}'`
    if (!/^[A-Za-z][\w.:/-]{0,127}$/.test(method))
      throw new TypeError(
        `${of}: a method name is a letter, then up to 127 of letters, digits, '_', '.', ':', '/' and '-'`,
      )
    milliseconds(timeout ?? 0, `${of}: timeout`)
    if (wait !== undefined) checkWait(of, wait)
    checkCodec(of, codec)
  }
}

function checkChannel(
  of: string,
  { history, codec, conflate, slow, durability = 'disk' }: ChannelDefinition,
): void {
  const size = history?.size ?? 0
  if (!Number.isSafeInteger(size) || size < 0)
    throw new TypeError(`${of}: history.size must be a whole number of publications, not ${String(size)}`)
  milliseconds(history?.ttl ?? 0, `${of}: history.ttl`)
  if (!DURABILITIES.includes(durability))
    throw new TypeError(
      `${of}: durability must be one of ${DURABILITIES.join(', ')}, not ${String(durability)}`,
    )
  if (!['undefined', 'function', 'string'].includes(typeof conflate) || conflate === '')
    throw new TypeError(
      `${of}: conflate must be the name of a field of the message, or a function that says its key`,
    )
  if (slow !== undefined && !SLOW_POLICIES.includes(slow))
    throw new TypeError(`${of}: slow must be one of ${SLOW_POLICIES.join(', ')}, not ${String(slow)}`)
  if (slow === 'conflate' && conflate === undefined)
    throw new TypeError(`${of}: slow: 'conflate' needs conflate, which says what is the same`)
  checkCodec(of, codec)
}

/** 24 days, in milliseconds. */
const MAX_WAIT = 2_073_600_000

function checkWait(of: string, { ttl = '24h', size = 1 }: WaitOptions): void {
  const ms = milliseconds(ttl, `${of}: wait.ttl`)
  // Timers of most platforms take a wait of 25 days for none at all.
  if (ms < 1 || ms > MAX_WAIT)
    throw new TypeError(`${of}: wait.ttl must be more than 0 and at most 24 days, not ${String(ttl)}`)
  if (!Number.isSafeInteger(size) || size < 1)
    throw new TypeError(`${of}: wait.size must be a whole number of at least 1, not ${String(size)}`)
}

function checkCodec(of: string, choice: CodecChoice | undefined): void {
  const name = codecName(choice)
  if (!CODECS.includes(name))
    throw new TypeError(`${of}: codec must be one of ${CODECS.join(', ')}, not ${String(name)}`)
}

/** The patterns of an api that match names of type N: usually one. */
export type PatternFor<A extends Api, N extends string> = {
  [P in keyof A['channels'] & string]: N extends NamesOf<P> ? P : never
}[keyof A['channels'] & string]

/** Every channel name the api knows, as a type. */
export type ChannelNameOf<A extends Api> = NamesOf<keyof A['channels'] & string>

type TypesOf<D> = D extends ChannelDefinition<infer T> ? T : ChannelTypes
/** The types of the channel with this name. */
export type ChannelTypesOf<A extends Api, N extends string> = TypesOf<A['channels'][PatternFor<A, N>]>
/** The types of the channel with this pattern. */
export type PatternTypesOf<A extends Api, P extends keyof A['channels']> = TypesOf<A['channels'][P]>
export type CallTypesOf<A extends Api, M extends keyof A['calls']> =
  A['calls'][M] extends CallDefinition<infer T> ? T : CallTypes

/** A name resolved against an api. */
export interface ResolvedChannel {
  readonly pattern: string
  readonly definition: ChannelDefinition
  readonly params: Readonly<Record<string, string>>
}

export interface ChannelTable {
  /** Undefined for a name that no pattern matches. */
  find(name: string): ResolvedChannel | undefined
  /** Throws `invalid-channel` or `unknown-channel`. */
  resolve(name: string): ResolvedChannel
}

interface TableEntry {
  readonly parsed: ChannelPattern
  readonly definition: ChannelDefinition
}

/**
 * Finds the definition of a channel name: within its namespace the most literal pattern that matches wins. Without an api
 * every name is known. Throws a TypeError for a pattern that is none, or that another one makes pointless. Rule [P2.3].
 */
export function channelTable(api: Pick<Api, 'channels'> | undefined): ChannelTable {
  const namespaces = new Map<string, TableEntry[]>()
  const shapes = new Map<string, string>()
  for (const [pattern, definition] of Object.entries(api?.channels ?? {})) {
    const parsed = parsePattern(pattern)
    const shape = pattern.replace(/\{\w*\}/g, '{}')
    const twin = shapes.get(shape)
    if (twin !== undefined)
      throw new TypeError(`Channel patterns '${twin}' and '${pattern}' match the same names`)
    shapes.set(shape, pattern)
    const entries = namespaces.get(parsed.namespace) ?? []
    entries.push({ parsed, definition })
    entries.sort(
      (a, b) => b.parsed.literal - a.parsed.literal || a.parsed.params.length - b.parsed.params.length,
    )
    namespaces.set(parsed.namespace, entries)
  }
  const find = (name: string): ResolvedChannel | undefined => {
    const namespace = name.slice(0, name.indexOf(':'))
    if (api === undefined) return { pattern: `${namespace}:*`, definition: OPEN, params: {} }
    for (const { parsed, definition } of namespaces.get(namespace) ?? []) {
      const params = matchPattern(parsed, name)
      if (params !== undefined) return { pattern: parsed.pattern, definition, params }
    }
    return undefined
  }
  return {
    find,
    resolve(name) {
      checkChannelName(name)
      const found = find(name)
      if (found !== undefined) return found
      const known = Object.keys(api?.channels ?? {}).join(', ') || 'no channels'
      throw new MillraceError('unknown-channel', {
        message: `No channel matches '${name}': the api defines ${known}`,
        field: 'channel',
      })
    },
  }
}

/** The schema of a server without an api: takes everything. */
const ANYTHING: Schema = {
  '~standard': { version: 1, vendor: 'millrace', validate: (value) => ({ value }) },
}
const OPEN: ChannelDefinition = { ephemeral: ANYTHING, presence: ANYTHING, publish: 'anyone' }

/** The name of the codec a channel or call uses. */
export const codecName = (choice: CodecChoice | undefined): CodecName =>
  typeof choice === 'object' ? choice.name : (choice ?? 'json')
