/** What is read at once at most, in bytes: as much as Node reads. */
export const READ_BYTES = 64 * 1024
/** So many chunks are kept in it at once, of links that wait for their turn: 4 MiB, of which nothing is taken that is not used. */
const KEPT = 64

/** Copies of so many bytes and fewer lie in memory that Node has made already. */
const FEW = 4095

/**
 * The memory that sockets are read into, one after the other. Node makes new memory for each read otherwise, and of who sends as much as he can a thousand times a
 * second: to collect that costs milliseconds at a time, for which everybody waits. See docs/decisions/0016. [E39]
 */
export class ReadMemory {
  readonly #memory: Buffer
  /** What is read comes here. It holds until the next read, of whichever socket: until then it is told, or kept. */
  readonly into: Buffer
  /** Where chunks can be kept, and nobody keeps one now. */
  readonly #free: number[]

  constructor(kept: number) {
    this.#memory = Buffer.allocUnsafeSlow(READ_BYTES * (kept + 1))
    this.into = this.#memory.subarray(0, READ_BYTES)
    this.#free = Array.from({ length: kept }, (_, index) => (index + 1) * READ_BYTES)
  }

  /** How many chunks can be kept here. Those beyond it are kept in memory of their own. */
  get free(): number {
    return this.#free.length
  }

  /** What was read just now. Unless it is only borrowed, of few bytes a copy is made at once, rather than one of each message in them. */
  read(count: number, isBorrowed: boolean): Buffer {
    const bytes = this.into.subarray(0, count)
    return isBorrowed || count > FEW ? bytes : Buffer.from(bytes)
  }

  /** The bytes, for good: in memory of their own where they lie in this. */
  owned(bytes: Uint8Array): Uint8Array {
    return this.has(bytes) ? Buffer.from(bytes) : bytes
  }

  /** The bytes, until they are let go. Those that are kept already stay where they are. */
  keep(bytes: Buffer): Buffer {
    if (!this.has(bytes) || bytes.byteOffset >= READ_BYTES) return bytes
    const at = this.#free.pop()
    if (at === undefined) return Buffer.from(bytes)
    const kept = this.#memory.subarray(at, at + bytes.length)
    kept.set(bytes)
    return kept
  }

  /** Takes back where something was kept, of which this is left. It must not be looked at any more. */
  letGo(bytes: Buffer): void {
    if (this.has(bytes)) this.#free.push(bytes.byteOffset - (bytes.byteOffset % READ_BYTES))
  }

  /** Whether the bytes lie in it. */
  has(bytes: Uint8Array): boolean {
    return bytes.buffer === this.#memory.buffer
  }
}

/** Of all links: they are read one after the other. */
export const readMemory = new ReadMemory(KEPT)
