import { applyMask, headerBytes, writeHeader } from '../websocket/index.js'

/** Who gets the bytes of a region when it is closed. */
export interface RegionOwner {
  takeRegion(bytes: Buffer): void
}

/** A slab begins small, for who sends little, and each next one is twice as large up to the largest. */
const SMALLEST_SLAB_BYTES = 4 * 1024
const LARGEST_SLAB_BYTES = 64 * 1024
/** Text of up to this many UTF-16 units has at most 125 bytes in UTF-8, so its header has two, known beforehand. */
const SHORT_TEXT_UNITS = 41

/**
 * What `Buffer.prototype.subarray` constructs. Calling it with memory at hand takes half the time, because asking a
 * buffer for its memory is slow, and `subarray` asks every time.
 */
const BufferView = (Buffer as unknown as { [Symbol.species]: BufferViewConstructor })[Symbol.species]
type BufferViewConstructor = new (memory: ArrayBufferLike, offset: number, length: number) => Buffer

/** One frame to write: the first byte, and for a client the masking key. */
export interface FrameForm {
  readonly head: number
  readonly maskKey: number | undefined
}

/**
 * Memory that frames for single links are written into, one behind the other, so that the frames a link sends in one
 * turn lie in one piece and leave in one write. At any time one link has the open region; it closes when another
 * link writes, when the link needs its bytes, or when the slab is full. Slabs are never reused: what was handed to a
 * socket stays as it is, and the garbage collector knows when nobody holds it.
 */
export class FrameArena {
  #slab: Buffer = Buffer.alloc(0)
  #memory: ArrayBufferLike = this.#slab.buffer
  #at = 0
  #start = 0
  #owner: RegionOwner | null = null

  /** Payloads no larger than this belong here; larger ones deserve a buffer of their own. */
  static readonly MAX_FRAME_BYTES = LARGEST_SLAB_BYTES / 4

  /** Bytes in the open region, if it is this owner's. */
  openBytes(owner: RegionOwner): number {
    return this.#owner === owner ? this.#at - this.#start : 0
  }

  /** Adds a frame to the owner's region. Its payload must not exceed MAX_FRAME_BYTES. */
  writeFrame(owner: RegionOwner, form: FrameForm, payload: Uint8Array): void {
    const size = headerBytes(payload.length, form.maskKey !== undefined) + payload.length
    this.#open(owner, size)
    const start = writeHeader(this.#slab, this.#at, {
      head: form.head,
      payloadBytes: payload.length,
      maskKey: form.maskKey,
    })
    this.#slab.set(payload, start)
    this.#finish(start, form.maskKey, payload.length)
  }

  /** Adds a frame with this text, encoded on the way; false if it exceeds MAX_FRAME_BYTES. */
  writeText(owner: RegionOwner, form: FrameForm, text: string): boolean {
    const isShort = text.length <= SHORT_TEXT_UNITS
    const most = isShort ? text.length * 3 : Buffer.byteLength(text)
    if (most > FrameArena.MAX_FRAME_BYTES) return false
    const header = headerBytes(most, form.maskKey !== undefined)
    this.#open(owner, header + most)
    const start = this.#at + header
    const payloadBytes = this.#slab.write(text, start)
    writeHeader(this.#slab, this.#at, { head: form.head, payloadBytes, maskKey: form.maskKey })
    this.#finish(start, form.maskKey, payloadBytes)
    return true
  }

  /** Closes the region of this owner, if it has the open one. */
  close(owner: RegionOwner): void {
    if (this.#owner === owner) this.#close()
  }

  #open(owner: RegionOwner, size: number): void {
    const isFull = this.#at + size > this.#slab.length
    if (this.#owner === owner && !isFull) return
    this.#close()
    if (isFull) {
      const doubled = Math.max(size, this.#slab.length * 2, SMALLEST_SLAB_BYTES)
      this.#slab = Buffer.allocUnsafeSlow(Math.min(doubled, LARGEST_SLAB_BYTES))
      this.#memory = this.#slab.buffer
      this.#at = 0
    }
    this.#start = this.#at
    this.#owner = owner
  }

  #finish(start: number, maskKey: number | undefined, payloadBytes: number): void {
    this.#at = start + payloadBytes
    if (maskKey !== undefined) applyMask(this.#slab.subarray(start, this.#at), maskKey)
  }

  #close(): void {
    const owner = this.#owner
    if (owner === null) return
    this.#owner = null
    owner.takeRegion(new BufferView(this.#memory, this.#start, this.#at - this.#start))
  }
}
