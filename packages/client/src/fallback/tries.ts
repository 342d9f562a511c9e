import type { RequestPorts } from './ports.js'
import { again } from './upstream.js'

/** What ends sooner than this, in milliseconds, was not held, and did not fail for that. */
const AT_ONCE = 500
/** Milliseconds after which it is hopeless that all fail at once. */
const HOPELESS = 5000

/** Polls that end at once and in vain: something is wrong, and asking again at once would help nobody. */
export class Tries {
  readonly #ports: Pick<RequestPorts, 'clock' | 'random'>
  #fails = 0
  #since = 0

  constructor(ports: Pick<RequestPorts, 'clock' | 'random'>) {
    this.#ports = ports
  }

  /** Whether the last one did. */
  get isInVain(): boolean {
    return this.#fails > 0
  }

  /** Milliseconds until the next one then. */
  get wait(): number {
    return again(this.#fails, this.#ports.random)
  }

  /** Whether they have failed for so long that there is no use in going on. */
  get isHopeless(): boolean {
    return this.#fails > 1 && this.#ports.clock.now() - this.#since > HOPELESS
  }

  /** A poll has ended that began then. */
  ended(asked: number, isInVain: boolean): void {
    const now = this.#ports.clock.now()
    this.#fails = isInVain && now - asked < AT_ONCE ? this.#fails + 1 : 0
    if (this.#fails === 1) this.#since = asked
  }
}
