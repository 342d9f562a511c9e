/**
 * Signatures as Standard Webhooks has them (https://www.standardwebhooks.com, version 1): who knows the secret can tell that a request is this
 * server's, is whole, and is of now. Libraries that verify them are there for most languages.
 */
import { fromBase64 } from '@millrace/protocol'
import type { HmacSha256 } from './ports.js'

const PREFIX = 'whsec_'
/** Bytes of a secret. */
const LEAST = 24
const MOST = 64

/** What is signed. */
export interface Signable {
  /** The message's own name, the same at every attempt. It has no dots. */
  readonly id: string
  /** When this attempt is made, in milliseconds since 1970. */
  readonly time: number
  readonly body: string
}

export type SignatureHeaders = Readonly<
  Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>
>

/**
 * Reads secrets such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`: one, or several while one takes another's place. Throws a TypeError that
 * names the option and has nothing of the secret.
 */
export function readSecrets(given: string | readonly string[], option: string): readonly Uint8Array[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const secrets = list.map((one) => {
    const text = typeof one === 'string' ? one : ''
    const bytes = text.startsWith(PREFIX) ? fromBase64(text.slice(PREFIX.length)) : undefined
    if (bytes !== undefined && bytes.length >= LEAST && bytes.length <= MOST) return bytes
    throw new TypeError(
      `${option} must be '${PREFIX}' and ${LEAST} to ${MOST} bytes in base64, ${wrongWith(text, bytes)}: make one with echo ${PREFIX}$(openssl rand -base64 32)`,
    )
  })
  if (secrets.length > 0) return secrets
  throw new TypeError(`${option} must be a secret or a list of secrets, not an empty list`)
}

function wrongWith(text: string, bytes: Uint8Array | undefined): string {
  if (text === '') return 'and is missing'
  if (!text.startsWith(PREFIX)) return 'and begins otherwise'
  return bytes === undefined ? 'and is no base64' : `and has ${bytes.length}`
}

/** The headers of a message, signed with each secret: a receiver accepts it that knows any of them. */
export function signatureHeaders(
  { id, time, body }: Signable,
  secrets: readonly Uint8Array[],
  hmac: HmacSha256,
): SignatureHeaders {
  const timestamp = String(Math.floor(time / 1000))
  const signed = `${id}.${timestamp}.${body}`
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((secret) => `v1,${hmac(secret, signed)}`).join(' '),
  }
}
