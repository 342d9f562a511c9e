import type { StoredPayload } from '@millrace/protocol'
import type { Clock } from './ports.js'

/** What goes to fewer readers than that waits for nobody, and nobody for it. */
const FEW = 64
/** Bytes of a portion; but so many publications are in it if they have no more than `FAR`. */
const USUAL = 4 * 2 ** 20
const LEAST = 16
const FAR = 32 * 2 ** 20
/** What a reader is sent beside the payload, and what a delivery costs beside its bytes, about. */
const ENVELOPE = 64

interface Waiting {
  readonly bytes: number
  begin(): void
}

/**
 * What clients say to many goes in portions, between which others have their turn of the event loop: a thousand publications that come in one
 * chunk are a million deliveries where a thousand read them, and would keep everybody waiting for half a second. What waits goes on in the
 * order in which it came, so of many publishers each has its turn; and who waits is not read beyond what may be under way. [H11.8]
 *
 * A portion takes two or three milliseconds to hand to the links, and is so large because what is handed to them in one turn is written at once.
 */
export class FanOutTurns {
  readonly #clock: Pick<Clock, 'schedule'>
  readonly #waiting: Waiting[] = []
  /** Of this turn. */
  #bytes = 0
  #count = 0
  #isScheduled = false

  constructor(clock: Pick<Clock, 'schedule'>) {
    this.#clock = clock
  }

  /** Undefined when it may go to so many readers here now, or a promise for when it may. */
  take(readers: number, payload: StoredPayload | undefined): Promise<void> | undefined {
    if (readers < FEW) return undefined
    const bytes = readers * (sizeOf(payload) + ENVELOPE)
    if (this.#isOver) return new Promise((begin) => this.#waiting.push({ bytes, begin }))
    this.#spend(bytes)
    return undefined
  }

  get #isOver(): boolean {
    return this.#bytes >= FAR || (this.#bytes >= USUAL && this.#count >= LEAST)
  }

  #spend(bytes: number): void {
    this.#bytes += bytes
    this.#count++
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#clock.schedule(0, () => this.#next())
  }

  #next(): void {
    this.#bytes = 0
    this.#count = 0
    this.#isScheduled = false
    while (!this.#isOver) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#spend(next.bytes)
      next.begin()
    }
  }
}

/** Of text in characters, which is near enough. */
const sizeOf = (payload: StoredPayload | undefined): number =>
  payload === undefined ? 0 : 'text' in payload ? payload.text.length : payload.bytes.length
