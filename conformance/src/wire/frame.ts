import { concat, noise } from './bytes.js'

/** RFC 6455 §5.2: the opcodes this suite sends by name. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** The reserved bits as they stand in the first octet, shifted down: RSV1 is 4, RSV2 is 2, RSV3 is 1. */
export const RSV1 = 4
export const RSV2 = 2
export const RSV3 = 1

/**
 * One frame to be written. Every field can be set wrongly on purpose: this writer exists to produce
 * illegal input as easily as legal input.
 */
export interface FrameSpec {
  readonly opcode: number
  readonly payload?: Uint8Array
  /** Default true. */
  readonly fin?: boolean
  /** Three bits, see RSV1. Default 0. */
  readonly rsv?: number
  /** Default: masked exactly when the suite plays the client (RFC 6455 §5.1). */
  readonly masked?: boolean
  /** Default: four repeatable pseudo-random octets. */
  readonly key?: Uint8Array
  /** Which of the three length encodings to use. Default: the shortest that fits. */
  readonly lengthForm?: 7 | 16 | 64
  /** The length to claim, whatever the payload is. Default: the payload's. */
  readonly claim?: bigint
}

export interface FrameWriter {
  write(spec: FrameSpec): Uint8Array
}

/** Makes a writer for one connection; `masking` is true when the suite plays the client. */
export function createFrameWriter(masking: boolean): FrameWriter {
  let count = 0
  return {
    write(spec) {
      count++
      const key = spec.key ?? noise(4, count + 40)
      return encodeFrame(spec, (spec.masked ?? masking) ? key : undefined)
    },
  }
}

/** RFC 6455 §5.2, the diagram, top to bottom. */
function encodeFrame(spec: FrameSpec, key: Uint8Array | undefined): Uint8Array {
  const payload = spec.payload ?? new Uint8Array(0)
  const fin = (spec.fin ?? true) ? 0x80 : 0
  const first = fin | ((spec.rsv ?? 0) << 4) | spec.opcode
  const length = encodeLength(spec.claim ?? BigInt(payload.byteLength), spec.lengthForm)
  length[0] = (length[0] ?? 0) | (key === undefined ? 0 : 0x80)
  const head = concat([Uint8Array.of(first), length, key ?? new Uint8Array(0)])
  return concat([head, key === undefined ? payload : applyMask(payload, key)])
}

function encodeLength(length: bigint, form: 7 | 16 | 64 | undefined): Uint8Array {
  const chosen = form ?? (length < 126n ? 7 : length < 65536n ? 16 : 64)
  if (chosen === 7) return Uint8Array.of(Number(length))
  const out = new DataView(new ArrayBuffer(chosen === 16 ? 3 : 9))
  out.setUint8(0, chosen === 16 ? 126 : 127)
  if (chosen === 16) out.setUint16(1, Number(length))
  else out.setBigUint64(1, length)
  return new Uint8Array(out.buffer)
}

/** RFC 6455 §5.3: octet i is XORed with octet i mod 4 of the key. The same function unmasks. */
export function applyMask(payload: Uint8Array, key: Uint8Array): Uint8Array {
  const out = new Uint8Array(payload.byteLength)
  for (let i = 0; i < out.byteLength; i++) out[i] = (payload[i] ?? 0) ^ (key[i % 4] ?? 0)
  return out
}
