import type { Outgoing } from '../outgoing.js'
import type { Pace, Source } from './pace.js'

/** A large message on its way, part by part, between which others go. */
export class LargeMessage implements Source {
  readonly #parts: readonly Outgoing[]
  readonly #pace: Pace
  readonly #send: (part: Outgoing) => void
  readonly #sent: () => void
  #next = 0

  /** `sent` runs when all of it has left. */
  constructor(parts: readonly Outgoing[], pace: Pace, to: { send(part: Outgoing): void; sent(): void }) {
    this.#parts = parts
    this.#pace = pace
    this.#send = (part) => to.send(part)
    this.#sent = () => to.sent()
  }

  step(): 'sent' | 'idle' | 'done' {
    const { middle } = this.#pace
    if (middle !== undefined && middle !== this) return 'idle'
    const part = this.#parts[this.#next++]
    if (part !== undefined) this.#send(part)
    if (this.#next < this.#parts.length) {
      this.#pace.middle = this
      return 'sent'
    }
    this.#pace.middle = undefined
    this.#sent()
    return 'done'
  }
}
