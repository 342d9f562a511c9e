const SMALLEST_BUFFER = 1024

/** The last 2^bits bytes of a stream of messages: what DEFLATE may refer back to. RFC 7692 §7.1.2. */
export class SlidingWindow {
  readonly #size: number
  #buffer: Buffer = Buffer.alloc(0)
  #end = 0

  constructor(windowBits: number) {
    this.#size = 2 ** windowBits
  }

  append(bytes: Uint8Array): void {
    const added = bytes.length > this.#size ? bytes.subarray(bytes.length - this.#size) : bytes
    if (this.#end + added.length > this.#buffer.length) this.#makeRoom(added.length)
    this.#buffer.set(added, this.#end)
    this.#end += added.length
  }

  /** The window as it is now; valid until the next append. */
  view(): Buffer {
    return this.#buffer.subarray(Math.max(0, this.#end - this.#size), this.#end)
  }

  /** Moves the window to the front, in a buffer of at most twice its size: so each byte is moved about once. */
  #makeRoom(added: number): void {
    const kept = Math.min(this.#end, this.#size - added)
    const needed = kept + added
    const capacity = Math.min(this.#size * 2, Math.max(needed * 2, SMALLEST_BUFFER))
    const target = capacity > this.#buffer.length ? Buffer.allocUnsafeSlow(capacity) : this.#buffer
    target.set(this.#buffer.subarray(this.#end - kept, this.#end))
    this.#buffer = target
    this.#end = kept
  }
}
