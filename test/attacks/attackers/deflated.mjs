/** Compressed messages, as RFC 7692 has them. */
import { deflateRawSync } from 'node:zlib'

export const DEFLATE = { 'sec-websocket-extensions': 'permessage-deflate; client_no_context_takeover' }
export const RSV1 = 0x40

/** The payload of a frame. */
export function deflated(payload) {
  const all = deflateRawSync(payload, { level: 9, finishFlush: 2 })
  return all.subarray(0, all.length - 4)
}
