/** A link that carries only so many bytes a second. */

/** Milliseconds by which a timer may be late without costing the link anything. */
const SLACK = 50
/** What takes less than this many milliseconds is not waited for. */
const AT_ONCE = 1

/**
 * One direction of a slow link. What is given to it has arrived when the link has carried it, one piece after the other. Who gives it
 * nothing new before that has nothing waiting but this piece.
 */
export class Throttle {
  readonly #rate: () => number
  /** When the link will have carried all it was given. */
  #free = 0

  /** `rate`: bytes a second, as it is at the moment. */
  constructor(rate: () => number) {
    this.#rate = rate
  }

  /** Runs `arrived` when so many bytes have come through: at once where that takes next to no time. False when it is still to come. */
  carry(bytes: number, arrived: () => void): boolean {
    const now = performance.now()
    this.#free = Math.max(this.#free, now - SLACK) + (bytes / this.#rate()) * 1000
    const wait = this.#free - now
    if (wait < AT_ONCE) {
      arrived()
      return true
    }
    setTimeout(arrived, wait)
    return false
  }
}
