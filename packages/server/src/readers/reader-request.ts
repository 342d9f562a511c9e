/** What a reader asks for, read from what its request says. [P9.*] */
import { type Duration, MillraceError, type Position, parseDuration } from '@millrace/protocol'
import type { LinkInfo } from '../hub/index.js'
import { decodePercent, readPosition, readWhole } from './position-text.js'
import { isSecret, TICKET } from './secrets.js'

/** A request as the platform gives it. */
export interface Asked {
  /** The channel as it stands in the path, percent-encoded. */
  readonly channel: string
  /** The parameters of the query, decoded, in their order. */
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly info: LinkInfo
}

export interface ReaderRequest {
  readonly channel: string
  /** Of the header `Authorization: Bearer`. RFC 6750 §2.1. */
  readonly token: string | undefined
  readonly info: LinkInfo
}

/** Events from a channel, as they come. */
export interface EventsRequest extends ReaderRequest {
  readonly since: Position | undefined
  readonly history: number | undefined
  /** Whether it asks for events by name, as EventSource does, which takes every status but 200 for the end. */
  readonly isEventSource: boolean
}

/** A part of a channel's stream. Without `since` and `before`, the newest. */
export interface PageRequest extends ReaderRequest {
  readonly since: Position | undefined
  readonly before: number | undefined
  readonly limit: number
  /** Milliseconds for which it may be held until there is something after `since`. 0: it is answered at once. */
  readonly wait: number
}

/** Publications in a page that does not say how many. */
const PAGE = 100
/** Milliseconds for which a request is held at most: less than what proxies cut as idle. */
const MOST_WAIT = 25_000

/** Throws `malformed-command`, naming the parameter or header. */
export function readEventsRequest(asked: Asked): EventsRequest {
  const query = readQuery(asked)
  const last = headerOf(asked.info, 'last-event-id')
  const since = query.get('since')
  const history = query.get('history')
  if (since !== undefined && history !== undefined) throw bad('history', 'cannot stand beside since')
  return {
    ...readReader(asked, query),
    // The URL of an EventSource stays as it was when it comes back, so what the header says is later.
    since: last === undefined ? position('since', since) : position('Last-Event-ID', last),
    history: history === undefined ? undefined : whole('history', history, 0),
    isEventSource: /\btext\/event-stream\b/i.test(headerOf(asked.info, 'accept') ?? ''),
  }
}

/** Throws `malformed-command`, naming the parameter. */
export function readPageRequest(asked: Asked): PageRequest {
  const query = readQuery(asked)
  const [since, before, wait] = [query.get('since'), query.get('before'), query.get('wait')]
  if (before !== undefined && since !== undefined) throw bad('before', 'cannot stand beside since')
  if (before !== undefined && wait !== undefined) throw bad('wait', 'cannot stand beside before')
  return {
    ...readReader(asked, query),
    since: position('since', since),
    before: before === undefined ? undefined : whole('before', before, 1),
    limit: whole('limit', query.get('limit') ?? String(PAGE), 1),
    wait: wait === undefined ? 0 : Math.min(MOST_WAIT, duration('wait', wait)),
  }
}

/** A header as one text; undefined when it is absent or empty. */
export function headerOf({ headers }: LinkInfo, name: string): string | undefined {
  const value = headers[name]
  return (typeof value === 'object' ? value.join(', ') : value) || undefined
}

function readReader({ channel: path, info }: Asked, query: ReadonlyMap<string, string>): ReaderRequest {
  const channel = decodePercent(path)
  if (channel === undefined) throw bad('channel', 'must be percent-encoded UTF-8')
  const [token, ticket] = [bearerOf(info), query.get(TICKET)]
  if (token !== undefined && ticket !== undefined)
    throw bad(TICKET, 'cannot stand beside Authorization; leave one of them out')
  return { channel, token, info: ticket === undefined ? info : { ...info, ticket } }
}

/** The token of the header `Authorization: Bearer`. RFC 6750 §2.1. */
export const bearerOf = (info: LinkInfo): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(headerOf(info, 'authorization') ?? '')?.[1]

/** The parameters by their names. Those that nobody knows are let be, as caches and tools add their own. */
function readQuery({ query }: Asked): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of query) {
    if (isSecret(name))
      throw bad(
        name,
        'a token must not stand in a URL; send the header Authorization: Bearer, a cookie, or a single-use ticket',
      )
    if (found.has(name)) throw bad(name, 'must stand once')
    found.set(name, value)
  }
  return found
}

function position(field: string, text: string | undefined): Position | undefined {
  if (text === undefined) return undefined
  return readPosition(text) ?? fail(field, 'must be a position, epoch:offset, as ids and answers have it')
}

function whole(field: string, text: string, least: number): number {
  const number = readWhole(text)
  if (number !== undefined && number >= least) return number
  return fail(field, `must be a whole number of at least ${least}`)
}

function duration(field: string, text: string): number {
  const ms = parseDuration(text as Duration)
  return ms >= 0 ? ms : fail(field, 'must be a duration such as 20s or 500ms')
}

const bad = (field: string, message: string): MillraceError =>
  new MillraceError('malformed-command', { message: `${field}: ${message}`, field })

function fail(field: string, message: string): never {
  throw bad(field, message)
}
