export interface BreakerLimits {
  /** Failures in a row after which nothing is tried for a while. */
  readonly failures: number
  /** How long, in milliseconds. */
  readonly pause: number
}

/** What a try has shown: that the backend answers, that it does not, or nothing. */
export type Verdict = 'answers' | 'fails' | 'unknown'

/** Leave to try. */
export interface Pass {
  /** It is the one that finds out, after a pause, whether trying helps again. */
  readonly isTrial: boolean
}

/**
 * Stops trying what has failed so often in a row that the next try would only keep its asker waiting, and the backend from coming back. After a pause
 * one try at a time finds out how it is.
 */
export class Breaker {
  readonly #limits: BreakerLimits
  #failures = 0
  /** When the next trial may be, where trying has stopped. */
  #stoppedUntil: number | undefined
  #isTrying = false

  constructor(limits: BreakerLimits) {
    this.#limits = limits
  }

  /** Milliseconds until trying may help again, 0 when it may now. While another finds out: about a pause. */
  wait(now: number): number {
    if (this.#stoppedUntil === undefined) return 0
    return this.#isTrying ? this.#limits.pause : Math.max(0, this.#stoppedUntil - now)
  }

  /** Undefined when it is not to be tried now. Each pass is given back by `leave`. */
  enter(now: number): Pass | undefined {
    if (this.wait(now) > 0) return undefined
    const isTrial = this.#stoppedUntil !== undefined
    if (isTrial) this.#isTrying = true
    return { isTrial }
  }

  leave({ isTrial }: Pass, verdict: Verdict, now: number): void {
    if (isTrial) this.#isTrying = false
    if (verdict === 'answers') {
      this.#failures = 0
      this.#stoppedUntil = undefined
    } else if (verdict === 'fails') {
      this.#failures++
      // Those that were under way when it stopped say nothing new.
      if (isTrial || (this.#stoppedUntil === undefined && this.#failures >= this.#limits.failures))
        this.#stoppedUntil = now + this.#limits.pause
    }
  }
}
