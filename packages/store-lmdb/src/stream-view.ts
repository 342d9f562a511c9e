import type { StoredPublication, StreamOptions, StreamRange, StreamSlice } from '@millrace/server'
import { decodeEntry, entryTime } from './entry-codec.js'
import { IdWindow, type IdWindowOptions } from './id-window.js'
import { RecentEntries } from './recent-entries.js'
import type { StagedStream } from './staged-stream.js'
import type { Store } from './store.js'
import { type Floor, laterFloor, NO_FLOOR, type StreamState } from './stream-state.js'

export interface StreamViewOptions {
  readonly channel: string
  readonly store: Store
  readonly ids: IdWindowOptions
  /** Of streams that begin now. */
  readonly generation: number
  /** Names the store's line of life: the first part of every epoch. */
  readonly lineage: string
}

/**
 * A channel's stream as it is safe on disk, and in memory as far as it is used often. It changes when a transaction was
 * flushed, so nobody is shown what a crash could take back. What it does not remember it reads from disk, where at least
 * all that it keeps is: a transaction removes only what the one before let go of.
 */
export class StreamView {
  readonly channel: string
  readonly #options: StreamViewOptions
  #state: StreamState | undefined
  /** Where nothing was stored yet, what the first publication's epoch will be. */
  #generation: number
  #recent = new RecentEntries()
  #ids: IdWindow | undefined
  /** No kept publication is older, as far as is known. */
  #oldest = Number.NEGATIVE_INFINITY
  /** Publications up to the floor, from this offset on, may still be on disk. */
  #remains: number | undefined
  /** When somebody last read it: milliseconds since 1970. */
  used = 0

  constructor(options: StreamViewOptions) {
    this.#options = options
    this.channel = options.channel
    this.#state = options.store.stream(options.channel)
    this.#generation = this.#state?.generation ?? options.generation
  }

  get state(): StreamState | undefined {
    return this.#state
  }

  get generation(): number {
    return this.#generation
  }

  get epoch(): string {
    return this.epochOf(this.#generation)
  }

  epochOf(generation: number): string {
    return `${this.#options.lineage}.${generation}`
  }

  get head(): number {
    return this.#state?.head ?? 0
  }

  get floor(): Floor {
    return this.#state?.floor ?? NO_FLOOR
  }

  /** Ids come from disk with the first publication that has one: readers need none. */
  get ids(): IdWindow {
    this.#ids ??= this.#loadIds()
    return this.#ids
  }

  /** Whether there is anything to let go of, or to remove from disk. */
  isUntidy(now: number): boolean {
    if (this.#state === undefined) return false
    this.expire(now - this.#state.ttl)
    return this.#remaining > 0 || this.#hasOldIds(now)
  }

  /** Whether nothing but the record is left of the stream. */
  get keepsNothing(): boolean {
    const ids =
      this.#ids === undefined ? this.#options.store.idOffsets(this.#sid, 1).length === 0 : this.#ids.empty
    return ids && this.head === this.floor.offset && this.#remaining === 0
  }

  /** Whether anybody wrote or read it after that time. */
  usedSince(time: number): boolean {
    return Math.max(this.used, this.#state?.touched ?? 0) > time
  }

  /**
   * Lets go of what is older than `time`, and answers the floor. It goes by time alone and is true at once, whatever
   * becomes of a transaction; the next one to touch the stream writes it down.
   */
  expire(time: number): Floor {
    const { floor, head } = this
    if (this.#state === undefined || floor.offset >= head || this.#oldest >= time) return floor
    let { offset } = floor
    while (offset < head) {
      const stored = this.#timeOf(offset + 1)
      if (stored >= time) {
        this.#oldest = stored
        break
      }
      offset++
    }
    if (offset > floor.offset) this.#state = { ...this.#state, floor: { offset, reason: 'history-expired' } }
    return this.floor
  }

  read(range: StreamRange, now: number, { ttl }: StreamOptions): StreamSlice {
    this.used = now
    if (this.#state === undefined)
      return { head: { epoch: this.epoch, offset: 0 }, publications: [], more: false }
    const floor = this.expire(now - ttl)
    const { head } = this
    const oldest = floor.offset + 1
    let from: number
    let to: number
    let more: boolean
    if ('since' in range) {
      const { epoch, offset } = range.since
      const after = epoch === this.epoch && offset <= head ? offset : 0
      from = Math.max(after + 1, oldest)
      to = Math.min(head, from + range.limit - 1)
      more = to < head
    } else {
      to = Math.min(head, range.before - 1)
      from = Math.max(oldest, to - range.limit + 1)
      more = from > oldest
    }
    const publications: StoredPublication[] = []
    for (let offset = from; offset <= to; offset++) publications.push(this.#publication(offset))
    return {
      head: { epoch: this.epoch, offset: head },
      floor: floor.offset === 0 ? undefined : floor,
      publications,
      more,
    }
  }

  /** Takes over what a transaction stored, now that it is flushed. */
  apply({ state, generation, entries, chunks, ended }: StagedStream): void {
    if (ended !== undefined) this.#forget()
    this.#generation = generation
    if (state === undefined) return
    // A reader may have let go of more while the transaction was under way.
    this.#state = { ...state, floor: laterFloor(state.floor, this.floor) }
    this.#recent.add(entries)
    for (const chunk of chunks) this.ids.add(chunk)
  }

  /** Reads what appending needs, so that a damaged record is this stream's error and nobody else's. */
  load(): void {
    this.#ids ??= this.#loadIds()
    this.#loadRemains()
  }

  /** A transaction that was to remove records failed: what is left on disk has to be seen anew. */
  reread(): void {
    this.#ids = undefined
    this.#remains = undefined
  }

  /** Offsets of so many publications that are let go and still on disk, which the caller now removes. */
  takeRemains(most: number): { readonly from: number; readonly to: number } | undefined {
    if (this.#state === undefined) return undefined
    const from = this.#loadRemains()
    const to = Math.min(this.floor.offset, from + most - 1)
    if (to < from) return undefined
    this.#remains = to + 1
    return { from, to }
  }

  /** How many records are let go and still on disk. */
  get leftOver(): number {
    return this.#remaining + (this.#ids?.forgotten ?? 0)
  }

  get #remaining(): number {
    return Math.max(0, this.floor.offset - this.#loadRemains() + 1)
  }

  /** No table has anything under 0. */
  get #sid(): number {
    return this.#state?.sid ?? 0
  }

  #hasOldIds(now: number): boolean {
    if (this.#ids === undefined) {
      const oldest = this.#options.store.ids(this.#sid, 1)[0]
      return oldest !== undefined && oldest.time <= now - this.#options.ids.window
    }
    this.#ids.expire(now)
    return this.#ids.forgotten > 0
  }

  #loadIds(): IdWindow {
    const ids = new IdWindow(this.#options.ids)
    for (const chunk of this.#options.store.ids(this.#sid)) ids.add(chunk)
    return ids
  }

  #loadRemains(): number {
    this.#remains ??= this.#options.store.entryOffsets(this.#sid, 1)[0] ?? this.head + 1
    return this.#remains
  }

  #forget(): void {
    this.#state = undefined
    this.#recent = new RecentEntries()
    this.#ids = new IdWindow(this.#options.ids)
    this.#oldest = Number.NEGATIVE_INFINITY
    this.#remains = undefined
  }

  #timeOf(offset: number): number {
    const recent = this.#recent.get(offset)
    return recent?.time ?? this.#fromDisk(offset, entryTime)
  }

  #publication(offset: number): StoredPublication {
    return this.#recent.get(offset) ?? this.#fromDisk(offset, (bytes) => decodeEntry(offset, bytes))
  }

  #fromDisk<T>(offset: number, decode: (bytes: Buffer) => T): T {
    const found = this.#options.store.entry(this.#sid, offset, decode)
    if (found === undefined) throw this.#options.store.missing(this.channel, offset)
    return found
  }
}
