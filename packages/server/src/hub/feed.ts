import { chain, type Gap, type GapReason, type Position, predecessor } from '@millrace/protocol'
import type { StoredPublication, StreamSlice } from './broker-ports.js'
import { recover } from './recovery.js'

/** What a feed needs of the channel it is for. */
export interface FeedHost {
  /** Whether only the newest publication of each key is kept. */
  readonly isState: boolean
  deliver(live: Live): void
  /** What cannot be had any more. */
  gap(gap: Gap): void
  /** What follows a position in the stream, as much as one read gives. */
  read(since: Position): Promise<StreamSlice>
  /** The stream is not the one that was delivered up to this position: it must begin anew, in another epoch. */
  renew(known: Position): Promise<unknown>
  /** The broker failed: tries again later, if that still matters then. */
  retry(error: unknown, again: () => void): void
}

/** A publication and the epoch it belongs to. */
export interface Live {
  readonly epoch: string
  readonly publication: StoredPublication
}

/** So many live publications wait while the stream is read; it gives back those beyond, or says that it cannot. */
const MOST_HELD = 1000

/**
 * One channel's live feed, made whole: what a broker carries to this node at most once, or in doubt, leaves here in the
 * order of its offsets and without holes, or with a gap where the stream has lost it too. [H4.5]
 *
 * Invariant: everything up to `position` was delivered, was told as a gap, or was there before anybody subscribed.
 */
export class Feed {
  readonly #host: FeedHost
  #position: Position | undefined
  /** From where on everything was delivered: what came before, somebody had read by itself. */
  #start: Position | undefined
  /** The publication delivered last, if it is the one at `#position`. */
  #last: StoredPublication | undefined
  /** What came while the stream is read to close a hole. */
  #held: Live[] | undefined
  /** How many of those had come when the reading began: what the stream does not show of them, it has not. */
  #older = 0
  /** More came than fits; what is missing is read. */
  #hasDropped = false
  #isOver = false

  constructor(host: FeedHost) {
    this.#host = host
  }

  get position(): Position | undefined {
    return this.#position
  }

  close(): void {
    this.#isOver = true
  }

  /** Somebody reads the stream up to here by itself, so what is to be delivered begins here at the latest. */
  anchor(head: Position): void {
    this.#position ??= head
    this.#start ??= head
  }

  /** Whether who has read the stream up to here gets all that follows: not one who read it before the feed began. */
  continues({ epoch, offset }: Position): boolean {
    return this.#start?.epoch !== epoch || offset >= this.#start.offset
  }

  /** A publication from the live feed. */
  receive(live: Live): void {
    if (this.#held === undefined) {
      if (!this.#take(live)) this.#repair([live])
    } else if (this.#held.length < MOST_HELD) this.#held.push(live)
    else this.#hasDropped = true
  }

  /** The broker says where the stream stands: what was not heard of by now is read. */
  verify(head: Position): void {
    const position = this.#position
    if (position === undefined || this.#held !== undefined) return
    if (head.epoch !== position.epoch || head.offset > position.offset) this.#repair([])
  }

  /** Somebody saw the stream end before `position`. */
  doubt(): void {
    if (this.#held === undefined) this.#repair([])
  }

  /** False when something is missing before it, or it is of another epoch. */
  #take(live: Live): boolean {
    const { epoch, publication } = live
    if (this.#position !== undefined) {
      if (this.#position.epoch !== epoch) return false
      const link = chain(this.#position.offset, publication)
      if (link !== 'next') return link === 'repeat' && !this.#isFromAnotherPast(publication)
    }
    this.#start ??= { epoch, offset: predecessor(publication) }
    this.#position = { epoch, offset: publication.offset }
    this.#last = publication
    this.#host.deliver(live)
    return true
  }

  /**
   * Whether what looks like a repeat was stored after all that was delivered: then the stream was set back to an earlier end
   * and has gone on from there, over offsets that were used before.
   */
  #isFromAnotherPast({ time }: StoredPublication): boolean {
    return this.#last !== undefined && time > this.#last.time
  }

  #repair(held: Live[]): void {
    this.#held = held
    this.#older = held.length
    this.#hasDropped = false
    void this.#read()
  }

  async #read(): Promise<void> {
    const since = this.#position
    if (this.#isOver || since === undefined) return
    try {
      // From the last one delivered on, to see whether it still is what it was.
      const slice = await this.#host.read(this.#last === undefined ? since : before(since))
      if (this.#isOver) return
      if (this.#isAnother(since, slice)) {
        await this.#host.renew(since)
        this.#last = undefined
        return this.#read()
      }
      this.#catchUp(since, slice)
      if (slice.more) return this.#read()
    } catch (error) {
      this.#host.retry(error, () => void this.#read())
      return
    }
    this.#release()
  }

  /** Whether the stream is not the one that was delivered: it ends earlier, or has something else in the place of the last. */
  #isAnother(since: Position, { head, publications: [first] }: StreamSlice): boolean {
    if (head.epoch !== since.epoch) return false
    const last = this.#last
    return head.offset < since.offset || (first?.offset === last?.offset && first?.time !== last?.time)
  }

  /** Goes on as far as the stream was read, with what it has and what had come from it before. */
  #catchUp(since: Position, { head, floor, publications, more }: StreamSlice): void {
    const { gap } = recover(since, { head, floor, publications, more })
    if (gap !== undefined && head.epoch !== since.epoch) this.#lost(gap)
    const reason = gap?.reason ?? 'broker-lost'
    const end = more ? (publications.at(-1)?.offset ?? 0) : head.offset
    for (const publication of this.#known(head.epoch, end, publications)) {
      const live = { epoch: head.epoch, publication }
      if (this.#take(live)) continue
      this.#lose(predecessor(publication), reason)
      this.#take(live)
    }
    this.#lose(end, reason)
  }

  /**
   * Publications of this epoch up to an offset, in order: those that were read, whose chain is whole, and others that had come before.
   * Of a state only those that were read: what else had come was superseded.
   */
  #known(epoch: string, end: number, read: readonly StoredPublication[]): StoredPublication[] {
    if (this.#host.isState) return [...read]
    const came = (this.#held ?? [])
      .slice(0, this.#older)
      .filter((live) => live.epoch === epoch && live.publication.offset <= end)
      .map(({ publication }) => publication)
      .filter(({ offset }) => !read.some((one) => one.offset === offset))
    return came.length === 0 ? [...read] : [...came, ...read].sort((a, b) => a.offset - b.offset)
  }

  /** What came while the stream was read goes on from there, or is the next hole. */
  #release(): void {
    const held = (this.#held ?? []).slice(this.#older)
    const hasDropped = this.#hasDropped
    this.#held = undefined
    const missing = held.findIndex((live) => !this.#take(live))
    if (missing >= 0) this.#repair(held.slice(missing))
    else if (hasDropped) this.#repair([])
  }

  /** Up to this offset of the epoch there is nothing any more, beyond what was delivered. */
  #lose(offset: number, reason: GapReason): void {
    const from = this.#position
    if (from === undefined || offset <= from.offset) return
    this.#lost({ from, to: { epoch: from.epoch, offset }, reason })
  }

  #lost(gap: Gap): void {
    this.#position = gap.to
    this.#last = undefined
    this.#host.gap(gap)
  }
}

const before = ({ epoch, offset }: Position): Position => ({ epoch, offset: Math.max(0, offset - 1) })
