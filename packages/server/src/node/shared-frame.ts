import { encodeFrame, type MessageKind, messageHead, RSV1 } from '../websocket/index.js'
import { type CompressibleFrame, type DeflateSettings, deflateMessage } from './deflate.js'

/** A message framed once for any number of links: a server's frames are not masked (RFC 6455 §5.1), so all are equal. */
export class SharedFrame implements CompressibleFrame {
  readonly kind: MessageKind
  readonly payload: Uint8Array
  readonly bytes: Buffer
  /** By window bits; null where compressing does not pay. Made for the first link that agreed to compression. */
  #deflated: Map<number, Buffer | null> | null = null

  constructor(kind: MessageKind, payload: Uint8Array) {
    this.kind = kind
    this.payload = payload
    this.bytes = asBuffer(encodeFrame(messageHead(kind), payload))
  }

  deflated(windowBits: number, settings: DeflateSettings): Buffer | null {
    this.#deflated ??= new Map()
    let frame = this.#deflated.get(windowBits)
    if (frame === undefined) {
      frame = this.#deflate(windowBits, settings)
      this.#deflated.set(windowBits, frame)
    }
    return frame
  }

  #deflate(windowBits: number, { thresholdBytes, level }: DeflateSettings): Buffer | null {
    if (this.payload.length < thresholdBytes) return null
    const payload = deflateMessage(this.payload, { windowBits, level })
    if (payload.length >= this.payload.length) return null
    return asBuffer(encodeFrame(messageHead(this.kind) | RSV1, payload))
  }
}

/**
 * Frames a message once, to be sent to many links with `sendFrame`. The bytes must not change afterwards; as text they
 * must be valid UTF-8. Compression, where links agreed to it, is done once too.
 */
export function shareFrame(kind: MessageKind, data: Uint8Array | string): SharedFrame {
  return new SharedFrame(kind, typeof data === 'string' ? Buffer.from(data) : data)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
