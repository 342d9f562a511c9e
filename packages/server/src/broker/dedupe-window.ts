export interface DedupeOptions {
  /** Milliseconds for which an id is known, and at most an eighth longer. */
  readonly window: number
  /** About so many ids are known at most: of a stream that is faster, those of a shorter time. */
  readonly most: number
}

interface Generation {
  readonly ids: Map<string, number>
  readonly begun: number
  latest: number
}

/** A window is forgotten in so many parts. */
const PARTS = 8

/** Which ids were stored lately, and at which offset. They are forgotten many at a time, so that none of them costs anything. */
export class DedupeWindow {
  readonly #options: DedupeOptions
  /** The newest first. */
  readonly #generations: Generation[] = []
  #size = 0

  constructor(options: DedupeOptions) {
    this.#options = options
  }

  get empty(): boolean {
    return this.#generations.length === 0
  }

  /** How many are known. */
  get size(): number {
    return this.#size
  }

  /** Forgets the older half of the time it knows, but nothing of the newest part. */
  halve(): void {
    for (let left = Math.floor(this.#generations.length / 2); left > 0; left--) this.#forgetOldest()
  }

  find(id: string, now: number): number | undefined {
    this.expire(now)
    for (const { ids } of this.#generations) {
      const offset = ids.get(id)
      if (offset !== undefined) return offset
    }
    return undefined
  }

  add(id: string, offset: number, now: number): void {
    const { window, most } = this.#options
    let newest = this.#generations[0]
    const full =
      newest !== undefined && (now - newest.begun >= window / PARTS || newest.ids.size >= most / PARTS)
    if (newest === undefined || full) {
      newest = { ids: new Map(), begun: now, latest: now }
      // One more than a window has, for the oldest is never all within it.
      if (this.#generations.unshift(newest) > PARTS + 1) this.#forgetOldest()
    }
    const { size } = newest.ids
    this.#size += newest.ids.set(id, offset).size - size
    newest.latest = now
  }

  expire(now: number): void {
    for (let oldest = this.#generations.at(-1); oldest !== undefined; oldest = this.#generations.at(-1)) {
      if (oldest.latest > now - this.#options.window) return
      this.#forgetOldest()
    }
  }

  #forgetOldest(): void {
    this.#size -= this.#generations.pop()?.ids.size ?? 0
  }
}
