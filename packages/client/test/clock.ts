import type { Clock } from '../src/core/index.js'

/** Lets everything run that waits for a promise, and for what that starts in turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve()
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #now: number
  #order = 0
  readonly #timers = new Set<Timer>()

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size
  }

  schedule(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, order: this.#order++, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Time passes, and every timer fires on time. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (let timer = this.#next(until); timer !== undefined; timer = this.#next(until)) {
      this.#now = Math.max(this.#now, timer.at)
      await this.#fire(timer)
    }
    this.#now = until
  }

  /** Time passes in steps until this is so; fails when it is not within an hour. */
  async until(condition: () => boolean, step = 10): Promise<void> {
    const end = this.#now + 3_600_000
    while (!condition()) {
      if (this.#now >= end) throw new Error(`Not within an hour: ${condition}`)
      await this.advance(step)
    }
  }

  /** Time passes while nothing runs, as in sleep; then every timer that is due fires, late. */
  async sleep(ms: number): Promise<void> {
    this.#now += ms
    for (const timer of this.#due(this.#now)) if (this.#timers.has(timer)) await this.#fire(timer)
  }

  /** Somebody sets the clock; timers go by time that passed, so they are not due sooner or later for that. */
  set(to: number): void {
    const shift = to - this.#now
    const timers = [...this.#timers]
    this.#now = to
    this.#timers.clear()
    for (const timer of timers) {
      // The same object must go on standing for the timer, for its cancel function holds it.
      Object.assign(timer, { at: timer.at + shift })
      this.#timers.add(timer)
    }
  }

  #due(until: number): Timer[] {
    return [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)
  }

  #next(until: number): Timer | undefined {
    return this.#due(until)[0]
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer)
    timer.run()
    await settle()
  }
}
