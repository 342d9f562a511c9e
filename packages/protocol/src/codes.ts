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

/** The name says the reason; whoever fails for it says more in a message of its own. */
type Row = readonly [code: number, fault: Fault]

const TABLE = {
  // Replies: the request is wrong.
  'malformed-command': [100, 'client'],
  'unknown-command': [101, 'client'],
  'not-connected': [102, 'client'],
  'already-connected': [103, 'client'],
  'unsupported-version': [104, 'client'],
  unauthenticated: [105, 'client'],
  forbidden: [106, 'client'],
  'invalid-channel': [107, 'client'],
  'unknown-channel': [108, 'client'],
  'already-subscribed': [109, 'client'],
  'not-subscribed': [110, 'client'],
  'invalid-payload': [111, 'client'],
  'unsupported-codec': [112, 'client'],
  'message-too-large': [113, 'client'],
  'limit-exceeded': [114, 'client'],
  'unknown-method': [115, 'client'],
  'not-available': [116, 'client'],
  'no-such-target': [117, 'client'],
  'application-error': [118, 'client'],
  // Replies: it may succeed later.
  'internal-error': [200, 'server'],
  unavailable: [201, 'server'],
  timeout: [202, 'none'],
  'rate-limited': [203, 'client'],
  overloaded: [204, 'server'],
  'connection-lost': [205, 'none'],
  aborted: [206, 'client'],
  // Closes: come back.
  shutdown: [4000, 'none'],
  'slow-consumer': [4001, 'client'],
  'heartbeat-timeout': [4002, 'none'],
  'connect-timeout': [4003, 'client'],
  'server-error': [4004, 'server'],
  'token-expired': [4005, 'client'],
  // Closes: stay away.
  'authentication-failed': [4500, 'client'],
  'protocol-error': [4501, 'client'],
  disconnected: [4502, 'none'],
  superseded: [4503, 'none'],
  'version-refused': [4504, 'client'],
} as const satisfies Record<string, Row>

const infoOf = (name: string, [code, fault]: Row): CodeInfo => ({
  code,
  // `connection-lost` is "Connection lost".
  reason: name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' '),
  retry: retryOf(code),
  fault,
})

export const CODES = Object.fromEntries(
  Object.entries(TABLE).map(([name, row]) => [name, infoOf(name, row)]),
) as { readonly [name in keyof typeof TABLE]: CodeInfo }

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
  return name === undefined ? infoOf(`code ${code}`, [code, 'none']) : CODES[name]
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
