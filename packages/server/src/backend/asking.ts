import type { Clock } from '../hub/index.js'

/**
 * One question on its way to an answer, until its deadline: whatever it waits for is told to stop then, so that nothing waits on for an asker
 * who has been answered.
 */
export class Asking {
  /** The question's name at the backend, the same for every try. */
  readonly id: string
  readonly #clock: Clock
  readonly #until: number
  readonly #cancelDeadline: () => void
  #isOver = false
  #stop = (): void => {}

  constructor(id: string, clock: Clock, deadline: number) {
    this.id = id
    this.#clock = clock
    this.#until = clock.now() + deadline
    this.#cancelDeadline = clock.schedule(deadline, () => {
      this.#isOver = true
      this.#stop()
    })
  }

  /** Its deadline is over. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Milliseconds left. */
  get left(): number {
    return this.#until - this.#clock.now()
  }

  /** Waits for `what`, which `stop` ends. */
  async until<T>(what: Promise<T>, stop: () => void): Promise<T> {
    this.#stop = stop
    try {
      return await what
    } finally {
      this.#stop = () => {}
    }
  }

  pause(milliseconds: number): Promise<void> {
    let cancel = (): void => {}
    let wake = (): void => {}
    const over = new Promise<void>((resolve) => {
      wake = resolve
      cancel = this.#clock.schedule(milliseconds, resolve)
    })
    return this.until(over, () => {
      cancel()
      wake()
    })
  }

  /** It has its answer. */
  end(): void {
    this.#cancelDeadline()
  }
}
