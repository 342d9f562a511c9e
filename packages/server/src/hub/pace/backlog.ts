import { type Gap, type Position, predecessor, type SlowPolicy } from '@millrace/protocol'
import type { StoredPublication } from '../broker-ports.js'
import type { Live } from '../feed.js'
import { Outgoing } from '../outgoing.js'
import type { Source } from './pace.js'
import { Turns } from './turns.js'

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
  /** Bytes that may wait: beyond them a policy that leaves nothing out gives up. */
  readonly most: number
  now(): number
  /** Sends it; `sent` runs when all of it has left, which takes a while when it is large. */
  send(item: Outgoing | { readonly gap: Gap }, sent: () => void): void
  publication(publication: StoredPublication, leftOut: LeftOut): Outgoing
  /** Something is left out. */
  leftOut(how: 'skipped' | 'dropped'): void
  /** More waits than may. */
  overflow(): void
  /** Nothing waits any more. `last`: the last publication it got, where that is not the last there was. */
  caughtUp(last: number | undefined): void
}

interface Entry {
  readonly item: Waiting
  readonly bytes: number
  readonly at: number
  readonly key: string | undefined
}

/** Bytes beyond which a policy that may leave something out does so. */
const ENOUGH = 65_536
/** Milliseconds for which every publication is kept: a reader that catches up within them gets each. */
const PATIENCE = 200
/** Where some are left out, a superseded one is worth sending for as long: half the time, for it is all the later. */
const STALE = 100
/** What a message takes beside its payload, about. */
const ENVELOPE = 100

/**
 * What one subscriber of one channel has not been sent, because it reads slowly, and what becomes of that. Whatever is left out is
 * told: as `skipped` with the next publication, or as one gap. [H9.2]
 *
 * Of a state, what is superseded is of use for a while all the same: where keys change faster than they can be sent, the newest of most
 * keys are newer than anything that can be sent now, and the order of offsets forbids to send one of them and then an older one of
 * another key. So a key that was not sent for longer than others is sent by a value that is up to `STALE` old.
 */
export class Backlog implements Source {
  /** While something else must be sent first. */
  isBlocked = false
  readonly #parts: BacklogParts
  /** Oldest first. */
  readonly #entries = new Set<Entry>()
  /** The newest of each key, and those that are not, in the order in which they ceased to be. */
  readonly #newest = new Map<string, Entry>()
  readonly #superseded = new Set<Entry>()
  /** Which keys are due. Absent as long as nothing had to be skipped. */
  #turns: Turns | undefined
  #bytes = 0
  /** The offset of the last publication that was sent, or of the one before the first that waits. */
  #last: number | undefined
  #skipped = 0
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
    const entry = { item, bytes: sizeOf(item), at: this.#parts.now(), key: publication?.key }
    if (publication !== undefined) {
      this.#last ??= predecessor(publication)
      this.#endsWithout = false
    }
    this.#entries.add(entry)
    this.#bytes += entry.bytes
    if (entry.key !== undefined && this.#parts.policy === 'conflate') this.#supersede(entry.key, entry)
    if (this.#bytes > ENOUGH) this.#reduce()
    if (this.#bytes > this.#parts.most) this.#parts.overflow()
  }

  /** The subscription is over. */
  close(): void {
    this.#isClosed = true
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
    if (entry.key !== undefined) this.#turns?.took(entry.key)
    this.#send(this.#messageOf(entry.item))
    if ('live' in entry.item) {
      this.#last = entry.item.live.publication.offset
      this.#skipped = 0
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

  #supersede(key: string, entry: Entry): void {
    const before = this.#newest.get(key)
    if (before !== undefined) this.#superseded.add(before)
    this.#newest.set(key, entry)
  }

  /** The oldest that is still worth sending. */
  #next(): Entry | undefined {
    const now = this.#parts.now()
    for (const entry of this.#entries) {
      if (!this.#superseded.has(entry) || this.#isWorthIt(entry, now)) return entry
      this.#skip(entry)
    }
    return undefined
  }

  #isWorthIt({ key, at }: Entry, now: number): boolean {
    if (this.#turns === undefined || key === undefined) return now - at <= PATIENCE
    return now - at <= STALE && this.#turns.isDue(key, this.#newest.size)
  }

  #messageOf(item: Waiting): Outgoing | { readonly gap: Gap } {
    if (!('live' in item)) return item
    const { publication } = item.live
    const prev = this.#last === predecessor(publication) ? undefined : this.#last
    if (prev === undefined && this.#skipped === 0) return item.outgoing
    return this.#parts.publication(publication, { prev, skipped: this.#skipped })
  }

  /** Leaves out what may be left out. */
  #reduce(): void {
    const droppable = this.#parts.policy === 'drop-oldest' ? this.#entries : this.#superseded
    for (const entry of droppable) {
      if (this.#bytes <= ENOUGH) return
      if (droppable === this.#superseded) this.#skip(entry)
      else if ('live' in entry.item) this.#lose(entry, entry.item.live)
    }
  }

  #skip(entry: Entry): void {
    this.#turns ??= new Turns()
    this.#remove(entry)
    this.#skipped++
    this.#parts.leftOut('skipped')
  }

  #lose(entry: Entry, { epoch, publication }: Live): void {
    this.#remove(entry)
    const from = this.#lost?.from ?? { epoch, offset: this.#last ?? predecessor(publication) }
    const to = { epoch, offset: publication.offset }
    this.#lost = { from, to, count: (this.#lost?.count ?? 0) + 1 }
    this.#parts.leftOut('dropped')
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry)
    this.#superseded.delete(entry)
    this.#bytes -= entry.bytes
    if (entry.key !== undefined && this.#newest.get(entry.key) === entry) this.#newest.delete(entry.key)
  }
}

function sizeOf(item: Waiting): number {
  if (item instanceof Outgoing || !('live' in item)) return ENVELOPE
  const { data } = item.live.publication
  return ENVELOPE + ('text' in data ? data.text.length : data.bytes.length)
}
