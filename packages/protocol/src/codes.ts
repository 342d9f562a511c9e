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
  if (code === 1000 || code === 1008 || code === 1010) return 'never'
  if (code >= 4500 || (code >= 100 && code < 200)) return 'never'
  return code >= 200 && code < 300 ? 'later' : 'reconnect'
}

const entry = (code: number, fault: Fault, reason: string): CodeInfo => ({
  code,
  reason,
  retry: retryOf(code),
  fault,
})

export const CODES = {
  // Replies: the request is wrong.
  'malformed-command': entry(100, 'client', 'The command could not be read'),
  'unknown-command': entry(101, 'client', 'No such command'),
  'not-connected': entry(102, 'client', 'The first command must be connect'),
  'already-connected': entry(103, 'client', 'This connection is connected'),
  'unsupported-version': entry(104, 'client', 'This protocol version is not spoken here'),
  unauthenticated: entry(105, 'client', 'The token is missing or not accepted'),
  forbidden: entry(106, 'client', 'Not allowed'),
  'invalid-channel': entry(107, 'client', 'The channel name breaks the grammar'),
  'unknown-channel': entry(108, 'client', 'No channel of the api has this name'),
  'already-subscribed': entry(109, 'client', 'This session is subscribed'),
  'not-subscribed': entry(110, 'client', 'This session is not subscribed'),
  'invalid-payload': entry(111, 'client', 'The payload does not fit the schema'),
  'unsupported-codec': entry(112, 'client', 'This codec is not used here'),
  'message-too-large': entry(113, 'client', 'The message is larger than the limit'),
  'limit-exceeded': entry(114, 'client', 'A limit of this session is reached'),
  'unknown-method': entry(115, 'client', 'No handler for this method'),
  'not-available': entry(116, 'client', 'The channel does not offer this'),
  'no-such-target': entry(117, 'client', 'Nobody is connected to answer this call'),
  'application-error': entry(118, 'client', 'The handler refused the call'),
  // Replies: it may succeed later.
  'internal-error': entry(200, 'server', 'The server failed'),
  unavailable: entry(201, 'server', 'The broker cannot be reached'),
  timeout: entry(202, 'none', 'No answer within the deadline'),
  'rate-limited': entry(203, 'client', 'Too many requests'),
  overloaded: entry(204, 'server', 'The server has too much to do'),
  'connection-lost': entry(205, 'none', 'The connection was lost before the answer'),
  aborted: entry(206, 'client', 'The caller gave up'),
  // Closes: come back.
  shutdown: entry(4000, 'none', 'The node is going away'),
  'slow-consumer': entry(4001, 'client', 'Messages were not read fast enough'),
  'heartbeat-timeout': entry(4002, 'none', 'A heartbeat was not answered'),
  'connect-timeout': entry(4003, 'client', 'No connect command in time'),
  'server-error': entry(4004, 'server', 'The server failed'),
  'token-expired': entry(4005, 'client', 'The token expired'),
  // Closes: stay away.
  'authentication-failed': entry(4500, 'client', 'The token is missing or not accepted'),
  'protocol-error': entry(4501, 'client', 'The peer broke the protocol'),
  disconnected: entry(4502, 'none', 'The application closed this session'),
  superseded: entry(4503, 'none', 'A newer connection of this session took over'),
  'version-refused': entry(4504, 'client', 'This protocol version is not spoken here'),
} as const satisfies Record<string, CodeInfo>

export type CodeName = keyof typeof CODES

const byNumber = new Map<number, CodeName>(
  (Object.keys(CODES) as CodeName[]).map((name) => [CODES[name].code, name]),
)

/** The name of a code, or undefined when this version does not know it. */
export const codeName = (code: number): CodeName | undefined => byNumber.get(code)

/**
 * What a code means. Unknown codes follow the rule of their range, so that an older client behaves well with a newer
 * server. WebSocket's own codes count as 'reconnect', except 1000 (a normal end), 1008 and 1010. Rule [P1.8].
 */
export function describeCode(code: number): CodeInfo {
  const name = byNumber.get(code)
  return name === undefined ? entry(code, 'none', `code ${code}`) : CODES[name]
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
  readonly code: number
  /** The code's name in the table, for example `forbidden`; `unknown` for a code of a newer peer. */
  readonly kind: CodeName | 'unknown'
  readonly field: string | undefined
  readonly retryAfter: number | undefined
  readonly retry: Retry
  readonly fault: Fault

  constructor(code: CodeName | number, details: FailureDetails = {}) {
    const info: CodeInfo = typeof code === 'number' ? describeCode(code) : CODES[code]
    super(details.message ?? info.reason)
    this.code = info.code
    this.kind = codeName(info.code) ?? 'unknown'
    this.field = details.field
    this.retryAfter = details.retryAfter
    this.retry = info.retry
    this.fault = info.fault
  }
}
