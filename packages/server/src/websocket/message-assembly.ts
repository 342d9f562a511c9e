import { CLOSE_CODE } from './close-code.js'
import { type MessageKind, OPCODE, RSV1 } from './opcode.js'
import { fail } from './protocol-failure.js'
import { UTF8_INVALID, UTF8_START, type Utf8Check, utf8Continue } from './utf8.js'

const SMALLEST_BUFFER = 1024

/**
 * A message that did not arrive in one piece: cut into frames by its sender, or into chunks by the network.
 * It exists only while the message is incomplete, so an idle connection does not carry its fields.
 */
export class MessageAssembly {
  readonly kind: MessageKind
  readonly compressed: boolean
  /** Frames begun so far. */
  frames = 0
  /** Bytes collected so far. */
  size = 0
  #buffer: Uint8Array | null = null
  #utf8: number = UTF8_START
  readonly #isUtf8: Utf8Check | undefined

  /** `head` is the first byte of the message's first frame. */
  constructor(head: number, isUtf8: Utf8Check | undefined) {
    this.kind = (head & 0x0f) === OPCODE.text ? 'text' : 'binary'
    this.compressed = (head & RSV1) !== 0
    this.#isUtf8 = isUtf8
  }

  /**
   * Adds the next piece, unmasked. `missing` is what is known to follow: the rest of the message's last frame, or
   * null while further frames may come.
   * @throws {ProtocolFailure} 1007 as soon as a text cannot be valid UTF-8 any more. RFC 6455 §8.1.
   */
  append(piece: Uint8Array, missing: number | null): void {
    // A compressed text is judged after inflation.
    if (this.kind === 'text' && !this.compressed) {
      this.#utf8 = utf8Continue(piece, this.#utf8, this.#isUtf8)
      if (this.#utf8 === UTF8_INVALID) fail(CLOSE_CODE.invalidPayload, 'the text is not valid UTF-8')
    }
    const end = this.size + piece.length
    if (this.size === 0 && missing === 0) this.#buffer = piece
    else this.#reserve(end, missing).set(piece, this.size)
    this.size = end
  }

  /** The whole message. It may be a view of a larger buffer. */
  finish(): Uint8Array {
    if (this.#utf8 !== UTF8_START) fail(CLOSE_CODE.invalidPayload, 'the text ends within a UTF-8 character')
    return this.#buffer === null ? new Uint8Array(0) : this.#buffer.subarray(0, this.size)
  }

  /**
   * Room grows with what arrived, never with what a header announced: a peer must send bytes to make us hold them.
   * Doubling keeps the copying linear however small the pieces are.
   */
  #reserve(end: number, missing: number | null): Uint8Array {
    const buffer = this.#buffer
    if (buffer !== null && buffer.length >= end) return buffer
    const doubled = Math.max(end * 2, SMALLEST_BUFFER)
    const grown = new Uint8Array(missing === null ? doubled : Math.min(doubled, end + missing))
    if (buffer !== null) grown.set(buffer.subarray(0, this.size))
    this.#buffer = grown
    return grown
  }
}
