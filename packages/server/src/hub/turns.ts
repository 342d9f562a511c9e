import type { Clock } from './ports.js'

/** So many go on in one turn: each may take a millisecond. */
const AT_ONCE = 2

/** Work that can wait until others had their turn of the event loop, a little of it in each. */
export class Turns {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #waiting: (() => void)[] = []
  #number = 0
  #isNumbered = false
  /** How many were not made to wait, and in which turn. */
  #ran = 0
  #ranIn = 0

  constructor(clock: Pick<Clock, 'schedule'>) {
    this.#clock = clock
  }

  /** Which turn this is. Turns in which nobody asks are not counted. */
  get number(): number {
    if (!this.#isNumbered) {
      this.#isNumbered = true
      this.#clock.schedule(0, () => {
        this.#isNumbered = false
        this.#number++
      })
    }
    return this.#number
  }

  /** Runs something at once, unless enough has run in this turn: then in a later one. */
  soon(run: () => void): void {
    if (this.number !== this.#ranIn) this.#ran = 0
    this.#ranIn = this.number
    if (this.#waiting.length > 0 || this.#ran >= AT_ONCE) this.later(run)
    else {
      this.#ran++
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
