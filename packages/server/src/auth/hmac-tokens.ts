/**
 * Tokens signed with a shared secret (RFC 7515 §A.1, RFC 7518 §3.2), verified without waiting: when all clients of a server come back at
 * once, nothing else is as frequent.
 */
import { refused } from './claims.js'

/** A message authentication code of the platform's: answers whether `signature` is the right one, in constant time. */
export type VerifyHmac = (alg: HmacAlgorithm, secret: Uint8Array, signed: Signed) => boolean

export interface Signed {
  readonly text: string
  /** In base64url. */
  readonly signature: string
}

export const HMAC_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const
export type HmacAlgorithm = (typeof HMAC_ALGORITHMS)[number]

const PARTS = 3

/** The payload of a token whose signature is right. Throws `unauthenticated`. */
export function openHmacToken(
  token: string,
  {
    secrets,
    algorithms,
  }: { readonly secrets: readonly Uint8Array[]; readonly algorithms: readonly string[] },
  { verify, text }: { readonly verify: VerifyHmac; readonly text: (base64url: string) => string },
): unknown {
  const parts = token.split('.')
  const [header = '', payload = '', signature = ''] = parts
  if (parts.length !== PARTS) throw refused('The token is no JWT: it has not three parts')
  const { alg, crit } = parsed(text(header), 'header') as { readonly alg?: unknown; readonly crit?: unknown }
  // RFC 7515 §4.1.11: what must be understood and is not makes the token invalid.
  if (crit !== undefined) throw refused('The token’s header has extensions (crit) that are not known here')
  const accepted = HMAC_ALGORITHMS.find((one) => one === alg && algorithms.includes(one))
  if (accepted === undefined)
    throw refused(`The token is signed by ${String(alg)}: accepted is ${algorithms.join(', ')}`)
  const signed = { text: `${header}.${payload}`, signature }
  if (!secrets.some((secret) => verify(accepted, secret, signed)))
    throw refused('The token’s signature is wrong')
  return parsed(text(payload), 'payload')
}

function parsed(json: string, what: string): unknown {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'object' && value !== null) return value
  } catch {}
  throw refused(`The token’s ${what} is no JSON object`)
}
