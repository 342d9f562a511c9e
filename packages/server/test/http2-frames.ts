/** HTTP/2 by hand, for what no client would say. */

/** A frame of HTTP/2, RFC 9113 §4.1. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** What a client says first, with settings of which none is set: RFC 9113 §3.4. */
export const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(4, 0, 0, Buffer.alloc(0)),
])

/** Takes back what was asked for on a stream: RFC 9113 §6.4. */
export const cancel = (stream: number): Buffer => frame(3, 0, stream, Buffer.of(0, 0, 0, 8))
