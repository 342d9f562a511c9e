/** Long texts outside V8's heap, in memory that is used again. [B17] */

/**
 * In characters. V8 copies strings twice that live on, to where its old objects are, and everybody waits meanwhile; those from half of a page
 * of 256 KiB on it does not move. What is short is not worth it.
 */
const [LEAST, TOO_LONG] = [4 * 1024, 128 * 1024]
/** Bytes that are left for later texts at most. */
const MOST_FREE = 16 * 2 ** 20

const encoder = new TextEncoder()

/** A text, in memory that is a quarter larger at most. */
class Text {
  readonly size: number
  readonly #length: number
  readonly #home: TextMemory
  #memory: Buffer | null

  constructor(home: TextMemory, memory: Buffer, length: number) {
    this.size = memory.length
    this.#home = home
    this.#memory = memory
    this.#length = length
  }

  /** @throws {Error} once it is let go: others have its memory. */
  read(): string {
    if (this.#memory === null) throw new Error('a text is read that was let go')
    return this.#memory.toString('utf8', 0, this.#length)
  }

  letGo(): void {
    if (this.#memory !== null) this.#home.takeBack(this.#memory)
    this.#memory = null
  }
}

export class TextMemory {
  /** By size, what nobody uses. */
  readonly #free = new Map<number, Buffer[]>()
  #freeBytes = 0

  /** Bytes that are there for later texts. */
  get free(): number {
    return this.#freeBytes
  }

  keep(text: string): Text | null {
    if (text.length < LEAST || text.length >= TOO_LONG) return null
    const memory = this.#take(text.length)
    const { read, written } = encoder.encodeInto(text, memory)
    if (read === text.length) return new Text(this, memory, written)
    // Its characters take more than a byte each.
    this.takeBack(memory)
    const larger = this.#take(Buffer.byteLength(text))
    return new Text(this, larger, larger.write(text))
  }

  takeBack(memory: Buffer): void {
    if (this.#freeBytes + memory.length > MOST_FREE) return
    this.#freeBytes += memory.length
    const free = this.#free.get(memory.length)
    if (free === undefined) this.#free.set(memory.length, [memory])
    else free.push(memory)
  }

  #take(least: number): Buffer {
    const size = sizeFor(least)
    const memory = this.#free.get(size)?.pop()
    if (memory === undefined) return Buffer.allocUnsafeSlow(size)
    this.#freeBytes -= size
    return memory
  }
}

/** Four sizes for each power of two. */
function sizeFor(least: number): number {
  const step = 2 ** (31 - Math.clz32(least - 1) - 2)
  return Math.ceil(least / step) * step
}
