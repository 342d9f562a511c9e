import type { Outgoing } from '../outgoing.js'
import type { Link } from '../ports.js'
import { LargeMessage } from './large-message.js'
import { Pace } from './pace.js'
import { isLarge, partsOf } from './parts.js'

export interface PacingHost {
  readonly link: Link
  /** Whether the client puts together what comes in parts. */
  readonly readsParts: boolean
  /** Bytes that may wait. */
  readonly most: number
  now(): number
  /** Sends a ping, and tells the pace of it. */
  ping(): void
  /** What waited has become less than may. */
  proceed(): void
}

/** Bytes that may be unread at most, however fast the client is. */
const WIDEST = 262_144
/** And of what may wait: the link holds other things too. */
const WIDEST_SHARE = 0.25

/** Bytes that may be sent to a client before its pace matters. */
const MUCH = 16_384

/**
 * Whether a message is to be sent no faster than the client reads: a large one, and one of many that bring publications together.
 * Who comes back to a hundred channels over a slow link would else have so much on its way that nobody saw it live. [H9.1]
 */
export function goesAtPace(outgoing: Outgoing, { dialect, written = 0 }: Link): boolean {
  const { kind } = outgoing.message
  const isOfMany = (kind === 'subscribed' || kind === 'history') && written > MUCH
  return isOfMany || isLarge(outgoing, dialect)
}

/** A session's sending at the pace of its client. */
export class Pacing {
  readonly pace: Pace
  readonly #host: PacingHost
  /** By channel, what has not left yet of the messages that are sent in their turn, and who waits for that. */
  readonly #queued = new Map<string, { count: number; readonly waiting: (() => void)[] }>()
  /** Bytes of those, and of what waits for subscriptions that do not keep up. */
  #bytes = 0
  #behind = 0

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
      Math.min(WIDEST, host.most * WIDEST_SHARE),
    )
  }

  /** Whether so much waits that nothing more should be read for the client. */
  get isFull(): boolean {
    return this.#bytes >= this.#host.most
  }

  /** Counts bytes that wait for a subscription, or do no more. */
  waits(bytes: number): void {
    this.#behind += bytes
  }

  /** Whether more waits for its subscriptions than may. */
  get isTooFarBehind(): boolean {
    return this.#behind > this.#host.most
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
    const { body } = outgoing.message
    const channel = 'channel' in body ? (body.channel ?? '') : ''
    const parts = this.isLarge(outgoing) ? partsOf(outgoing, link.dialect) : [outgoing]
    const queued = this.#queued.get(channel) ?? { count: 0, waiting: [] }
    const bytes = outgoing.wire(link.dialect).length
    queued.count++
    this.#queued.set(channel, queued)
    this.#bytes += bytes
    const message = new LargeMessage(parts, this.pace, {
      send: (part) => link.send(part),
      sent: () => {
        sent()
        this.#bytes -= bytes
        this.#host.proceed()
        if (--queued.count > 0) return
        this.#queued.delete(channel)
        for (const go of queued.waiting) go()
      },
    })
    this.pace.add(message)
  }

  /** Resolves when what was queued of a channel has left; undefined when nothing is. */
  whenLeft(channel: string): Promise<void> | undefined {
    const queued = this.#queued.get(channel)
    return queued && new Promise((resolve) => queued.waiting.push(resolve))
  }

  /** The session has ended: nothing is sent any more, and nobody waits for it. */
  stop(): void {
    this.pace.stop()
    for (const { waiting } of this.#queued.values()) for (const go of waiting) go()
    this.#queued.clear()
  }
}
