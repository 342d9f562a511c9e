import type { Settings } from './options.js'
import type { Ports } from './ports.js'
import type { Requests } from './requests.js'

export interface RefresherParts {
  readonly ports: Pick<Ports, 'clock' | 'random' | 'platform'>
  readonly settings: Settings
  readonly requests: Pick<Requests, 'ask'>
}

/** A newer token is asked for so long before the end of the one there is, in milliseconds, or when half of its time is over. */
const AHEAD = 60_000
/** Before another try, at random below, in milliseconds: at first, and at most. */
const WAIT = { first: 1_000, most: 10_000 }
/** The longest that timers of most platforms wait. */
const LONGEST = 2 ** 31 - 1

/** Brings a newer token on the connection that stands, in time before the one it has ends. [P1.12] */
export class Refresher {
  readonly #parts: RefresherParts
  /** There while a token is asked for and brought; tells the application to stop. */
  #aborter: ReturnType<Ports['platform']['aborter']> | undefined
  #cancel = (): void => {}

  constructor(parts: RefresherParts) {
    this.#parts = parts
  }

  /** The token holds for so many milliseconds; undefined for ever. */
  holds(expires: number | undefined): void {
    const { ports, settings } = this.#parts
    this.stop()
    if (expires === undefined || typeof settings.token !== 'function') return
    // Not all at once of those who came at once.
    const ahead = Math.min(AHEAD, expires / 2) * (0.75 + ports.random() / 4)
    this.#after(Math.min(expires - ahead, LONGEST), () => void this.#bring(0))
  }

  /** The connection is gone. */
  stop(): void {
    this.#cancel()
    this.#aborter?.abort()
    this.#aborter = undefined
  }

  async #bring(failures: number): Promise<void> {
    const { ports, settings, requests } = this.#parts
    const { token, timeouts } = settings
    if (typeof token !== 'function') return
    const aborter = ports.platform.aborter()
    const fail = (): void => {
      if (this.#aborter !== aborter) return
      this.stop()
      const wait = ports.random() * Math.min(WAIT.first * 2 ** failures, WAIT.most)
      this.#after(wait, () => void this.#bring(failures + 1))
    }
    this.#aborter = aborter
    // One that hangs is told to stop, and asked again.
    this.#after(timeouts.connect / 2, fail)
    try {
      const newer = await token({ signal: aborter.signal })
      if (this.#aborter !== aborter) return
      this.#cancel()
      const { expires } = await requests.ask('refresh', { token: newer }, { fate: 'bound' })
      if (this.#aborter === aborter) this.holds(expires)
    } catch {
      // Until the server ends the session it is worth trying; then the next connection says what is wrong.
      fail()
    }
  }

  #after(ms: number, run: () => void): void {
    this.#cancel()
    this.#cancel = this.#parts.ports.clock.schedule(ms, run)
  }
}
