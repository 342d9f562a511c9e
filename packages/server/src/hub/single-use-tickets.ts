import { MillraceError, type StoredPayload } from '@millrace/protocol'
import type { StreamOptions, Streams } from './broker-ports.js'
import type { Identity } from './identity.js'
import type { Clock, Random, Sealer } from './ports.js'
import { readContent, type TicketContent, writeContent } from './ticket-content.js'

/** A ticket, and the milliseconds for which it lets somebody in, once. */
export interface IssuedTicket {
  readonly ticket: string
  readonly expiresIn: number
}

export interface SingleUseTicketsParts {
  readonly streams: Pick<Streams, 'append'>
  readonly sealer: Sealer
  readonly random: Random
  readonly clock: Pick<Clock, 'now'>
}

export const DEFAULT_TTL = 30_000
/** Brokers know an id for five minutes ([B6]). A minute is left for nodes whose clocks differ. */
export const MOST_TTL = 240_000
/** Servers and proxies take lines of 8 KiB, of which a channel's name and a position have their part. */
const MOST_LENGTH = 4_096

// No client can name these channels: the grammar has no name that begins so. [P2.1]
const USED = '@tickets:'
/** Only the ids count, which a broker knows for its dedupe window; of what is stored under them nothing is kept. */
const KEEPING: StreamOptions = { size: 0, ttl: 300_000 }
const NOTHING: StoredPayload = { codec: 'json', text: 'null' }

/**
 * Tickets that let somebody in once, on whichever node: for clients that can send neither a token nor a header. They are sealed with the secret that the nodes of one broker
 * share, and the broker knows which were used: it stores the id of each once. [H14.1] [H14.2]
 */
export class SingleUseTickets {
  readonly #parts: SingleUseTicketsParts
  #secret: string | undefined

  constructor(parts: SingleUseTicketsParts) {
    this.#parts = parts
  }

  /** From now on there are tickets. */
  use(secret: string): void {
    this.#secret = secret
  }

  /**
   * Makes one, which ends with the identity at the latest. Throws a TypeError for an identity that a ticket cannot carry, or a ttl that is not above 0 and at most 4
   * minutes; `unauthenticated` for one that has ended; `unavailable` before there is a secret.
   */
  issue(identity: Identity, ttl: number = DEFAULT_TTL): IssuedTicket {
    if (!(ttl > 0 && ttl <= MOST_TTL))
      throw new TypeError(`ttl must be above 0 and at most ${MOST_TTL} ms, 4 minutes: not ${ttl} ms`)
    const { sealer, random, clock } = this.#parts
    const now = clock.now()
    const until = Math.min(now + ttl, identity.expires ?? Number.POSITIVE_INFINITY)
    if (until <= now) throw refused('The token has expired: a ticket would end with it')
    const content = writeContent({ nonce: random.id(), until, identity })
    const ticket = sealer.seal(this.#known(), content)
    if (ticket.length <= MOST_LENGTH) return { ticket, expiresIn: Math.round(until - now) }
    throw new TypeError(
      `The ticket would have ${ticket.length} characters, and ${MOST_LENGTH} are what a URL bears: leave out what is not needed of the user, or of the capabilities`,
    )
  }

  /** What a ticket holds, used or not. Throws `unauthenticated` for one that is none of ours, or is over; `unavailable` before there is a secret. */
  open(ticket: string): TicketContent {
    const { sealer, clock } = this.#parts
    const text = sealer.open(this.#known(), ticket)
    if (text === undefined) throw refused('The ticket is not one of this server’s: get a new one')
    const content = readContent(text)
    if (clock.now() < content.until) return content
    throw refused('The ticket is over: get a new one, and use it at once')
  }

  /**
   * Uses it up. Rejects with `unauthenticated` when it was used before, on whichever node; and with the broker's error when that cannot be known: then nobody is let in.
   */
  async spend({ nonce }: TicketContent): Promise<void> {
    const { skipped } = await this.#parts.streams.append(
      streamOf(nonce),
      { id: nonce, data: NOTHING },
      KEEPING,
    )
    if (skipped !== undefined) throw refused('The ticket was used before: each lets in once, get a new one')
  }

  #known(): string {
    if (this.#secret !== undefined) return this.#secret
    throw new MillraceError('unavailable', { message: 'The broker was not reached yet: try again' })
  }
}

/**
 * A broker knows 100,000 ids of a stream at least. Names are base64url, so these are 64 streams, of which none forgets a ticket that still holds until tickets of the longest
 * ttl are used 25,000 times a second, and of the default ttl 200,000 times.
 */
const streamOf = (nonce: string): string => `${USED}${nonce.charAt(0)}`

const refused = (message: string): MillraceError => new MillraceError('unauthenticated', { message })
