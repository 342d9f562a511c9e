import { type Gap, type Position, predecessor, type SlowPolicy } from '@millrace/protocol'
import type { StoredPublication } from '../broker-ports.js'
import type { Live } from '../feed.js'
import { Outgoing } from '../outgoing.js'
import type { Source } from './pace.js'

/** What waits for a subscriber that reads slowly. */
export type Waiting = { readonly live: Live; readonly outgoing: Outgoing } | { readonly gap: Gap } | Outgoing

/** What is left out before a publication, as its receiver is told. */
export interface LeftOut {
  /** The last one it got, where that is not the one before. */
  readonly prev: number | undefined
  /** How many were left out. */
  readonly skipped: number
}

export interface BacklogParts {
  readonly policy: SlowPolicy
  /** The session that asked not to get back what it published. */
  readonly receiver: string
  now(): number
  /** Sends it; `sent` runs when all of it has left, which takes a while when it is large. */
  send(item: Outgoing | { readonly gap: Gap }, sent: () => void): void
  publication(publication: StoredPublication, leftOut: LeftOut): Outgoing
  /** Something is left out. */
  leftOut(how: 'skipped' | 'dropped'): void
  /** So many bytes more wait, or less. */
  waits(bytes: number): void
  /** Something was added, and what may be left out has been. */
  pushed(): void
  /** Nothing waits any more. `last`: the last publication it got, where that is not the last there was. */
  caughtUp(last: number | undefined): void
}

interface Entry {
  readonly item: Waiting
  readonly bytes: number
  readonly at: number
  /** What it is about; what is about nothing is like nothing else. */
  readonly key: unknown
  /** Counts the publications that were for this subscriber. */
  readonly count: number
}

/** Bytes beyond which a policy that may leave something out does so. */
const ENOUGH = 65_536
/** Milliseconds for which every publication is kept: a reader that catches up within them gets each. */
const PATIENCE = 200
/** What a message takes beside its payload, about. */
const ENVELOPE = 100

/**
 * What one subscriber of one channel has not been sent, because it reads slowly, and what becomes of that. Whatever is left out is
 * told: as `skipped` with the next publication, or as one gap. [H9.2]
 *
 * A state is sent in rounds: the newest of each key at one moment, all of them, and then what is the newest of those that have changed
 * since. To drop of the rest of a round what has been superseded would be fresher on the whole, and leave some keys waiting for ever where
 * all change faster than they can be sent: the order of offsets puts what has just changed behind everything else. So each key is told once
 * in every round, and nobody's value is older than two of them take.
 */
export class Backlog implements Source {
  /** While something else must be sent first. */
  isBlocked = false
  readonly #parts: BacklogParts
  /** Oldest first: everything, or the rest of a round. */
  #entries = new Set<Entry>()
  /** In rounds, the newest of each key for the next one, oldest first. */
  #later: Map<unknown, Entry> | undefined
  #bytes = 0
  /** The offset of the last publication that was sent, or of the one before the first that waits. */
  #last: number | undefined
  /** Publications so far, and those up to the last that was sent or told as lost. */
  #count = 0
  #told = 0
  /** Whether what came last is not for this receiver. */
  #endsWithout = false
  #isClosed = false
  #lost: { readonly from: Position; readonly to: Position; readonly count: number } | undefined

  /** `last`: the last publication that the subscriber got, where it was not the one before the first that waits. */
  constructor(parts: BacklogParts, last: number | undefined) {
    this.#parts = parts
    this.#last = last
  }

  push(item: Waiting): void {
    const publication = 'live' in item ? item.live.publication : undefined
    if (publication?.exclude !== undefined && publication.exclude === this.#parts.receiver) {
      this.#last ??= predecessor(publication)
      this.#endsWithout = true
      return
    }
    if (publication !== undefined) {
      this.#count++
      this.#last ??= predecessor(publication)
      this.#endsWithout = false
    }
    this.#keep({
      ...{ item, bytes: sizeOf(item), at: this.#parts.now() },
      ...{ key: publication?.key ?? item, count: this.#count },
    })
    if (this.#bytes > ENOUGH) this.#reduce()
    this.#parts.pushed()
  }

  /** The subscription is over. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#grow(-this.#bytes)
  }

  step(): 'sent' | 'idle' | 'done' {
    if (this.#isClosed) return 'done'
    if (this.isBlocked) return 'idle'
    const lost = this.#lost
    if (lost !== undefined) {
      this.#lost = undefined
      this.#send({ gap: { ...lost, reason: 'slow-consumer' } })
      return 'sent'
    }
    const entry = this.#next()
    if (entry === undefined) {
      this.#parts.caughtUp(this.#endsWithout ? this.#last : undefined)
      return 'done'
    }
    this.#remove(entry)
    this.#send(this.#messageOf(entry))
    if ('live' in entry.item) {
      this.#last = entry.item.live.publication.offset
      this.#told = entry.count
    }
    return 'sent'
  }

  #send(item: Outgoing | { readonly gap: Gap }): void {
    if ('gap' in item) this.#last = item.gap.to.offset
    this.isBlocked = true
    this.#parts.send(item, () => {
      this.isBlocked = false
    })
  }

  #grow(bytes: number): void {
    this.#bytes += bytes
    this.#parts.waits(bytes)
  }

  #keep(entry: Entry): void {
    this.#grow(entry.bytes)
    if (this.#later === undefined) this.#entries.add(entry)
    else this.#renew(this.#later, entry)
  }

  /** Puts the newest of a key in the place of the one before, at the end. */
  #renew(newest: Map<unknown, Entry>, entry: Entry): void {
    const before = newest.get(entry.key)
    newest.delete(entry.key)
    newest.set(entry.key, entry)
    if (before === undefined) return
    this.#grow(-before.bytes)
    this.#parts.leftOut('skipped')
  }

  #next(): Entry | undefined {
    const [first] = this.#entries
    if (this.#later === undefined) {
      if (first === undefined || this.#parts.now() - first.at <= PATIENCE) return first
      this.#reduce()
    } else if (first === undefined) {
      this.#entries = new Set(this.#later.values())
      this.#later = new Map()
    }
    const [next] = this.#entries
    return next
  }

  #messageOf({ item, count }: Entry): Outgoing | { readonly gap: Gap } {
    if (!('live' in item)) return item
    const { publication } = item.live
    const prev = this.#last === predecessor(publication) ? undefined : this.#last
    const skipped = count - this.#told - 1
    if (prev === undefined && skipped === 0) return item.outgoing
    return this.#parts.publication(publication, { prev, skipped })
  }

  /** Leaves out what may be left out, and begins to do so as it comes. */
  #reduce(): void {
    const { policy } = this.#parts
    if (policy === 'drop-oldest') this.#dropOldest()
    if (policy !== 'conflate' || this.#later !== undefined) return
    const newest = new Map<unknown, Entry>()
    for (const entry of this.#entries) this.#renew(newest, entry)
    this.#entries = new Set(newest.values())
    this.#later = new Map()
  }

  #dropOldest(): void {
    for (const entry of this.#entries) {
      if (this.#bytes <= ENOUGH) return
      if ('live' in entry.item) this.#lose(entry, entry.item.live)
    }
  }

  #lose(entry: Entry, { epoch, publication }: Live): void {
    this.#remove(entry)
    const from = this.#lost?.from ?? { epoch, offset: this.#last ?? predecessor(publication) }
    const to = { epoch, offset: publication.offset }
    this.#lost = { from, to, count: (this.#lost?.count ?? 0) + 1 }
    this.#told = entry.count
    this.#parts.leftOut('dropped')
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry)
    this.#grow(-entry.bytes)
  }
}

/** About how many bytes a publication takes on its way. */
export const bytesOf = ({ data }: StoredPublication): number =>
  ENVELOPE + ('text' in data ? data.text.length : data.bytes.length)

const sizeOf = (item: Waiting): number =>
  item instanceof Outgoing || !('live' in item) ? ENVELOPE : bytesOf(item.live.publication)
