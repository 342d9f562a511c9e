import type { Clock, Frame, Link, LinkEvents, Transport } from '../core/index.js'

export interface CandidateParts {
  readonly clock: Clock
  readonly transport: Transport
  readonly protocol: string
  /** A ping, as the subprotocol has it that the server chose: it may come before `connect`. [P7.3] */
  ping(chosen: string): Frame
  /** Milliseconds within which something must have come back. */
  readonly within: number
  works(): void
  /** Also after it worked, as long as nobody has taken it. */
  fails(): void
}

/** A connection that is tried beside the one in use, until bytes have gone both ways; then it waits to be taken. */
export class Candidate {
  readonly #parts: CandidateParts
  #link: Link | undefined
  /** Whose it is now. */
  #events: LinkEvents | undefined
  #chosen = ''
  #isProven = false
  #isOver = false
  readonly #cancel: () => void

  constructor(parts: CandidateParts) {
    const { clock, transport, protocol, within } = parts
    this.#parts = parts
    this.#cancel = clock.schedule(within, () => {
      if (!this.#isProven) this.#over('Nothing came back')
    })
    try {
      this.#link = transport.open(protocol, this.#ears())
    } catch {
      void Promise.resolve().then(() => this.#over(''))
    }
  }

  /** Hands the connection over: from here on it is as if it had just been opened. */
  take(events: LinkEvents): Link {
    this.#cancel()
    void Promise.resolve().then(() => {
      this.#events = events
      if (this.#isOver) events.closed(1006, 'It was over before it was used')
      else events.opened(this.#chosen)
    })
    // One that works has a link.
    return this.#link as Link
  }

  /** It is not needed. */
  drop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel()
    this.#link?.close(3000, 'Not needed')
  }

  #ears(): LinkEvents {
    return {
      idle: () => this.#events?.idle() ?? true,
      opened: (chosen) => {
        this.#chosen = chosen
        if (!this.#isOver) this.#link?.send(this.#parts.ping(chosen))
      },
      frame: (frame) => {
        if (this.#events !== undefined) this.#events.frame(frame)
        else if (!this.#isProven && !this.#isOver) {
          this.#isProven = true
          this.#parts.works()
        }
      },
      closed: (code, reason) => {
        if (this.#events !== undefined) this.#events.closed(code, reason)
        else this.#over('')
      },
    }
  }

  #over(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel()
    this.#link?.close(3000, reason)
    this.#parts.fails()
  }
}
