/**
 * The one table of codes. Replies, unsubscriptions and closes all carry a code from here; docs/errors.md is tested
 * against it. A peer that meets a code it does not know falls back to the rule of the code's range (`describeCode`).
 *
 * Ranges: 100–199 the request is wrong and will stay wrong; 200–299 the request may succeed later;
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

const entry = (code: number, retry: Retry, fault: Fault, reason: string): CodeInfo =>
  ({ code, reason, retry, fault }) as const

export const CODES = {
  // Replies: the request is wrong.
  'malformed-command': entry(100, 'never', 'client', 'The command could not be read'),
  'unknown-command': entry(101, 'never', 'client', 'No such command'),
  'not-connected': entry(102, 'never', 'client', 'The first command on a connection must be connect'),
  'already-connected': entry(103, 'never', 'client', 'This connection has already connected'),
  'unsupported-version': entry(104, 'never', 'client', 'This protocol version is not spoken here'),
  unauthenticated: entry(105, 'never', 'client', 'The token is missing or was not accepted'),
  forbidden: entry(106, 'never', 'client', 'Not allowed'),
  'invalid-channel': entry(107, 'never', 'client', 'The channel name breaks the grammar'),
  'unknown-channel': entry(108, 'never', 'client', 'No channel pattern of the api matches this name'),
  'already-subscribed': entry(109, 'never', 'client', 'This session already has this subscription'),
  'not-subscribed': entry(110, 'never', 'client', 'This session has no such subscription'),
  'invalid-payload': entry(111, 'never', 'client', 'The payload does not fit the schema'),
  'unsupported-codec': entry(
    112,
    'never',
    'client',
    'The payload is in a codec this channel or call does not use',
  ),
  'message-too-large': entry(113, 'never', 'client', 'The message is larger than the limit'),
  'limit-exceeded': entry(114, 'never', 'client', 'A limit of this session was reached'),
  'unknown-method': entry(115, 'never', 'client', 'No handler for this method'),
  'not-available': entry(116, 'never', 'client', 'The channel does not offer this'),
  'no-such-target': entry(117, 'never', 'client', 'Nobody is connected who could answer this call'),
  'application-error': entry(118, 'never', 'client', 'The handler refused the call'),
  // Replies: it may succeed later.
  'internal-error': entry(200, 'later', 'server', 'The server failed to carry out the command'),
  unavailable: entry(201, 'later', 'server', 'The broker cannot be reached'),
  timeout: entry(202, 'later', 'none', 'No answer within the deadline'),
  'rate-limited': entry(203, 'later', 'client', 'Too many requests'),
  overloaded: entry(204, 'later', 'server', 'The server has too much to do'),
  'connection-lost': entry(205, 'later', 'none', 'The connection was lost before the answer came'),
  aborted: entry(206, 'later', 'client', 'The caller gave up'),
  // Closes: come back.
  shutdown: entry(4000, 'reconnect', 'none', 'The node is going away'),
  'slow-consumer': entry(4001, 'reconnect', 'client', 'Messages were not read fast enough'),
  'heartbeat-timeout': entry(4002, 'reconnect', 'none', 'The peer did not answer a heartbeat'),
  'connect-timeout': entry(4003, 'reconnect', 'client', 'No connect command came in time'),
  'server-error': entry(4004, 'reconnect', 'server', 'The server failed'),
  'token-expired': entry(4005, 'reconnect', 'client', 'The token expired and was not refreshed'),
  // Closes: stay away.
  'authentication-failed': entry(4500, 'never', 'client', 'The token was not accepted'),
  'protocol-error': entry(4501, 'never', 'client', 'The peer broke the protocol'),
  disconnected: entry(4502, 'never', 'none', 'The application closed this session'),
  superseded: entry(4503, 'never', 'none', 'A newer connection of the same session took over'),
  'version-refused': entry(4504, 'never', 'client', 'This protocol version is not spoken here'),
} as const satisfies Record<string, CodeInfo>

export type CodeName = keyof typeof CODES

const byNumber = new Map<number, CodeName>(
  (Object.keys(CODES) as CodeName[]).map((name) => [CODES[name].code, name]),
)

/** The name of a code, or undefined when this version does not know it. */
export const codeName = (code: number): CodeName | undefined => byNumber.get(code)

/**
 * What a code means. Unknown codes follow the rule of their range, so that an older client behaves well with a newer
 * server. WebSocket's own codes (RFC 6455 §7.4.1) count as 'reconnect', except 1000 (a normal end), 1008 and 1010.
 */
export function describeCode(code: number): CodeInfo {
  const name = byNumber.get(code)
  if (name !== undefined) return CODES[name]
  const info = (retry: Retry): CodeInfo => ({ code, reason: `code ${code}`, retry, fault: 'none' })
  if (code === 1000 || code === 1008 || code === 1010) return info('never')
  if (code >= 4500 || (code >= 100 && code < 200)) return info('never')
  if (code >= 200 && code < 300) return info('later')
  return info('reconnect')
}

/** Why publications are missing; carried by a gap. */
export const GAP_REASONS = [
  'history-trimmed',
  'history-expired',
  'epoch-changed',
  'slow-consumer',
  'broker-lost',
  'unknown-position',
] as const
export type GapReason = (typeof GAP_REASONS)[number]

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
