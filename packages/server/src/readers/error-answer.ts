import type { CodeName, MillraceError } from '@millrace/protocol'

/** An answer over HTTP, whole. */
export interface ReaderAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Codes that HTTP has a status of its own for. Of the others, what may succeed later is 503, and what will not is 400. */
const STATUSES: { readonly [name in CodeName]?: number } = {
  unauthenticated: 401,
  'authentication-failed': 401,
  forbidden: 403,
  'application-error': 403,
  revoked: 403,
  'access-revoked': 403,
  disconnected: 403,
  'unknown-channel': 404,
  'unknown-method': 404,
  'no-such-target': 404,
  conflict: 409,
  'limit-exceeded': 429,
  'rate-limited': 429,
  'rate-exceeded': 429,
  'too-many-connections': 429,
  'internal-error': 500,
  timeout: 504,
}

/** RFC 9110 §10.2.3 counts seconds. */
const RETRY_AFTER = 1000

/** A failure for who asked over HTTP. `hasToken`: whether a token came with the request. [P9.5] */
export function errorAnswer(error: MillraceError, hasToken = false): ReaderAnswer {
  const { kind, retry, retryAfter = RETRY_AFTER } = error
  const known = kind === 'unknown' ? undefined : STATUSES[kind]
  const status = known ?? (retry === 'never' ? 400 : 503)
  return {
    status,
    headers: {
      'content-type': JSON_TYPE,
      'cache-control': 'no-store',
      // RFC 6750 §3: who brought no token is told only that one is wanted.
      ...(status === 401 ? { 'www-authenticate': hasToken ? 'Bearer error="invalid_token"' : 'Bearer' } : {}),
      ...(status === 429 || status === 503
        ? { 'retry-after': String(Math.max(1, Math.ceil(retryAfter / 1000))) }
        : {}),
    },
    body: `${errorText(error)}\n`,
  }
}

export const JSON_TYPE = 'application/json'

export const errorText = ({ code, kind, message, field, retryAfter }: MillraceError): string =>
  JSON.stringify({ code, name: kind, message, field, retryAfter })
