import type { Timeline } from './timeline.js'

/** A machine or a process: it can stand still for a while, and it can die. What was to run meanwhile runs late, or never. */
export class Host {
  readonly name: string
  readonly #timeline: Timeline
  #standsUntil = 0
  isDead = false
  /** Timers run late by up to this many milliseconds, as in a tab in the background. */
  throttle = 0

  constructor(name: string, timeline: Timeline) {
    this.name = name
    this.#timeline = timeline
  }

  /** Stands still: a blocked event loop, or sleep. */
  stand(milliseconds: number): void {
    this.#standsUntil = Math.max(this.#standsUntil, this.#timeline.now() + milliseconds)
  }

  /** Runs something on this host: now, or as soon as it moves again. */
  run(task: () => void): void {
    if (this.isDead) return
    const wait = this.#standsUntil - this.#timeline.now()
    if (wait > 0) this.#timeline.schedule(wait, () => this.run(task))
    else task()
  }

  now(): number {
    return this.#timeline.now()
  }

  schedule(delay: number, task: () => void): () => void {
    let isOff = false
    const late = this.throttle > 0 ? Math.ceil((delay + 1) / this.throttle) * this.throttle - delay : 0
    const cancel = this.#timeline.schedule(delay + late, () =>
      this.run(() => {
        if (!isOff) task()
      }),
    )
    return () => {
      isOff = true
      cancel()
    }
  }
}
