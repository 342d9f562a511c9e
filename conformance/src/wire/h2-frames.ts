import { concat } from './bytes.js'

/** RFC 9113 §6, the frame types this suite reads or writes. */
export const H2 = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const

/** RFC 9113 §6.5.2 and RFC 8441 §3. */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  initialWindow: 4,
  maxFrame: 5,
  enableConnect: 8,
} as const

export interface H2Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Uint8Array
}

/** RFC 9113 §4.1. */
export function encodeH2Frame({ type, flags, stream, payload }: H2Frame): Uint8Array {
  const head = new DataView(new ArrayBuffer(9))
  head.setUint32(0, (payload.byteLength << 8) | type)
  head.setUint8(4, flags)
  head.setUint32(5, stream)
  return concat([new Uint8Array(head.buffer), payload])
}

export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

export function encodeSettings(settings: readonly (readonly [id: number, value: number])[]): Uint8Array {
  return concat(settings.flatMap(([id, value]) => [Uint8Array.of(id >> 8, id), uint32(value)]))
}

export function decodeSettings(payload: Uint8Array): [id: number, value: number][] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const out: [number, number][] = []
  for (let at = 0; at + 6 <= payload.byteLength; at += 6)
    out.push([view.getUint16(at), view.getUint32(at + 2)])
  return out
}

/** Cuts whole frames off the front of what has come. */
export class H2FrameReader {
  #buffer: Uint8Array = new Uint8Array(0)

  push(data: Uint8Array): H2Frame[] {
    this.#buffer = this.#buffer.byteLength === 0 ? data : concat([this.#buffer, data])
    const frames: H2Frame[] = []
    let at = 0
    for (let frame = this.#at(at); frame !== undefined; frame = this.#at(at)) {
      frames.push(frame)
      at += 9 + frame.payload.byteLength
    }
    this.#buffer = this.#buffer.slice(at)
    return frames
  }

  #at(at: number): H2Frame | undefined {
    const buffer = this.#buffer
    if (buffer.byteLength < at + 9) return undefined
    const view = new DataView(buffer.buffer, buffer.byteOffset + at, 9)
    const length = view.getUint32(0) >>> 8
    if (buffer.byteLength < at + 9 + length) return undefined
    return {
      type: view.getUint8(3),
      flags: view.getUint8(4),
      stream: view.getUint32(5) & 0x7fffffff,
      payload: new Uint8Array(
        buffer.buffer.slice(buffer.byteOffset + at + 9, buffer.byteOffset + at + 9 + length),
      ),
    }
  }
}

/** RFC 9113 §6.1 and §6.2: takes padding and priority off a DATA or HEADERS payload. */
export function unpad(frame: H2Frame): Uint8Array {
  const padded = (frame.flags & FLAG.padded) !== 0
  const start = (padded ? 1 : 0) + (frame.type === H2.headers && (frame.flags & FLAG.priority) !== 0 ? 5 : 0)
  return frame.payload.subarray(start, frame.payload.byteLength - (padded ? (frame.payload[0] ?? 0) : 0))
}
