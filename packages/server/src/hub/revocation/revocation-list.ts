import { type Bearer, hadThen, isSubject, keyOf, keysOf, type Subject } from './revocable.js'

/** A subject from which everything was taken away. */
export interface Revocation extends Subject {
  /** When, and until when it is remembered, in milliseconds since 1970. */
  readonly at: number
  readonly until: number
}

/** Whether it concerns who comes by this. */
export const concerns = (revocation: Revocation, bearer: Bearer): boolean =>
  isSubject(revocation, bearer) && hadThen(revocation, revocation.at, bearer.identity)

/** Lists that have grown so much are looked through for what is over. */
const TIDY_FROM = 1_000

/** From whom everything was taken away, as far as that is remembered. A later revocation of a subject takes the place of an earlier. */
export class RevocationList {
  readonly #byKey = new Map<string, Revocation>()
  #tidyAt = TIDY_FROM

  get size(): number {
    return this.#byKey.size
  }

  /** False when nothing is new about it. */
  take(revocation: Revocation, now: number): boolean {
    const key = keyOf(revocation)
    const before = this.#byKey.get(key)
    if (revocation.until <= now || (before !== undefined && before.at >= revocation.at)) return false
    this.#byKey.set(key, revocation)
    if (this.#byKey.size > this.#tidyAt) this.#tidy(now)
    return true
  }

  /** When everything was taken from a subject for the last time, as far as that is remembered. */
  latest(from: Subject): number {
    return this.#byKey.get(keyOf(from))?.at ?? 0
  }

  /** Whether who comes by this may not. */
  forbids(bearer: Bearer, now: number): boolean {
    if (this.#byKey.size === 0) return false
    return keysOf(bearer).some((key) => {
      const revocation = this.#byKey.get(key)
      return revocation !== undefined && revocation.until > now && concerns(revocation, bearer)
    })
  }

  #tidy(now: number): void {
    for (const [key, { until }] of this.#byKey) if (until <= now) this.#byKey.delete(key)
    this.#tidyAt = Math.max(TIDY_FROM, this.#byKey.size * 2)
  }
}
