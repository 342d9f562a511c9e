import type { Clock, TransportName } from '../core/index.js'

/** What did not work rests for so many milliseconds, each time four times as many, up to so many. */
const SHORTEST = 5000
const LONGEST = 900_000

interface Rest {
  readonly until: number
  readonly length: number
}

/** Transports that did not work, and when each may be tried again. */
export class Rests {
  readonly #clock: Clock
  readonly #all = new Map<TransportName, Rest>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether it did not work when it was tried last. */
  has(name: TransportName): boolean {
    return this.#all.has(name)
  }

  /** It did not work. */
  add(name: TransportName): void {
    const { length = SHORTEST / 4 } = this.#all.get(name) ?? {}
    this.#put(name, Math.min(LONGEST, length * 4))
  }

  /** It works, but not now. */
  putOff(name: TransportName): void {
    this.#put(name, SHORTEST)
  }

  /** Milliseconds until it may be tried. */
  left(name: TransportName): number {
    return Math.max(0, (this.#all.get(name)?.until ?? 0) - this.#clock.now())
  }

  /** It has proved to work; or all of them may, where none is named. */
  forget(name?: TransportName): void {
    if (name === undefined) this.#all.clear()
    else this.#all.delete(name)
  }

  #put(name: TransportName, length: number): void {
    this.#all.set(name, { until: this.#clock.now() + length, length })
  }
}
