/** A place among those that may go at once, or in the queue before it. */
export interface Turn {
  /** True when it may go; false when it was given up before. */
  readonly come: Promise<boolean>
  /** Makes room for the next. May be called more than once. */
  leave(): void
}

export interface GateLimits {
  /** How many may go at once. */
  readonly concurrency: number
  /** How many more may wait, first come first served. */
  readonly queue: number
}

/** Lets so many go at once, and so many more wait. */
export class Gate {
  readonly #limits: GateLimits
  /** In the order in which they came. */
  readonly #waiting = new Set<(mayGo: boolean) => void>()
  #going = 0

  constructor(limits: GateLimits) {
    this.#limits = limits
  }

  get going(): number {
    return this.#going
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Undefined when too many wait already. */
  enter(): Turn | undefined {
    if (this.#going < this.#limits.concurrency) {
      this.#going++
      return { come: Promise.resolve(true), leave: once(() => this.#next()) }
    }
    if (this.#waiting.size >= this.#limits.queue) return undefined
    let settle = (_mayGo: boolean): void => {}
    const come = new Promise<boolean>((resolve) => {
      settle = resolve
    })
    this.#waiting.add(settle)
    const leave = once(() => {
      if (this.#waiting.delete(settle)) settle(false)
      else this.#next()
    })
    return { come, leave }
  }

  /** The place of one that leaves is the next one's. */
  #next(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#going--
      return
    }
    this.#waiting.delete(next)
    next(true)
  }
}

function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    run()
  }
}
