/** Ids that one transaction stored in one channel. It is a record on disk too, under the offset of the first of them. */
export interface IdChunk {
  /** When they were stored: milliseconds since 1970. */
  readonly time: number
  readonly ids: readonly string[]
  readonly offsets: readonly number[]
}

export interface IdWindowOptions {
  /** Milliseconds for which an id is known. */
  readonly window: number
  /** So many ids are known at most: of a stream that is faster, those of a shorter time. */
  readonly most: number
}

/** Which ids a channel stored lately, and at which offset. They are forgotten as they were stored, a chunk at a time. */
export class IdWindow {
  readonly #options: IdWindowOptions
  readonly #offsets = new Map<string, number>()
  #chunks: IdChunk[] = []
  #first = 0
  #count = 0
  /** Keys of those chunks. */
  #forgotten: number[] = []

  constructor(options: IdWindowOptions) {
    this.#options = options
  }

  get empty(): boolean {
    return this.#first === this.#chunks.length && this.#forgotten.length === 0
  }

  /** How many chunks are forgotten, and still on disk. */
  get forgotten(): number {
    return this.#forgotten.length
  }

  find(id: string, now: number): number | undefined {
    this.expire(now)
    return this.#offsets.get(id)
  }

  add(chunk: IdChunk): void {
    this.#chunks.push(chunk)
    this.#count += chunk.ids.length
    for (const [index, id] of chunk.ids.entries()) this.#offsets.set(id, chunk.offsets[index] ?? 0)
    while (this.#count > this.#options.most && this.#chunks.length - this.#first > 1) this.#forget()
  }

  expire(now: number): void {
    for (
      let oldest = this.#chunks[this.#first];
      oldest !== undefined && oldest.time <= now - this.#options.window;
      oldest = this.#chunks[this.#first]
    ) {
      this.#forget()
    }
  }

  /** Keys of so many forgotten chunks, which the caller now removes from disk. */
  takeForgotten(most: number): readonly number[] {
    return this.#forgotten.splice(0, most)
  }

  #forget(): void {
    const chunk = this.#chunks[this.#first]
    if (chunk === undefined) return
    this.#first++
    this.#count -= chunk.ids.length
    this.#forgotten.push(chunk.offsets[0] ?? 0)
    for (const [index, id] of chunk.ids.entries()) {
      // An id that was stored again since belongs to the later chunk.
      if (this.#offsets.get(id) === chunk.offsets[index]) this.#offsets.delete(id)
    }
    if (this.#first < 64 || this.#first * 2 < this.#chunks.length) return
    this.#chunks = this.#chunks.slice(this.#first)
    this.#first = 0
  }
}
