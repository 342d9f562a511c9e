import { MillraceError } from '@millrace/protocol'

/** What a token says. RFC 7519 §4. */
export interface Claims {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  /** Seconds since 1970. */
  readonly exp?: number
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
  readonly [claim: string]: unknown
}

/** What a token must say to be accepted. */
export interface ClaimRules {
  readonly issuer: readonly string[] | undefined
  readonly audience: readonly string[] | undefined
  /** Milliseconds by which clocks may differ. */
  readonly clockTolerance: number
}

export const refused = (message: string): MillraceError => new MillraceError('unauthenticated', { message })

/** The claims of a token whose signature is right. Throws `unauthenticated`, and says which claim is wrong. */
export function checkClaims(payload: unknown, rules: ClaimRules, now: number): Claims {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    throw refused('The token’s payload is no JSON object')
  const claims = payload as Claims
  checkTimes(claims, rules, now)
  checkOneOf('iss', [claims.iss], rules.issuer)
  checkOneOf('aud', typeof claims.aud === 'string' ? [claims.aud] : claims.aud, rules.audience)
  if (claims.jti !== undefined && typeof claims.jti !== 'string')
    throw refused('The token’s jti is no string')
  return claims
}

function checkTimes({ exp, nbf }: Claims, { clockTolerance }: ClaimRules, now: number): void {
  // RFC 7519 §4.1.4: on or after exp it must not be accepted.
  if (seconds('exp', exp) * 1000 + clockTolerance <= now)
    throw refused(`The token expired ${Math.round((now - (exp ?? 0) * 1000) / 1000)} s ago`)
  if (nbf !== undefined && seconds('nbf', nbf) * 1000 - clockTolerance > now)
    throw refused('The token does not hold yet: its nbf is to come. Is a clock wrong?')
}

/** A token without an end would outlive whatever its user may become. */
function seconds(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw refused(
    `The token has ${value === undefined ? 'no' : 'a wrong'} ${name}: it must be a number of seconds`,
  )
}

function checkOneOf(
  name: string,
  given: readonly unknown[] | undefined,
  accepted: readonly string[] | undefined,
): void {
  if (accepted === undefined || (Array.isArray(given) && given.some((one) => accepted.includes(one)))) return
  throw refused(`The token’s ${name} is not accepted here`)
}
