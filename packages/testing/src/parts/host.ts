import type { Timeline } from './timeline.js'

/** A machine or a process: it can stand still for a while, and it can die. What was to run meanwhile runs late, or never. */
export class Host {
  readonly name: string
  readonly #timeline: Timeline
  #standsUntil = 0
  readonly #waiting: (() => void)[] = []
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

  /** Runs something on this host: now, or in its turn as soon as the host moves again. */
  run(task: () => void): void {
    if (this.isDead) return
    if (this.#waiting.length === 0 && this.#standsUntil <= this.#timeline.now()) task()
    else if (this.#waiting.push(task) === 1) this.#wake()
  }

  /** What waited runs in the order in which it came: what a stream brings must not overtake itself. */
  #wake(): void {
    this.#timeline.schedule(this.#standsUntil - this.#timeline.now(), () => {
      if (this.#standsUntil <= this.#timeline.now()) {
        const task = this.#waiting[0]
        if (!this.isDead) task?.()
        this.#waiting.shift()
      }
      if (this.#waiting.length > 0) this.#wake()
    })
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
