import type { Clock } from './ports.js'

/** So many run in one turn: each may take more than a millisecond. */
const AT_ONCE = 8

/** Work that can wait until others had their turn of the event loop, a little of it in each. */
export class Turns {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #waiting: (() => void)[] = []
  /** How many were not made to wait in this turn. */
  #ran = 0

  constructor(clock: Pick<Clock, 'schedule'>) {
    this.#clock = clock
  }

  /** Runs something at once, unless enough has run in this turn: then in a later one. */
  soon(run: () => void): void {
    if (this.#waiting.length > 0 || this.#ran >= AT_ONCE) this.later(run)
    else {
      if (this.#ran++ === 0)
        this.#clock.schedule(0, () => {
          this.#ran = 0
        })
      run()
    }
  }

  /** Runs something in a later turn, after what was given before. */
  later(run: () => void): void {
    if (this.#waiting.push(run) === 1) this.#schedule()
  }

  #schedule(): void {
    this.#clock.schedule(0, () => {
      // What they give meanwhile is for the turns that follow.
      const now = this.#waiting.splice(0, AT_ONCE)
      if (this.#waiting.length > 0) this.#schedule()
      for (const run of now) run()
    })
  }
}
