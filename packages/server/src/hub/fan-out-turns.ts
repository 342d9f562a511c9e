import type { StoredPayload } from '@millrace/protocol'
import type { Clock } from './ports.js'

/** What goes to fewer readers than that waits for nobody, and nobody for it. */
const FEW = 64
/** So many deliveries of a kilobyte take some tens of milliseconds, and are followed by others' turns. */
const MOST = 262_144
const KILOBYTE = 1024

interface Waiting {
  readonly deliveries: number
  begin(): void
}

/**
 * What clients say to many, in portions between which others have their turn of the event loop: a publisher's thousand publications that come
 * in one chunk are a million deliveries where a thousand read them. They go on in the order in which they came to be due, so of many
 * publishers each has its turn, and who waits is not read beyond what may be under way. [H11.7]
 */
export class FanOutTurns {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #waiting: Waiting[] = []
  #left = MOST

  constructor(clock: Pick<Clock, 'schedule'>) {
    this.#clock = clock
  }

  /** Undefined when it may go to so many readers here now, or a promise for when it may. */
  take(readers: number, payload: StoredPayload | undefined): Promise<void> | undefined {
    if (readers < FEW) return undefined
    const deliveries = readers * (1 + Math.floor(sizeOf(payload) / KILOBYTE))
    if (this.#left > 0) {
      this.#spend(deliveries)
      return undefined
    }
    return new Promise((begin) => this.#waiting.push({ deliveries, begin }))
  }

  /** The last of a portion may be as large as it likes. Portions are counted, not turns: a turn without one costs nothing. */
  #spend(deliveries: number): void {
    this.#left -= deliveries
    if (this.#left <= 0) this.#clock.schedule(0, () => this.#next())
  }

  #next(): void {
    this.#left = MOST
    while (this.#left > 0) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#spend(next.deliveries)
      next.begin()
    }
  }
}

/** Of text in characters: bytes are not worth counting. */
const sizeOf = (payload: StoredPayload | undefined): number =>
  payload === undefined ? 0 : 'text' in payload ? payload.text.length : payload.bytes.length
