import { AsyncLocalStorage } from 'node:async_hooks'
import { realNow, realPause, ripple } from '../parts/real-time.js'

/** One call of the application's code that has not ended. */
interface Task {
  readonly what: string
  /** How much it has scheduled in the testbed's time and not got yet: while there is any, it may be waiting for that. */
  scheduled: number
  /** It had its share of real time. */
  isSpent: boolean
}

/** Turns without a pause, before waiting costs real time. */
const QUICK_TURNS = 50

/**
 * The application's own code at work: handlers, hooks, token functions. Most of it ends in the turn in which it begins; some
 * waits for the testbed's time, which is known by what it has scheduled; and some for something real, such as a hash or a file,
 * for which real time must be given.
 */
export class Work {
  readonly #context = new AsyncLocalStorage<Task | undefined>()
  readonly #running = new Set<Task>()
  readonly #blame = new WeakMap<object, string>()
  #ended = 0

  /** Wraps a function of the application, so that its work is known. `what` names it for people. */
  watched<Args extends unknown[], Result>(
    what: string,
    run: (...args: Args) => Result,
  ): (...args: Args) => Result {
    return (...args) => this.#run(what, () => run(...args))
  }

  /** Runs something that is nobody's work, though it was asked for in the midst of some. */
  outside<T>(run: () => T): T {
    return this.#context.run(undefined, run)
  }

  /** The work in the midst of which this is called. */
  get current(): string | undefined {
    return this.#context.getStore()?.what
  }

  /** Which work ended with this error. */
  blame(error: unknown): string | undefined {
    return typeof error === 'object' && error !== null ? this.#blame.get(error) : undefined
  }

  /** Something is scheduled in the testbed's time: what is returned is called when it begins or was taken back. */
  scheduled(): (() => void) | undefined {
    const task = this.#context.getStore()
    if (task === undefined) return undefined
    task.scheduled++
    return () => {
      task.scheduled--
    }
  }

  /** Everything that has begun and not ended. */
  get running(): readonly string[] {
    return [...this.#running].map(({ what }) => what)
  }

  /** What neither ended in its share of real time nor waits for the testbed's. */
  get stuck(): readonly string[] {
    return [...this.#running].filter((task) => task.isSpent && task.scheduled === 0).map(({ what }) => what)
  }

  /** Whether something may end without the testbed's time passing. */
  get isAwaited(): boolean {
    return this.#awaited.length > 0
  }

  /**
   * Lets real time pass until some work ends or schedules something, or `isOther` says that there is something else to do. What is
   * awaited for so many milliseconds in vain is not awaited any more.
   */
  async wait(milliseconds: number, isOther: () => boolean): Promise<void> {
    const [before, deadline] = [this.#ended, realNow() + milliseconds]
    for (let turn = 0; this.#ended === before && this.isAwaited && !isOther(); turn++) {
      if (realNow() > deadline) for (const task of this.#awaited) task.isSpent = true
      else if (turn < QUICK_TURNS) await ripple()
      else await realPause(1)
    }
  }

  get #awaited(): readonly Task[] {
    return [...this.#running].filter((task) => !task.isSpent && task.scheduled === 0)
  }

  #run<T>(what: string, run: () => T): T {
    const task: Task = { what, scheduled: 0, isSpent: false }
    const failed = (error: unknown) => {
      if (typeof error === 'object' && error !== null) this.#blame.set(error, what)
    }
    let result: T
    try {
      result = this.#context.run(task, run)
    } catch (error) {
      failed(error)
      throw error
    }
    if (!isThenable(result)) return result
    this.#running.add(task)
    const ended = () => {
      this.#running.delete(task)
      this.#ended++
    }
    result.then(ended, (error) => {
      failed(error)
      ended()
    })
    return result
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
