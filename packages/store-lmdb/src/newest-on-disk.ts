import type { StoredPublication } from '@millrace/server'
import { decodeEntry, entryTime } from './entry-codec.js'
import type { Asked, KeptParts, Part } from './kept-on-disk.js'
import { RecentEntries } from './recent-entries.js'
import type { StreamState } from './stream-state.js'

/**
 * The newest publications of a stream: those after its floor, without a hole. What is not remembered here is read from disk, where at
 * least all that is kept is: a transaction removes only what the one before let go of.
 */
export class NewestOnDisk {
  readonly #parts: KeptParts
  readonly #recent = new RecentEntries()
  /** No kept publication is older, as far as is known. */
  #oldest = Number.NEGATIVE_INFINITY
  /** Publications up to the floor, from this offset on, may still be on disk. */
  #remains: number | undefined

  constructor(parts: KeptParts) {
    this.#parts = parts
  }

  /** The stream's record without what is older than `time`. */
  expired(state: StreamState, time: number): StreamState {
    const { floor, head } = state
    if (floor.offset >= head || this.#oldest >= time) return state
    let { offset } = floor
    while (offset < head) {
      const stored = this.#timeOf(state, offset + 1)
      if (stored >= time) {
        this.#oldest = stored
        break
      }
      offset++
    }
    return offset === floor.offset ? state : { ...state, floor: { offset, reason: 'history-expired' } }
  }

  read(state: StreamState, asked: Asked): Part {
    const { head } = state
    const oldest = state.floor.offset + 1
    let from: number
    let to: number
    let more: boolean
    if ('after' in asked) {
      from = Math.max(asked.after + 1, oldest)
      to = Math.min(head, from + asked.limit - 1)
      more = to < head
    } else {
      to = Math.min(head, asked.before - 1)
      from = Math.max(oldest, to - asked.limit + 1)
      more = from > oldest
    }
    const publications: StoredPublication[] = []
    for (let offset = from; offset <= to; offset++) publications.push(this.#publication(state, offset))
    return { state, publications, more }
  }

  add(entries: readonly StoredPublication[]): void {
    this.#recent.add(entries)
  }

  /** How many publications are let go and still on disk. */
  remaining(state: StreamState): number {
    return Math.max(0, state.floor.offset - this.loadRemains(state) + 1)
  }

  /** Offsets of so many publications that are let go and still on disk, which the caller now removes. */
  takeRemains(state: StreamState, most: number): { readonly from: number; readonly to: number } | undefined {
    const from = this.loadRemains(state)
    const to = Math.min(state.floor.offset, from + most - 1)
    if (to < from) return undefined
    this.#remains = to + 1
    return { from, to }
  }

  loadRemains({ sid, head }: StreamState): number {
    this.#remains ??= this.#parts.store.entryOffsets(sid, 1)[0] ?? head + 1
    return this.#remains
  }

  /** What is left on disk has to be seen anew. */
  reread(): void {
    this.#remains = undefined
  }

  #timeOf(state: StreamState, offset: number): number {
    const recent = this.#recent.get(offset)
    return recent?.time ?? this.#fromDisk(state, offset, entryTime)
  }

  #publication(state: StreamState, offset: number): StoredPublication {
    const recent = this.#recent.get(offset)
    return recent ?? this.#fromDisk(state, offset, (bytes) => decodeEntry(offset, bytes))
  }

  #fromDisk<T>({ sid }: StreamState, offset: number, decode: (bytes: Buffer) => T): T {
    const { store, channel } = this.#parts
    const found = store.entry(sid, offset, decode)
    if (found === undefined) throw store.missing(channel, offset)
    return found
  }
}
