import { createHash } from 'node:crypto'

/** SHA-1 in base64, as RFC 6455 §4.2.2 hashes keys. */
export function sha1Base64(text: string): string {
  return createHash('sha1').update(text).digest('base64')
}
