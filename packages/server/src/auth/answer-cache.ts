/** Answers that hold for a while: so many at most, of which those go first that were asked for least lately. */
export class AnswerCache<T> {
  readonly #most: number
  /** In the order of their last use. */
  readonly #entries = new Map<string, { readonly user: string; readonly until: number; readonly answer: T }>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  /** The answer, unless its time is over. */
  find(key: string, now: number): T | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    if (entry.until <= now) return undefined
    this.#entries.set(key, entry)
    return entry.answer
  }

  /** Keeps an answer about a user until then. */
  keep(key: string, entry: { readonly user: string; readonly until: number; readonly answer: T }): void {
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#most && oldest !== undefined) this.#entries.delete(oldest)
  }

  /** Forgets what is known of a user, or all. */
  forget(user: string | undefined): void {
    for (const [key, entry] of this.#entries)
      if (user === undefined || entry.user === user) this.#entries.delete(key)
  }
}
