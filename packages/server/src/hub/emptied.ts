import type { Clock } from './ports.js'

/** Milliseconds for which a channel that lost its last subscriber stays joined: a reload or a reconnect finds it warm. */
export const LINGER = 1000
/** So many are let go in one turn of the event loop: a millisecond. */
const AT_ONCE = 200

/**
 * What nobody uses any more, until it is let go: a little later, and some in each turn. A hundred sessions that go together may leave a hundred thousand channels
 * behind, for which no timer is made each. [H1.5]
 */
export class Emptied<T> {
  readonly #clock: Pick<Clock, 'now' | 'schedule'>
  readonly #letGo: (one: T) => void
  /** Since when, the longest first. */
  readonly #since = new Map<T, number>()
  #cancel: (() => void) | undefined

  constructor(clock: Pick<Clock, 'now' | 'schedule'>, letGo: (one: T) => void) {
    this.#clock = clock
    this.#letGo = letGo
  }

  add(one: T): void {
    this.#since.delete(one)
    this.#since.set(one, this.#clock.now())
    this.#cancel ??= this.#clock.schedule(LINGER, () => this.#proceed())
  }

  /** It is used again. */
  delete(one: T): void {
    this.#since.delete(one)
  }

  stop(): void {
    this.#since.clear()
    this.#cancel?.()
  }

  #proceed(): void {
    this.#cancel = undefined
    const now = this.#clock.now()
    let count = 0
    for (const [one, since] of this.#since) {
      const age = now - since
      // A clock that was set back says nothing.
      const wait = age < 0 || age >= LINGER ? 0 : LINGER - age
      if (wait > 0 || count++ === AT_ONCE) {
        this.#cancel = this.#clock.schedule(wait, () => this.#proceed())
        return
      }
      this.#since.delete(one)
      this.#letGo(one)
    }
  }
}
