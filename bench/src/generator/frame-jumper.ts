/**
 * Finds the ends of WebSocket messages in a server's byte stream by jumping from header to header (RFC 6455 §5.2).
 * Payloads are not read, except for the few leading bytes a dialect needs to tell a delivery from a heartbeat, so that the
 * load generator stays cheaper than the servers it measures.
 */

export interface FrameSink {
  /** Says what a data message is by its first bytes: `bytes[start..end)`, at most `peek` of them. */
  inspect(bytes: Uint8Array, start: number, end: number): number
  /** A whole data message has passed; `meaning` is what `inspect` said of it. */
  message(meaning: number): void
  /** A ping, pong or close. `payload` is a view, valid only during the call. */
  control(opcode: number, payload: Uint8Array): void
}

/** The longest header a server may send: two bytes and a 64-bit length; frames from a server carry no mask (§5.1). */
const HEADER_MAX = 10
/** The longest payload of a control frame (§5.5). */
const CONTROL_MAX = 125

export class FrameJumper {
  readonly #sink: FrameSink
  readonly #peek: number
  /** The start of a frame whose head was cut by the end of a read. */
  #carry: Uint8Array | undefined
  #carried = 0
  /** Payload bytes of the current frame that are still to come. */
  #left = 0
  #final = false
  #meaning = 0
  /** Bytes that `#begin` consumed. */
  #head = 0
  #isData = false

  /** `peek`: how many payload bytes `inspect` wants to see; 0 when every message means the same. */
  constructor(sink: FrameSink, peek: number) {
    this.#sink = sink
    this.#peek = peek
  }

  /** Takes `bytes[start..end)`. Throws on what no server may send. */
  push(bytes: Uint8Array, start: number, end: number): void {
    let at = this.#carried > 0 ? this.#resume(bytes, start, end) : start
    for (;;) {
      if (this.#left > 0) {
        const rest = end - at
        if (rest < this.#left) {
          this.#left -= rest
          return
        }
        at += this.#left
        this.#left = 0
        this.#finish()
      }
      if (at >= end) return
      if (!this.#begin(bytes, at, end)) {
        this.#keep(bytes, at, end)
        return
      }
      at += this.#head
      if (this.#left === 0) this.#finish()
    }
  }

  /** Reads a frame's header and the payload bytes that must be seen; false when they are not all there. */
  #begin(bytes: Uint8Array, at: number, end: number): boolean {
    if (end - at < 2) return false
    const first = bytes[at] as number
    let length = bytes[at + 1] as number
    let header = 2
    if (length === 126) {
      if (end - at < 4) return false
      length = (bytes[at + 2] as number) * 256 + (bytes[at + 3] as number)
      header = 4
    } else if (length === 127) {
      if (end - at < HEADER_MAX) return false
      length = longLength(bytes, at + 2)
      header = HEADER_MAX
    } else if (length > 127) {
      throw new Error('The server sent a masked frame')
    }
    const opcode = first & 15
    const seen = opcode >= 8 ? length : Math.min(length, this.#peek)
    if (end - at < header + seen) return false
    if ((first & 0x70) !== 0) throw new Error('The server set a reserved bit, though no extension was agreed')
    this.#head = header + seen
    this.#left = length - seen
    this.#open(opcode, first > 127)
    const payload = at + header
    if (opcode >= 8) this.#sink.control(opcode, bytes.subarray(payload, payload + length))
    else if (opcode !== 0) this.#meaning = this.#sink.inspect(bytes, payload, payload + seen)
    return true
  }

  #open(opcode: number, final: boolean): void {
    if (opcode > 10 || (opcode > 2 && opcode < 8))
      throw new Error(`The server sent the unknown opcode ${opcode}`)
    this.#isData = opcode < 8
    this.#final = final
  }

  #finish(): void {
    if (this.#isData && this.#final) this.#sink.message(this.#meaning)
  }

  #keep(bytes: Uint8Array, at: number, end: number): void {
    this.#carry ??= new Uint8Array(HEADER_MAX + Math.max(CONTROL_MAX, this.#peek))
    this.#carry.set(bytes.subarray(at, end))
    this.#carried = end - at
  }

  /** Completes a cut head with the new bytes; returns where the rest of them starts. */
  #resume(bytes: Uint8Array, start: number, end: number): number {
    const carry = this.#carry as Uint8Array
    const before = this.#carried
    const taken = Math.min(end - start, carry.length - before)
    carry.set(bytes.subarray(start, start + taken), before)
    if (!this.#begin(carry, 0, before + taken)) {
      this.#carried = before + taken
      return end
    }
    this.#carried = 0
    // The head was not complete before, so it reaches into the new bytes.
    const next = start + this.#head - before
    if (this.#left === 0) this.#finish()
    return next
  }
}

function longLength(bytes: Uint8Array, at: number): number {
  let length = 0
  for (let i = 0; i < 8; i++) length = length * 256 + (bytes[at + i] as number)
  if (!Number.isSafeInteger(length)) throw new Error('The server sent a frame longer than 2^53 bytes')
  return length
}
