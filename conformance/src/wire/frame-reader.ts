import { concat } from './bytes.js'
import { applyMask } from './frame.js'

/** A rule of the RFC that the subject's own output broke. */
export class SubjectViolation extends Error {
  override readonly name = 'SubjectViolation'
}

export interface ReadFrame {
  readonly fin: boolean
  readonly rsv: number
  readonly opcode: number
  readonly payload: Uint8Array
  readonly key: Uint8Array | undefined
}

export interface FrameReader {
  push(data: Uint8Array): void
  /** The next whole frame, or undefined. Throws SubjectViolation when the subject's framing is illegal. */
  next(): ReadFrame | undefined
  /** How many bytes of an unfinished frame are waiting. */
  pending(): number
}

interface Head {
  readonly size: number
  readonly length: number
  readonly masked: boolean
}

/** Makes a reader of the subject's frames; `expectMask` is true when the subject is the client. */
export function createFrameReader(expectMask: boolean): FrameReader {
  // Chunks are joined only when a frame is whole: joining at each chunk would copy long frames over and over.
  let chunks: Uint8Array[] = []
  let size = 0
  let needed = 0
  return {
    push(data) {
      chunks.push(data)
      size += data.byteLength
    },
    next() {
      if (size < Math.max(needed, 2)) return undefined
      const buffer = chunks.length === 1 ? (chunks[0] ?? new Uint8Array(0)) : concat(chunks)
      chunks = [buffer]
      const head = readHead(buffer, expectMask)
      needed = head === undefined ? size + 1 : head.size + head.length
      if (head === undefined || size < needed) return undefined
      chunks = [buffer.subarray(needed)]
      size -= needed
      needed = 0
      return cutFrame(buffer, head)
    },
    pending: () => size,
  }
}

function readHead(buffer: Uint8Array, expectMask: boolean): Head | undefined {
  const second = buffer[1]
  if (second === undefined) return undefined
  const masked = (second & 0x80) !== 0
  // RFC 6455 §5.1: a client masks every frame, a server none.
  if (masked !== expectMask)
    throw new SubjectViolation(masked ? 'a server frame is masked' : 'a client frame is not masked')
  const short = second & 0x7f
  const lengthSize = short === 126 ? 2 : short === 127 ? 8 : 0
  if (buffer.byteLength < 2 + lengthSize) return undefined
  const length = lengthSize === 0 ? short : readLength(buffer, lengthSize)
  const control = ((buffer[0] ?? 0) & 0x08) !== 0
  // RFC 6455 §5.5: control frames carry at most 125 octets and are never fragmented.
  if (control && length > 125) throw new SubjectViolation(`a control frame of ${length} octets`)
  if (control && ((buffer[0] ?? 0) & 0x80) === 0) throw new SubjectViolation('a fragmented control frame')
  return { size: 2 + lengthSize + (masked ? 4 : 0), length, masked }
}

function readLength(buffer: Uint8Array, size: 2 | 8): number {
  const view = new DataView(buffer.buffer, buffer.byteOffset + 2, size)
  const length = size === 2 ? BigInt(view.getUint16(0)) : view.getBigUint64(0)
  // RFC 6455 §5.2: the shortest encoding must be used, and the top bit of the long one is zero.
  if (length < (size === 2 ? 126n : 65536n))
    throw new SubjectViolation(`length ${length} is not minimally encoded`)
  if (length >= 2n ** 63n) throw new SubjectViolation('a 64-bit length with its top bit set')
  return Number(length)
}

function cutFrame(buffer: Uint8Array, head: Head): ReadFrame {
  const first = buffer[0] ?? 0
  const key = head.masked ? buffer.slice(head.size - 4, head.size) : undefined
  const payload = buffer.slice(head.size, head.size + head.length)
  return {
    fin: (first & 0x80) !== 0,
    rsv: (first >> 4) & 7,
    opcode: first & 0x0f,
    payload: key === undefined ? payload : applyMask(payload, key),
    key,
  }
}
