/** docs/errors.md: printed from the table of codes and, for each, what to do, which stands here. */
import { CODES, type CodeInfo, type CodeName, GAP_REASONS, type GapReason } from '../src/codes.js'

const WHAT_TO_DO: { readonly [name in CodeName]: string } = {
  'malformed-command':
    'Correct the field that `field` names, such as `subscribe.since.offset`. A bug in the client.',
  'unknown-command': 'The client is newer than the server, or has a typo.',
  'not-connected': 'Send `connect` first. Later commands may follow in the same frame.',
  'already-connected': 'Send `connect` once per connection.',
  'unsupported-version': 'Update the client or the server. The connection closes with 4504.',
  unauthenticated: 'Get a valid token. The connection closes with 4500.',
  forbidden: 'The channel’s authorize hook said no. Ask for rights, or do not offer the action to this user.',
  'invalid-channel':
    'The message says which part of the name is wrong. Percent-encode what a name may not hold.',
  'unknown-channel': 'The message lists the patterns of the api. A typo, or the api of the server is older.',
  'already-subscribed': 'Keep one subscription per channel and share it.',
  'not-subscribed': 'Subscribe first; presence needs a subscription.',
  'invalid-payload': 'Correct the place that `field` names, such as `data.text`. The schema is in the api.',
  'unsupported-codec':
    'Use the codec that `subscribed` names, or pass the missing one as an option `codecs`.',
  'message-too-large':
    'The message names size and limit. Send less, or raise `limits.message` of the server; with the field `data` of a member, `limits.memberData`.',
  'limit-exceeded': 'The message names the limit. Subscribe to less, or raise it in the server’s `limits`.',
  'unknown-method': 'Register a handler for the method, or correct its name.',
  'not-available':
    'The channel keeps no history, has no presence or no ephemeral messages, or the call does not wait. Define it in the api.',
  'no-such-target': 'Whoever was to answer is not connected. Try when they are.',
  'application-error': 'The handler threw a MillraceError with this message for the caller to read.',
  conflict:
    'The value has changed since you read it. Read the newest one, decide anew, and publish with its offset.',
  revoked:
    'The account, the session or the token was shut out: sign in anew, if that is still allowed; the same token will not do. Or only this was taken away, and the connection lives: do not offer it to this user any more.',
  expired:
    'The command waited for a device that did not come in time, and was not carried out. Ask anew, under another id, if it still matters.',
  'internal-error': 'The server’s log has the cause. Retrying may help.',
  unavailable: 'Retry after `retryAfter` or with back-off.',
  timeout: 'Retry if it is safe. A publication with the same id is stored once.',
  'rate-limited': 'Wait `retryAfter` milliseconds.',
  overloaded: 'Retry with back-off.',
  'connection-lost':
    'The connection to whoever was to answer went away. It may have been carried out: retry what is safe to repeat.',
  aborted:
    'Raised by clients, when the caller’s AbortSignal fired. By servers, for a command that was cancelled.',
  shutdown: 'Reconnect within `retryAfter`; another node or the next version answers.',
  'slow-consumer': 'The client comes back and recovers. If it happens often: less data, or conflation.',
  'heartbeat-timeout': 'The client comes back. If it happens often: a network that drops idle connections.',
  'connect-timeout': 'Send `connect` at once, or raise `connectTimeout`: is the token slow to get?',
  'server-error': 'The server’s log has the cause. The client comes back.',
  'token-expired': 'The client comes back with a fresh token.',
  'authentication-failed': 'Get a valid token, then connect anew.',
  'protocol-error': 'A bug in the client, or something between that alters frames. The reason says what.',
  disconnected: 'The application ended this session; its reason says why. Do not come back by yourself.',
  superseded: 'The same session is connected elsewhere. Do not come back by yourself.',
  'version-refused': 'Update the client or the server.',
  'rate-exceeded':
    'The client went on sending though it was refused, or pinged without end. Slow down when you are told to; it may come back.',
  'too-many-connections':
    'This node, this address or this user has as many connections as it may have. Close some, or come back later.',
  'access-revoked':
    'The account, the session or the token was shut out while connected. Sign in anew, if that is still allowed.',
}

const WHY_GAPS: { readonly [reason in (typeof GAP_REASONS)[number]]: string } = {
  'history-trimmed': 'The channel keeps fewer publications than were missed. Raise `history.size`.',
  'history-expired': 'What was missed is older than the channel keeps. Raise `history.ttl`.',
  'epoch-changed': 'The stream lost its past: the broker was wiped or restarted without a durable store.',
  'slow-consumer': 'The subscriber read too slowly, and the channel’s policy is to leave out.',
  'broker-lost': 'The broker lost publications on their way.',
  'unknown-position':
    'The position is beyond the stream’s head: it comes from another server, or was made up.',
}

const RANGES: readonly [from: number, to: number, title: string, text: string][] = [
  [100, 199, 'The request is wrong', 'The same request would fail again. `retry` is `never`.'],
  [200, 299, 'The request may succeed later', '`retry` is `later`.'],
  [
    4000,
    4499,
    'The connection closes; come back',
    '`retry` is `reconnect`: with back-off, in milliseconds of `retryAfter`.',
  ],
  [
    4500,
    4999,
    'The connection closes; stay away',
    '`retry` is `never`: the same connection would be closed again.',
  ],
]

/** A table as the formatter would leave it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[], fill = ' ') =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('\n')
}

const FAULTS = { client: 'client', server: 'server', none: '—' } as const

function section([from, to, title, text]: (typeof RANGES)[number]): string {
  const entries = (Object.entries(CODES) as [CodeName, CodeInfo][]).filter(
    ([, { code }]) => code >= from && code <= to,
  )
  const rows = entries.map(([name, { code, reason, fault }]) => [
    String(code),
    `\`${name}\``,
    FAULTS[fault],
    reason,
    WHAT_TO_DO[name],
  ])
  return `## ${from}–${to}: ${title}\n\n${text}\n\n${table(['code', 'name', 'fault', 'reason', 'what to do'], rows)}\n`
}

export function errorsPage(): string {
  const gaps = GAP_REASONS.map((reason: GapReason) => [
    `\`${reason}\``,
    WHY_GAPS[reason as (typeof GAP_REASONS)[number]],
  ])
  return `# Errors and codes

Printed from the table in \`packages/protocol/src/codes.ts\`; do not edit. Everything Millrace rejects, throws or closes with
carries a code of this table. In JavaScript it is a \`MillraceError\` with \`code\` (the number), \`kind\` (the name), \`message\`, \`retry\`, \`fault\` and,
where they apply, \`field\` and \`retryAfter\` in milliseconds. Act on the code or its name; messages are for people and may change.

A code you do not know follows its range, so that older clients understand newer servers. WebSocket's own codes (RFC 6455 §7.4.1)
mean to come back, except 1000, 1008 and 1010.

${RANGES.map(section).join('\n')}
## Reasons of gaps

A \`gap\` says that publications are lost to a subscriber, from where, to where, and why. A newer server may name other reasons.

${table(['reason', 'what it means'], gaps)}
`
}
