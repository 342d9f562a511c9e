import { concat, same } from '../wire/bytes.js'
import type { Decompressor } from '../wire/compressor.js'
import { OPCODE, RSV1 } from '../wire/frame.js'
import {
  createFrameReader,
  type FrameReader,
  type ReadFrame,
  SubjectViolation,
} from '../wire/frame-reader.js'
import { InflateError } from '../wire/inflate.js'
import type { LinkEnd } from '../wire/link.js'

/** What the subject said, one event after the other. */
export type PeerEvent =
  | {
      readonly is: 'message'
      readonly kind: 'text' | 'binary'
      readonly payload: Uint8Array
      readonly compressed: boolean
      readonly fragments: number
    }
  | { readonly is: 'ping' | 'pong'; readonly payload: Uint8Array }
  /** A Close without a body is reported as 1005 (RFC 6455 §7.1.5). */
  | { readonly is: 'close'; readonly code: number; readonly reason: string }
  /** The subject's own output broke a rule. Nothing after it is read. */
  | { readonly is: 'violation'; readonly why: string }
  | { readonly is: 'end'; readonly end: LinkEnd }

interface Unfinished {
  readonly kind: 'text' | 'binary'
  readonly compressed: boolean
  readonly parts: Uint8Array[]
}

/** Turns the subject's bytes into events and is strict about every rule a sender must keep. */
export class EventReader {
  readonly keys: Uint8Array[] = []
  readonly #frames: FrameReader
  readonly #decompressor: Decompressor | undefined
  #unfinished: Unfinished | undefined
  #closed = false
  #broken = false

  constructor(expectMask: boolean, decompressor: Decompressor | undefined) {
    this.#frames = createFrameReader(expectMask)
    this.#decompressor = decompressor
  }

  push(bytes: Uint8Array): PeerEvent[] {
    if (this.#broken) return []
    const events: PeerEvent[] = []
    try {
      this.#frames.push(bytes)
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        const event = this.#read(frame)
        if (event !== undefined) events.push(event)
      }
    } catch (error) {
      if (!(error instanceof SubjectViolation || error instanceof InflateError)) throw error
      this.#broken = true
      events.push({ is: 'violation', why: error.message })
    }
    return events
  }

  #read(frame: ReadFrame): PeerEvent | undefined {
    if (frame.key !== undefined) this.keys.push(frame.key)
    // RFC 6455 §5.5.1: nothing may be sent after a Close.
    if (this.#closed) throw new SubjectViolation(`a frame with opcode ${frame.opcode} after Close`)
    const allowed = frame.opcode === OPCODE.text || frame.opcode === OPCODE.binary ? RSV1 : 0
    const negotiated = this.#decompressor === undefined ? 0 : allowed
    if ((frame.rsv & ~negotiated) !== 0)
      throw new SubjectViolation(`reserved bits ${frame.rsv} on opcode ${frame.opcode}`)
    switch (frame.opcode) {
      case OPCODE.text:
      case OPCODE.binary:
        return this.#first(frame)
      case OPCODE.continuation:
        return this.#more(frame)
      case OPCODE.ping:
        return { is: 'ping', payload: frame.payload }
      case OPCODE.pong:
        return { is: 'pong', payload: frame.payload }
      case OPCODE.close:
        this.#closed = true
        return readClose(frame.payload)
      default:
        throw new SubjectViolation(`reserved opcode ${frame.opcode}`)
    }
  }

  #first(frame: ReadFrame): PeerEvent | undefined {
    if (this.#unfinished !== undefined) throw new SubjectViolation('a new message inside a fragmented one')
    const kind = frame.opcode === OPCODE.text ? 'text' : 'binary'
    this.#unfinished = { kind, compressed: frame.rsv === RSV1, parts: [] }
    return this.#more(frame)
  }

  #more(frame: ReadFrame): PeerEvent | undefined {
    const message = this.#unfinished
    if (message === undefined) throw new SubjectViolation('a continuation of nothing')
    message.parts.push(frame.payload)
    if (!frame.fin) return undefined
    this.#unfinished = undefined
    const wire = concat(message.parts)
    const payload = message.compressed ? (this.#decompressor?.decompress(wire).output ?? wire) : wire
    if (message.kind === 'text' && !isUtf8(payload))
      throw new SubjectViolation('a text message that is not UTF-8')
    const { kind, compressed } = message
    return { is: 'message', kind, payload, compressed, fragments: message.parts.length }
  }
}

function readClose(payload: Uint8Array): PeerEvent {
  if (payload.byteLength === 0) return { is: 'close', code: 1005, reason: '' }
  if (payload.byteLength === 1) throw new SubjectViolation('a Close body of one octet')
  const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0)
  const reason = payload.subarray(2)
  // RFC 6455 §7.4.1: these never appear on the wire.
  if (code < 1000 || code > 4999 || [1004, 1005, 1006, 1015].includes(code))
    throw new SubjectViolation(`Close code ${code}`)
  if (!isUtf8(reason)) throw new SubjectViolation('a Close reason that is not UTF-8')
  return { is: 'close', code, reason: Buffer.from(reason).toString('utf8') }
}

/** Strict by construction: what decodes and encodes to the same octets is UTF-8. */
function isUtf8(data: Uint8Array): boolean {
  return same(new Uint8Array(Buffer.from(Buffer.from(data).toString('utf8'), 'utf8')), data)
}
