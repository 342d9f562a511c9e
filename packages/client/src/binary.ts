import { binaryDialect, type Dialect } from '@millrace/protocol'

/**
 * The binary dialect, for `createClient({ dialect: binary() })`: Protocol Buffers in binary frames. Smaller frames, above all for
 * payloads in binary codecs; an entry of its own, so that clients in JSON do not carry it.
 */
export function binary(): Dialect<Uint8Array> {
  const encoder = new TextEncoder()
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return binaryDialect({
    encode: (text) => encoder.encode(text),
    decode: (bytes) => decoder.decode(bytes),
  })
}
