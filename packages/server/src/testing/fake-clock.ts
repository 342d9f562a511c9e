import type { Clock } from '../hub/index.js'

interface Task {
  readonly at: number
  readonly run: () => void
}

/** A clock that moves when told to. Tasks run in the order of their time, then of their scheduling. */
export class FakeClock implements Clock {
  #now: number
  #tasks: Task[] = []

  constructor(start = 1_000_000) {
    this.#now = start
  }

  /** How many tasks wait. */
  get pending(): number {
    return this.#tasks.length
  }

  now(): number {
    return this.#now
  }

  schedule(delay: number, run: () => void): () => void {
    const task = { at: this.#now + Math.max(0, delay), run }
    const index = this.#tasks.findLastIndex((other) => other.at <= task.at)
    this.#tasks.splice(index + 1, 0, task)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task)
    }
  }

  /** Moves on by so many milliseconds, running what falls due on the way, and lets promises settle in between. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await settle()
    for (let task = this.#tasks[0]; task !== undefined && task.at <= end; task = this.#tasks[0]) {
      this.#tasks.shift()
      this.#now = Math.max(this.#now, task.at)
      task.run()
      await settle()
    }
    this.#now = end
  }

  /** Lets time pass without running anything, as a blocked event loop or a sleeping machine does. */
  stall(milliseconds: number): void {
    this.#now += milliseconds
  }
}

/** Waits until promises that are ready have run their course. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}
