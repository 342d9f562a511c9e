import type { StoredPublication } from '@millrace/server'

/** So many, and about so many characters or bytes of them, are at hand in memory. */
const MOST = 64
const MOST_SIZE = 16_384

/** A stream's newest publications, so that those who follow it closely cost no disk. */
export class RecentEntries {
  #entries: StoredPublication[] = []
  #size = 0

  add(entries: readonly StoredPublication[]): void {
    for (const entry of entries) {
      this.#entries.push(entry)
      this.#size += sizeOf(entry)
    }
    // Cut when there are twice as many as are kept, so that the cost of moving them is shared.
    if (this.#entries.length >= 2 * MOST || this.#size >= 2 * MOST_SIZE) this.#cut()
  }

  get(offset: number): StoredPublication | undefined {
    const first = this.#entries[0]
    return first === undefined || offset < first.offset ? undefined : this.#entries[offset - first.offset]
  }

  /** Keeps the newest that are within both limits. */
  #cut(): void {
    let first = this.#entries.length
    let size = 0
    while (first > 0 && this.#entries.length - first < MOST) {
      const entry = this.#entries[first - 1]
      if (entry === undefined || size + sizeOf(entry) > MOST_SIZE) break
      size += sizeOf(entry)
      first--
    }
    this.#entries = this.#entries.slice(first)
    this.#size = size
  }
}

const sizeOf = ({ data }: StoredPublication): number => 64 + ('text' in data ? data.text : data.bytes).length
