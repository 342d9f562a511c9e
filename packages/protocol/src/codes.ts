/**
 * The one table of codes. Replies, unsubscriptions and closes all carry a code from here; docs/errors.md is tested
 * against it. A peer that meets a code it does not know falls back to the rule of the code's range (`describeCode`).
 *
 * Ranges carry the retry policy: 100–199 the request is wrong and will stay wrong; 200–299 it may succeed later;
 * 4000–4499 the connection closes and the client reconnects; 4500–4999 it closes and the client stays away.
 */

/** What the receiver of a code does next. `never`: the same request or connection would fail again. */
export type Retry = 'never' | 'later' | 'reconnect'

/** Whose fault it is: the client's, the server's, or nobody's (networks, deploys, time). */
export type Fault = 'client' | 'server' | 'none'

export interface CodeInfo {
  readonly code: number
  readonly reason: string
  readonly retry: Retry
  readonly fault: Fault
}

/** The rule of a code's range. WebSocket's own codes are in RFC 6455 §7.4.1. */
function retryOf(code: number): Retry {
  if (code >= 4500 || (code >= 100 && code < 200) || [1000, 1008, 1010].includes(code)) return 'never'
  return code >= 200 && code < 300 ? 'later' : 'reconnect'
}

/**
 * The names, by the first code of their kind; each name's code is one more than that of the name before. So names are
 * added at the end of a list, and never removed. The name says the reason; whoever fails for it says more in a message.
 */
const NAMES = {
  /** Replies: the request is wrong. */
  100: [
    'malformed-command',
    'unknown-command',
    'not-connected',
    'already-connected',
    'unsupported-version',
    'unauthenticated',
    'forbidden',
    'invalid-channel',
    'unknown-channel',
    'already-subscribed',
    'not-subscribed',
    'invalid-payload',
    'unsupported-codec',
    'message-too-large',
    'limit-exceeded',
    'unknown-method',
    'not-available',
    'no-such-target',
    'application-error',
    'expired',
    'conflict',
    'revoked',
  ],
  /** Replies: it may succeed later. */
  200: [
    'internal-error',
    'unavailable',
    'timeout',
    'rate-limited',
    'overloaded',
    'connection-lost',
    'aborted',
  ],
  /** Closes: come back. */
  4000: [
    'shutdown',
    'slow-consumer',
    'heartbeat-timeout',
    'connect-timeout',
    'server-error',
    'token-expired',
    'rate-exceeded',
    'too-many-connections',
  ],
  /** Closes: stay away. */
  4500: [
    'authentication-failed',
    'protocol-error',
    'disconnected',
    'superseded',
    'version-refused',
    'access-revoked',
  ],
} as const

export type CodeName = (typeof NAMES)[keyof typeof NAMES][number]

/** Whose fault it is when it is not the client's. */
const SERVERS: readonly string[] = [
  'internal-error',
  'unavailable',
  'overloaded',
  'server-error',
] satisfies CodeName[]
const NOBODYS: readonly string[] = [
  'expired',
  'conflict',
  'timeout',
  'connection-lost',
  'shutdown',
  'heartbeat-timeout',
  'disconnected',
  'superseded',
] satisfies CodeName[]

function faultOf(name: string): Fault {
  if (SERVERS.includes(name)) return 'server'
  return NOBODYS.includes(name) ? 'none' : 'client'
}

const infoOf = (name: string, code: number, fault: Fault): CodeInfo => ({
  code,
  // `connection-lost` is "Connection lost".
  reason: name.replaceAll('-', ' ').replace(/^./, (first) => first.toUpperCase()),
  retry: retryOf(code),
  fault,
})

export const CODES = Object.fromEntries(
  Object.entries(NAMES).flatMap(([first, names]) =>
    names.map((name, index) => [name, infoOf(name, Number(first) + index, faultOf(name))]),
  ),
) as { readonly [name in CodeName]: CodeInfo }

/** The name of a code, or undefined when this version does not know it. */
export const codeName = (code: number): CodeName | undefined =>
  (Object.keys(CODES) as CodeName[]).find((name) => CODES[name].code === code)

/**
 * What a code means. Unknown codes follow the rule of their range, so that an older client behaves well with a newer
 * server. WebSocket's own codes count as 'reconnect', except 1000 (a normal end), 1008 and 1010. Rule [P1.8].
 */
export function describeCode(code: number): CodeInfo {
  const name = codeName(code)
  return name === undefined ? infoOf(`code ${code}`, code, 'none') : CODES[name]
}

/** Why publications are missing; carried by a gap. A newer server may know more. */
export const GAP_REASONS = [
  'history-trimmed',
  'history-expired',
  'epoch-changed',
  'slow-consumer',
  'broker-lost',
  'unknown-position',
] as const
// The last part lets a newer server's reason pass, and keeps the known ones in an editor's list.
export type GapReason = (typeof GAP_REASONS)[number] | (string & {})

export interface FailureDetails {
  /** What exactly is wrong, for a developer to read. Never match on it. */
  readonly message?: string | undefined
  /** Path of the offending field, for example `subscribe.since.offset` or `data.text`. */
  readonly field?: string | undefined
  /** Milliseconds after which a retry makes sense. */
  readonly retryAfter?: number | undefined
}

/** An error with a code of the table. Everything Millrace rejects or throws on purpose is one of these. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  declare readonly code: number
  /** The code's name in the table, for example `forbidden`; `unknown` for a code of a newer peer. */
  declare readonly kind: CodeName | 'unknown'
  declare readonly field: string | undefined
  declare readonly retryAfter: number | undefined
  declare readonly retry: Retry
  declare readonly fault: Fault

  constructor(code: CodeName | number, details: FailureDetails = {}) {
    const info: CodeInfo = typeof code === 'number' ? describeCode(code) : CODES[code]
    super(details.message ?? info.reason)
    this.code = info.code
    this.kind = typeof code === 'string' ? code : (codeName(code) ?? 'unknown')
    this.field = details.field
    this.retryAfter = details.retryAfter
    this.retry = info.retry
    this.fault = info.fault
  }
}
