import type { Writable } from 'node:stream'

const NOTHING = Buffer.alloc(0)
/** Up to here, copying the frames of one link together is cheaper than writing them as pieces. */
const MAX_JOINED_BYTES = 4096

/**
 * The frames a link has still to write, as a path in a tree that all links of a turn share. Links that were given the
 * same shared frames in the same order stand on the same node, and the bytes of a path are put together once, whoever
 * asks first: a broadcast to a thousand links costs a thousand writes of one buffer.
 */
export class FrameSequence {
  /** The whole path in bytes. */
  readonly byteLength: number
  /** Whether other links may stand here too, so that joining the bytes serves more than one. */
  readonly isShared: boolean
  readonly #before: FrameSequence | null
  readonly #last: Buffer
  #joined: Buffer | null = null
  /** The child asked for last: a broadcast asks for the same one again and again. */
  #next: FrameSequence | null = null
  #branches: Map<Buffer, FrameSequence> | null = null

  private constructor(before: FrameSequence | null, last: Buffer, isShared: boolean) {
    this.#before = before
    this.#last = last
    this.isShared = isShared
    this.byteLength = (before === null ? 0 : before.byteLength) + last.length
  }

  /** The empty path all shared ones of a turn begin with. */
  static root(): FrameSequence {
    return new FrameSequence(null, NOTHING, true)
  }

  /** A path that begins with bytes for one link only. */
  static own(bytes: Buffer): FrameSequence {
    return new FrameSequence(null, bytes, false)
  }

  /** This path and then a shared frame: the same node for every link that asks. */
  withShared(frame: Buffer): FrameSequence {
    const next = this.#next
    if (next !== null && next.#last === frame) return next
    return this.#branch(frame)
  }

  /** This path and then bytes for one link only. */
  withOwn(bytes: Buffer): FrameSequence {
    return new FrameSequence(this, bytes, false)
  }

  /** The path in one piece; null where copying it together costs more than writing its pieces. */
  whole(): Buffer | null {
    const isWorthJoining = this.isShared || this.byteLength <= MAX_JOINED_BYTES || this.#isWhole()
    return isWorthJoining ? this.#join() : null
  }

  /** Writes the path, in one call to the operating system where the stream allows it. */
  writeTo(stream: Writable): void {
    const whole = this.whole()
    if (whole !== null) {
      stream.write(whole)
      return
    }
    stream.cork()
    this.#writePieces(stream)
    stream.uncork()
  }

  #isWhole(): boolean {
    return this.#before === null || this.#before.byteLength === 0
  }

  #join(): Buffer {
    if (this.#isWhole()) return this.#last
    if (this.#joined === null) {
      const joined = Buffer.allocUnsafe(this.byteLength)
      for (let at: FrameSequence | null = this; at !== null; at = at.#before) {
        joined.set(at.#last, at.byteLength - at.#last.length)
      }
      this.#joined = joined
    }
    return this.#joined
  }

  #writePieces(stream: Writable): void {
    const pieces: Buffer[] = []
    for (let at: FrameSequence | null = this; at !== null; at = at.#before) pieces.push(at.#last)
    for (const piece of pieces.reverse()) {
      if (piece.length > 0) stream.write(piece)
    }
  }

  #branch(frame: Buffer): FrameSequence {
    // A path for one link only has nobody to share its children with.
    if (!this.isShared) return this.withOwn(frame)
    let child = this.#branches?.get(frame)
    if (child === undefined) {
      child = new FrameSequence(this, frame, true)
      this.#branches ??= new Map()
      this.#branches.set(frame, child)
    }
    this.#next = child
    return child
  }
}

/** The same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
