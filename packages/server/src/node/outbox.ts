import { nextTick } from 'node:process'
import { FrameArena } from './frame-arena.js'
import { FrameSequence } from './frame-sequence.js'

/** Something with frames to write. */
export interface Flushable {
  /** `isAlone`: no other link is flushed with it. */
  flush(isAlone: boolean): void
  /** Reads what `flush` is about to need. What it answers means nothing, but is kept, lest the reading be optimized away. */
  touch(): number
}

/**
 * One batch in so many is held until the end of the turn to find out whether that saves writes; after each trial in vain
 * the next number applies. Primes, so that trials do not always meet the same callback of turns that are all alike.
 */
const BATCHES_PER_TRIAL = [31, 61, 127, 251, 509, 1021] as const
/** After a turn that saved writes, this many batches are held too, each of which may prolong it. */
const HELD_AFTER_SAVING = 8
/**
 * So many links are touched before the first of them is flushed. A flush alone is a chain of reads of which each waits for
 * the one before; touching is many chains that do not wait for each other, so the processor fetches them from memory at the
 * same time. More would drop out of its cache again before their turn comes.
 */
const TOUCHED_AHEAD = 64
/** Milliseconds after which writing to very many links goes on in the next turn: ten thousand take a hundred. */
const MOST = 1
/** Holding pays from one write saved in this many. */
const WRITES_PER_SAVING = 8

/**
 * What the links of one server share: who has frames to write, the tree those frames are paths in, and the memory they
 * are written into.
 *
 * Links with frames are flushed together, and there is no timer. When is a choice between two moments: as soon as the
 * callback that sent has returned, which serves a lone message best; or when all callbacks of this turn of the event
 * loop have, which makes one write of what several of them sent to the same link. The outbox holds frames for the
 * second moment while it sees that this saves writes, and otherwise tries it now and then.
 *
 * Where one callback sends to very many links, the first are flushed like that, and the others at the end of this turn, or of those that
 * follow, as there is time: so what is sent to a few need not wait until thousands have been written to.
 */
export class Outbox {
  readonly arena = new FrameArena()
  /** Chunks received by links of this server: what is sent for different ones is sent by different callbacks. */
  inputs = 0
  #isInInput = false
  #isDueAfterInput = false
  #root: FrameSequence | null = null
  /** Those that wait, first to last, are the first `#count`; the rest is room kept for later turns. */
  #waiting: (Flushable | null)[] = []
  #count = 0
  #spare: (Flushable | null)[] = []
  /** How many were added by the callback at hand. */
  #added = 0
  /** Those of crowds, from `#next` on. */
  #crowd: (Flushable | null)[] = []
  #next = 0
  #isCrowdDue = false
  readonly #now: () => number
  /** What touching answered last; of no meaning. */
  touched = 0
  #trialsInVain = 0
  #untilTrial: number = BATCHES_PER_TRIAL[0]
  #held = 0
  #saved = 0
  readonly #flush = (): void => {
    this.#flushAll()
  }
  readonly #flushHeld = (): void => this.#judge(this.#flushAll())
  readonly #flushSome = (): void => this.#flushCrowd()

  /** `now` in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Where every path that begins with a shared frame begins, until the next flush. */
  get root(): FrameSequence {
    this.#root ??= FrameSequence.root()
    return this.#root
  }

  /** A link is about to tell its handler what it received. */
  beginInput(): void {
    this.inputs += 1
    this.#isInInput = true
    this.#added = 0
  }

  /** The handler has returned; what it sent may leave. */
  endInput(): void {
    this.#isInInput = false
    if (!this.#isDueAfterInput) return
    this.#isDueAfterInput = false
    this.#flushAll()
  }

  /** Has the link flushed soon. */
  add(link: Flushable): void {
    this.#added += 1
    if (this.#added > TOUCHED_AHEAD) {
      this.#crowd.push(link)
      if (!this.#isCrowdDue) setImmediate(this.#flushSome)
      this.#isCrowdDue = true
      return
    }
    this.#waiting[this.#count] = link
    this.#count += 1
    if (this.#count > 1) return
    this.#untilTrial -= 1
    if (this.#held > 0 || this.#untilTrial <= 0) setImmediate(this.#flushHeld)
    else if (this.#isInInput) this.#isDueAfterInput = true
    else nextTick(this.#flush)
  }

  /** A link that waits was sent something by a further callback: without waiting it would have cost a further write. */
  noteSaving(): void {
    this.#saved += 1
  }

  #flushAll(): number {
    const links = this.#waiting
    const count = this.#count
    // What is sent while flushing belongs to a batch of its own.
    this.#waiting = this.#spare
    // A stream that answers while it is written to may bring another flush about within this one.
    this.#spare = []
    this.#count = 0
    this.#added = 0
    this.#root = null
    for (let from = 0; from < count; from += TOUCHED_AHEAD) {
      const to = Math.min(from + TOUCHED_AHEAD, count)
      this.#flushGroup(links, from, { to, isAlone: count === 1 })
    }
    this.#spare = links
    return count
  }

  #flushCrowd(): void {
    const until = this.#now() + MOST
    while (this.#next < this.#crowd.length) {
      if (this.#now() >= until) {
        // What has been flushed is let go of before it is more than what waits.
        if (this.#next > this.#crowd.length / 2) {
          this.#crowd.splice(0, this.#next)
          this.#next = 0
        }
        setImmediate(this.#flushSome)
        return
      }
      const from = this.#next
      this.#next = Math.min(from + TOUCHED_AHEAD, this.#crowd.length)
      this.#flushGroup(this.#crowd, from, { to: this.#next, isAlone: false })
    }
    this.#crowd.length = 0
    this.#next = 0
    this.#isCrowdDue = false
    this.#root = null
  }

  #flushGroup(
    links: (Flushable | null)[],
    from: number,
    { to, isAlone }: { readonly to: number; readonly isAlone: boolean },
  ): void {
    if (to - from > 1) this.#touch(links, from, to)
    for (let index = from; index < to; index++) {
      links[index]?.flush(isAlone)
      // The room is kept, the link is not.
      links[index] = null
    }
  }

  #touch(links: readonly (Flushable | null)[], from: number, to: number): void {
    let touched = 0
    for (let index = from; index < to; index++) touched += links[index]?.touch() ?? 0
    this.touched = touched
  }

  #judge(writes: number): void {
    const hasPaid = this.#saved * WRITES_PER_SAVING >= writes && this.#saved > 0
    this.#saved = 0
    this.#held = hasPaid ? HELD_AFTER_SAVING : Math.max(0, this.#held - 1)
    this.#trialsInVain = hasPaid ? 0 : Math.min(this.#trialsInVain + 1, BATCHES_PER_TRIAL.length - 1)
    this.#untilTrial = BATCHES_PER_TRIAL[this.#trialsInVain] ?? 1
  }
}
