import type { Outgoing } from '../outgoing.js'
import type { Pace, Source } from './pace.js'

/** A message on its way as soon as there is room, part by part if it is large; between parts others go. */
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
    // What is whole goes between the parts of another.
    if (middle !== undefined && middle !== this && this.#parts.length > 1) return 'idle'
    const part = this.#parts[this.#next++]
    if (part !== undefined) this.#send(part)
    if (this.#next < this.#parts.length) {
      this.#pace.middle = this
      return 'sent'
    }
    if (middle === this) this.#pace.middle = undefined
    this.#sent()
    return 'done'
  }
}
