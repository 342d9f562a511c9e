import type { Clock, Frame, Link, LinkEvents, Transport } from '../core/index.js'

export interface CandidateParts {
  readonly clock: Clock
  readonly transport: Transport
  readonly protocol: string
  /** A ping as the transport's dialect has it: it may come before `connect`. [P7.3] */
  readonly ping: Frame
  /** Milliseconds within which something must have come back. */
  readonly within: number
  works(): void
  fails(): void
}

/** A connection that is tried beside the one in use, until bytes have gone both ways; then it waits to be taken. */
export class Candidate {
  readonly #link: Link
  #events: LinkEvents | undefined
  #protocol = ''
  #isOver = false
  readonly #cancel: () => void

  constructor({ clock, transport, protocol, ping, within, works, fails }: CandidateParts) {
    let isProven = false
    const over = (): void => {
      if (this.#isOver) return
      this.#isOver = true
      this.#cancel()
      fails()
    }
    this.#cancel = clock.schedule(within, () => {
      if (isProven || this.#isOver) return
      this.#link.close(3000, 'Nothing came back')
      over()
    })
    this.#link = transport.open(protocol, {
      idle: () => this.#events?.idle() ?? true,
      opened: (chosen) => {
        this.#protocol = chosen
        if (!this.#isOver) this.#link.send(ping)
      },
      frame: (frame) => {
        if (this.#events !== undefined) this.#events.frame(frame)
        else if (!isProven && !this.#isOver) {
          isProven = true
          works()
        }
      },
      closed: (code, reason) => {
        if (this.#events !== undefined) this.#events.closed(code, reason)
        else over()
      },
    })
  }

  /** Hands the connection over: from here on it is as if it had just been opened. */
  take(events: LinkEvents): Link {
    this.#cancel()
    void Promise.resolve().then(() => {
      this.#events = events
      if (this.#isOver) events.closed(1006, 'It was over before it was used')
      else events.opened(this.#protocol)
    })
    return this.#link
  }

  /** It is not needed. */
  drop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel()
    this.#link.close(3000, 'Not needed')
  }
}
