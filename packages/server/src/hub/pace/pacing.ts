import type { Outgoing } from '../outgoing.js'
import type { Link } from '../ports.js'
import { LargeMessage } from './large-message.js'
import { Pace } from './pace.js'
import { isLarge, partsOf } from './parts.js'

export interface PacingHost {
  readonly link: Link
  /** Whether the client puts together what comes in parts. */
  readonly readsParts: boolean
  now(): number
  /** Sends a ping, and tells the pace of it. */
  ping(): void
}

/** Bytes that may be unread at most, however fast the client is. */
const WIDEST = 262_144

/** A session's sending at the pace of its client. */
export class Pacing {
  readonly pace: Pace
  readonly #host: PacingHost

  constructor(host: PacingHost) {
    this.#host = host
    const { link } = host
    this.pace = new Pace(
      {
        get written() {
          return link.written ?? 0
        },
        now: () => host.now(),
        ping: () => host.ping(),
      },
      WIDEST,
    )
  }

  /** Whether a message takes several frames, between which others go. */
  isLarge(outgoing: Outgoing): boolean {
    const { link, readsParts } = this.#host
    return readsParts && isLarge(outgoing, link.dialect)
  }

  /** Sends a message of any size; `sent` runs when all of it has left. */
  send(outgoing: Outgoing, sent: () => void): void {
    if (this.isLarge(outgoing)) {
      this.queue(outgoing, sent)
      return
    }
    this.#host.link.send(outgoing)
    sent()
  }

  /** Sends a message of any size in its turn, when there is room; `sent` runs when all of it has left. */
  queue(outgoing: Outgoing, sent: () => void): void {
    const { link } = this.#host
    const parts = this.isLarge(outgoing) ? partsOf(outgoing, link.dialect) : [outgoing]
    const send = (part: Outgoing): void => link.send(part)
    this.pace.add(new LargeMessage(parts, this.pace, { send, sent }))
  }
}
