import { createHmac, timingSafeEqual } from 'node:crypto'

/** The hash of a JSON Web Algorithm (RFC 7518 §3.2). */
const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const

/** Whether a signature is the right one: takes the same time whether it is or not. */
export function verifyHmac(
  alg: keyof typeof HASHES,
  secret: Uint8Array,
  { text, signature }: { readonly text: string; readonly signature: string },
): boolean {
  // As it is written: the same bytes may be written in several ways, and only one is right.
  const right = Buffer.from(createHmac(HASHES[alg], secret).update(text).digest('base64url'))
  const given = Buffer.from(signature)
  return right.length === given.length && timingSafeEqual(right, given)
}

/** Text of base64url (RFC 4648 §5). */
export const textOfBase64url = (base64url: string): string =>
  Buffer.from(base64url, 'base64url').toString('utf8')

/** HMAC-SHA-256 (RFC 2104, FIPS 180-4) of a text in UTF-8, in padded base64. */
export const hmacSha256 = (key: Uint8Array, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64')
