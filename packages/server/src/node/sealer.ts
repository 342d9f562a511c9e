import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Sealer } from '../hub/index.js'

const CIPHER = 'aes-256-gcm'
const SALT = 16
const KEY = 32
const NONCE = 12
const TAG = 16
/** The secret is used for other things as well, with other keys. RFC 5869 §3.2. */
const PURPOSE = 'millrace ticket 1'

/**
 * Each text has a key of its own, made of a salt that goes along, so that however many there are no key is used twice with one nonce, which is what GCM does not bear
 * (NIST SP 800-38D §8).
 */
function keyOf(secret: string, salt: Uint8Array): readonly [key: Buffer, nonce: Buffer] {
  const bytes = Buffer.from(hkdfSync('sha256', secret, salt, PURPOSE, KEY + NONCE))
  return [bytes.subarray(0, KEY), bytes.subarray(KEY)]
}

/** AES-256-GCM with keys by HKDF-SHA-256 (RFC 5869): salt, ciphertext and tag, in base64url. */
export const systemSealer: Sealer = {
  seal(secret, text) {
    const salt = randomBytes(SALT)
    const cipher = createCipheriv(CIPHER, ...keyOf(secret, salt), { authTagLength: TAG })
    const sealed = [salt, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return Buffer.concat(sealed).toString('base64url')
  },
  open(secret, sealed) {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < SALT + TAG) return undefined
    const decipher = createDecipheriv(CIPHER, ...keyOf(secret, bytes.subarray(0, SALT)), {
      authTagLength: TAG,
    })
    decipher.setAuthTag(bytes.subarray(-TAG))
    try {
      return decipher.update(bytes.subarray(SALT, -TAG), undefined, 'utf8') + decipher.final('utf8')
    } catch {
      return undefined
    }
  },
}
