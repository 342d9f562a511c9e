import type { Clock } from '../core/index.js'

/** For how long the server may hold a poll, in milliseconds. With 0 it is answered at once, and asked again after a rest. [P8.4] */
const WAITS = [25_000, 12_000, 5000, 2000, 0] as const
/** The rest between polls that are not held, in milliseconds: short after something was said, and then longer and longer. */
export const REST = { shortest: 100, longest: 3000 } as const
/** A poll that ends sooner than this, in milliseconds, was not ended for being held. */
const HELD = 1000
/** So many polls in a row must end for being held. */
const BREAKS = 2
/** A longer wait is tried after so many milliseconds, and each time later, up to so many. */
const TRY = { first: 60_000, last: 900_000 } as const

/**
 * How long polls are held. Some networks cut what is held: there polls are held for less and less, down to not at all. Later longer
 * waits are tried again, one at a time. It outlives connections, for it is the network's.
 */
export class Pace {
  readonly #clock: Clock
  #step = 0
  #breaks = 0
  #tryAfter: number = TRY.first
  #tryAt = 0
  #rest: number = REST.shortest

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds for which the next poll may be held. */
  get wait(): number {
    return WAITS[this.#step] ?? 0
  }

  /** Milliseconds until the next poll, after one in which something was said, or nothing. */
  rest(wasBusy: boolean): number {
    if (this.wait > 0) return 0
    const rest = wasBusy ? REST.shortest : this.#rest
    this.#rest = Math.min(REST.longest, rest * 2)
    return rest
  }

  /** A poll was answered after so many milliseconds. */
  answered(after: number): void {
    if (after >= HELD) this.#breaks = 0
    if (this.#step === 0 || this.#clock.now() < this.#tryAt) return
    this.#step--
    this.#tryAt = this.#clock.now() + this.#tryAfter
  }

  /** A poll ended after so many milliseconds without an answer. */
  broke(after: number): void {
    if (after < HELD || this.#step === WAITS.length - 1 || ++this.#breaks < BREAKS) return
    this.#breaks = 0
    this.#step++
    this.#tryAt = this.#clock.now() + this.#tryAfter
    this.#tryAfter = Math.min(TRY.last, this.#tryAfter * 2)
  }

  /** There may be another network. */
  reset(): void {
    this.#step = this.#breaks = 0
    this.#tryAfter = TRY.first
  }
}
