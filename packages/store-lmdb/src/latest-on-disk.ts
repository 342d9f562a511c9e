import type { StoredPublication } from '@millrace/server'
import { decodeEntry, entryTime } from './entry-codec.js'
import type { Asked, KeptParts, Part } from './kept-on-disk.js'
import type { EntryRange } from './store.js'
import type { StreamState } from './stream-state.js'

/**
 * The newest publication of each key: all entries of the stream that are on disk, for a transaction removes what it supersedes or lets
 * go of. Those that are past their time may still be there, and are not shown. [B14]
 */
export class LatestOnDisk {
  readonly #parts: KeptParts

  constructor(parts: KeptParts) {
    this.#parts = parts
  }

  /** Whether anything is there that was stored before `time`. */
  hasExpired({ sid, latest }: StreamState, time: number): boolean {
    if (latest === undefined || latest.oldest >= time) return false
    let hasExpired = false
    this.#parts.store.eachEntry(sid, {}, (_offset, bytes) => {
      hasExpired = entryTime(bytes) < time
      return false
    })
    return hasExpired
  }

  /** What is asked for of a stream with that head, but for what was stored before `time`. */
  read(known: StreamState, ask: (head: number) => Asked, time: number): Part {
    const { store, channel } = this.#parts
    // LMDB shows a transaction as soon as it is flushed, a moment before that is known here. What it superseded is gone then, so
    // the record is read at the same moment as the entries; unless another stream has begun meanwhile, for that removes nothing yet.
    const flushed = store.stream(channel)
    const state = flushed?.sid === known.sid ? flushed : known
    const asked = ask(state.head)
    const fresh = this.hasExpired(state, time) ? this.#firstSince(state, time) : 0
    const part = 'after' in asked ? this.#after(state, asked, fresh) : this.#before(state, asked, fresh)
    if (fresh === 0) return { state, ...part }
    return { state: { ...state, floor: { offset: state.head, reason: 'history-expired' } }, ...part }
  }

  #after({ sid }: StreamState, { after, limit }: { after: number; limit: number }, fresh: number): Found {
    const { publications, more } = this.#some(sid, { from: Math.max(after + 1, fresh) }, limit)
    return { publications: chained(publications, after), more }
  }

  #before({ sid }: StreamState, { before, limit }: { before: number; limit: number }, fresh: number): Found {
    const range = { from: Math.max(1, fresh), to: before - 1, reverse: true }
    const { publications, more } = this.#some(sid, range, limit)
    publications.reverse()
    return { publications: chained(publications, (publications[0]?.offset ?? 1) - 1), more }
  }

  #some(sid: number, range: EntryRange, limit: number): { publications: StoredPublication[]; more: boolean } {
    const publications: StoredPublication[] = []
    let more = false
    this.#parts.store.eachEntry(sid, range, (offset, bytes) => {
      more = publications.length >= limit
      if (!more) publications.push(decodeEntry(offset, bytes))
      return !more
    })
    return { publications, more }
  }

  /** The first offset that was stored since `time`. */
  #firstSince({ sid, head }: StreamState, time: number): number {
    let first = head + 1
    this.#parts.store.eachEntry(sid, {}, (offset, bytes) => {
      if (entryTime(bytes) < time) return true
      first = offset
      return false
    })
    return first
  }
}

type Found = Omit<Part, 'state'>

/** What was superseded was never missing: each publication is said to follow the one that is kept before it. */
function chained(publications: readonly StoredPublication[], from: number): StoredPublication[] {
  let prev = from
  return publications.map((publication) => {
    const follows = prev === publication.offset - 1 ? publication : { ...publication, prev }
    prev = publication.offset
    return follows
  })
}
