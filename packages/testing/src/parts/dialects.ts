import { binaryDialect, type Dialect, jsonDialect } from '@millrace/protocol'

const utf8 = {
  encoder: new TextEncoder(),
  decoder: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
}

/** The binary dialect, on the platform's UTF-8. */
export const binary = binaryDialect({
  encode: (text) => utf8.encoder.encode(text),
  decode: (bytes) => utf8.decoder.decode(bytes),
})

/** The dialect that a WebSocket subprotocol asks for. [P1.2] */
export const dialectOf = (protocol: string): Dialect =>
  (protocol === 'millrace.binary' ? binary : jsonDialect) as Dialect
