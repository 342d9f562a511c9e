import type { Base64 } from '../src/index.js'

/** Node's base64, in place of a page's. */
export const base64: Base64 = {
  encode: (bytes) => Buffer.from(bytes).toString('base64'),
  decode: (text) => new Uint8Array(Buffer.from(text, 'base64')),
}
