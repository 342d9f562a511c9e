import { CLOSE_CODE, isWireCloseCode } from './close-code.js'
import { applyMask, writeMaskKey } from './mask.js'
import { FIN, OPCODE } from './opcode.js'
import { fail } from './protocol-failure.js'
import { decodeUtf8, encodeUtf8, isValidUtf8 } from './utf8.js'

/** Set in the second byte of a frame whose payload is masked. RFC 6455 §5.2. */
export const MASK_BIT = 0x80
/** In the second byte: the length follows in 16, or in 64, bits. RFC 6455 §5.2. */
export const LENGTH_16 = 126
export const LENGTH_64 = 127
/** A control frame's payload is never longer. RFC 6455 §5.5. */
export const MAX_CONTROL_BYTES = 125
/** What a Close frame leaves for the reason after its two bytes of code. RFC 6455 §5.5.1. */
export const MAX_CLOSE_REASON_BYTES = MAX_CONTROL_BYTES - 2

const MASK_KEY_BYTES = 4
const TWO_POW_32 = 0x1_0000_0000

/** The first byte of the three control frames. */
export const CLOSE_HEAD = FIN | OPCODE.close
export const PING_HEAD = FIN | OPCODE.ping
export const PONG_HEAD = FIN | OPCODE.pong

/** Bytes a frame's header takes for a payload of this length. RFC 6455 §5.2: the shortest form is the only one. */
export function headerBytes(payloadBytes: number, masked: boolean): number {
  const length = payloadBytes < LENGTH_16 ? 2 : payloadBytes < 0x10000 ? 4 : 10
  return masked ? length + MASK_KEY_BYTES : length
}

/** What a header says beside the payload itself. `head` is its first byte: FIN, reserved bits and opcode. */
export interface FrameHeader {
  readonly head: number
  readonly payloadBytes: number
  /** The masking key of a client's frame; absent in a server's. RFC 6455 §5.3. */
  readonly maskKey?: number | undefined
}

/** Writes a header at `at` and returns the position after it, where the payload belongs. */
export function writeHeader(target: Uint8Array, at: number, header: FrameHeader): number {
  const { head, payloadBytes, maskKey } = header
  const maskBit = maskKey === undefined ? 0 : MASK_BIT
  target[at] = head
  if (payloadBytes < LENGTH_16) {
    target[at + 1] = maskBit | payloadBytes
    at += 2
  } else if (payloadBytes < 0x10000) {
    target[at + 1] = maskBit | LENGTH_16
    target[at + 2] = payloadBytes >>> 8
    target[at + 3] = payloadBytes & 0xff
    at += 4
  } else {
    target[at + 1] = maskBit | LENGTH_64
    writeUint32(target, at + 2, Math.floor(payloadBytes / TWO_POW_32))
    writeUint32(target, at + 6, payloadBytes >>> 0)
    at += 10
  }
  if (maskKey === undefined) return at
  writeMaskKey(maskKey, target, at)
  return at + MASK_KEY_BYTES
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24
  target[at + 1] = (value >>> 16) & 0xff
  target[at + 2] = (value >>> 8) & 0xff
  target[at + 3] = value & 0xff
}

/** Reads the 64-bit length. RFC 6455 §5.2: the highest bit must be 0; beyond 2^53 the result is merely far too large. */
export function readLength64(bytes: Uint8Array, at: number): number {
  const high = readUint32(bytes, at)
  if (high >= 0x8000_0000) {
    fail(CLOSE_CODE.protocolError, 'a payload length must not use its highest bit')
  }
  return high * TWO_POW_32 + readUint32(bytes, at + 4)
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}

/** A whole frame in a buffer of its own. `maskKey` makes it a client's; the payload given is left as it is. */
export function encodeFrame(head: number, payload: Uint8Array, maskKey?: number): Uint8Array {
  const start = headerBytes(payload.length, maskKey !== undefined)
  const frame = new Uint8Array(start + payload.length)
  writeHeader(frame, 0, { head, payloadBytes: payload.length, maskKey })
  frame.set(payload, start)
  if (maskKey !== undefined) applyMask(frame.subarray(start), maskKey)
  return frame
}

/** What a Close frame said. `code` is 1005 when it said nothing. RFC 6455 §7.1.5. */
export interface CloseStatus {
  readonly code: number
  readonly reason: string
}

/**
 * The payload of a Close frame; without a code an empty one. RFC 6455 §5.5.1.
 * @throws {RangeError} if the code must not travel (§7.4) or the reason is longer than 123 bytes.
 */
export function encodeClose(code?: number, reason = ''): Uint8Array {
  const text = encodeUtf8(reason)
  if (code === undefined) {
    if (text.length > 0) throw new RangeError('a close reason needs a close code before it')
    return text
  }
  if (!isWireCloseCode(code)) {
    throw new RangeError(
      `close code ${code} must not be sent; use 1000, 3000 to 4999, or another of RFC 6455 §7.4`,
    )
  }
  if (text.length > MAX_CLOSE_REASON_BYTES) {
    throw new RangeError(
      `a close reason has at most ${MAX_CLOSE_REASON_BYTES} bytes, this one has ${text.length}`,
    )
  }
  const payload = new Uint8Array(2 + text.length)
  payload[0] = code >>> 8
  payload[1] = code & 0xff
  payload.set(text, 2)
  return payload
}

/**
 * Reads the payload of a Close frame. RFC 6455 §5.5.1, §7.1.5, §7.4.
 * @throws {ProtocolFailure} 1002 for half a code or one that must not be sent, 1007 for a reason that is not UTF-8.
 */
export function decodeClose(payload: Uint8Array): CloseStatus {
  if (payload.length === 0) return { code: CLOSE_CODE.noStatus, reason: '' }
  if (payload.length === 1) {
    fail(CLOSE_CODE.protocolError, 'a Close frame has no payload or a code of two bytes')
  }
  const code = ((payload[0] as number) << 8) | (payload[1] as number)
  if (!isWireCloseCode(code)) {
    fail(CLOSE_CODE.protocolError, `close code ${code} must not be sent`)
  }
  const reason = payload.subarray(2)
  if (!isValidUtf8(reason)) {
    fail(CLOSE_CODE.invalidPayload, 'the close reason is not valid UTF-8')
  }
  return { code, reason: decodeUtf8(reason) }
}

/** Cuts a reason to what a Close frame can carry, between two characters. For reasons that quote something. */
export function fitCloseReason(reason: string): string {
  let size = 0
  let kept = ''
  for (const character of reason) {
    size += encodeUtf8(character).length
    if (size > MAX_CLOSE_REASON_BYTES) return kept
    kept += character
  }
  return kept
}
