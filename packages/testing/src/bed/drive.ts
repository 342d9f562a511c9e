import { realTimer, ripple } from '../parts/real-time.js'
import { Timeline } from '../parts/timeline.js'
import { TestbedError } from './troubles.js'
import type { Work } from './work.js'

export interface DriveParts {
  /** When time begins, in milliseconds since 1970. */
  readonly start: number
  readonly work: Work
  /** How much may happen without time passing. */
  readonly mostSteps: number
  /** Milliseconds of real time for which the application's work is awaited. */
  readonly realTime: number
  /** What happened last, a line each. */
  readonly recent: () => readonly string[]
  /** Something failed that nobody waits for. */
  readonly failed: (error: unknown) => void
  /** Milliseconds of real time in which nothing happens, after which `idle` is called; false for never. */
  readonly idleAfter: number | false
  readonly idle: () => void
}

/**
 * Moves a world. What is due runs by itself, a little later; time passes only when it is told to. There is one driver at a time, and
 * before time passes everything has come to rest.
 */
export class Drive {
  readonly timeline: Timeline
  readonly #parts: DriveParts
  /** Drivers take turns. */
  #last: Promise<unknown> = Promise.resolve()
  #drivers = 0
  #isStopped = false
  /** Something goes round in circles: nothing runs by itself until somebody was told. */
  #circle: TestbedError | undefined
  #cancelIdle = () => {}

  constructor(parts: DriveParts) {
    this.#parts = parts
    this.timeline = new Timeline(parts.start, {
      due: () => this.#wake(),
      scheduled: () => parts.work.scheduled(),
    })
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.#turn(() => this.#telling(() => this.#calm()))
  }

  /** Lets so many milliseconds pass. */
  async advance(milliseconds: number): Promise<void> {
    await this.until(() => false, milliseconds)
  }

  /** Lets time pass until something is so, at most so many milliseconds; says whether it is. */
  until(isSo: () => boolean, milliseconds: number): Promise<boolean> {
    const { timeline } = this
    const drive = async () => {
      const end = timeline.now() + milliseconds
      await this.#calm()
      while (!isSo()) {
        if (!timeline.step(end)) {
          timeline.moveTo(end)
          return false
        }
        await this.#calm()
      }
      return true
    }
    return this.#turn(() => this.#telling(drive))
  }

  /** Nothing runs by itself any more. */
  stop(): void {
    this.#isStopped = true
    this.#cancelIdle()
  }

  #wake(): void {
    if (this.#drivers > 0 || this.#isStopped || this.#circle !== undefined) return
    this.#turn(() => this.#drain()).catch((error: unknown) => {
      if (error !== this.#circle) this.#parts.failed(error)
    })
  }

  /** Runs what is due, and waits for the work it begins, until nothing is left that needs no time. */
  async #calm(): Promise<void> {
    const { work, realTime } = this.#parts
    await this.#drain()
    while (work.isAwaited) {
      await work.wait(realTime, () => this.timeline.isDue)
      await this.#drain()
    }
  }

  async #drain(): Promise<void> {
    const { timeline } = this
    await ripple()
    for (let steps = 0; timeline.step(timeline.now()); steps++) {
      await ripple()
      if (steps >= this.#parts.mostSteps) throw this.#goesRound()
    }
  }

  /** Tells who drives of a circle that was found, now or before. */
  async #telling<T>(drive: () => Promise<T>): Promise<T> {
    try {
      if (this.#circle !== undefined) throw this.#circle
      return await drive()
    } finally {
      this.#circle = undefined
    }
  }

  #goesRound(): TestbedError {
    const { mostSteps, recent } = this.#parts
    const last = recent().map((line) => `\n  ${line}`)
    this.#circle = new TestbedError(
      `${mostSteps} things happened and no time passed. Does something answer itself in a circle, such as a listener that publishes to its own channel? If not, raise mostSteps. The last of them:${last.join('')}`,
    )
    return this.#circle
  }

  #turn<T>(run: () => Promise<T>): Promise<T> {
    const { work } = this.#parts
    this.#drivers++
    this.#cancelIdle()
    const done = this.#last.then(() => work.outside(run)).finally(() => this.#turned())
    this.#last = done.catch(() => {})
    return done
  }

  #turned(): void {
    this.#drivers--
    if (this.#drivers > 0 || this.#isStopped) return
    const { idleAfter, idle } = this.#parts
    if (this.timeline.isDue) this.#wake()
    else if (idleAfter !== false) this.#cancelIdle = realTimer(idleAfter, idle)
  }
}
