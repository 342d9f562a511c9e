import type { StreamOptions, StreamRange, StreamSlice } from '@millrace/server'
import { IdWindow, type IdWindowOptions } from './id-window.js'
import type { Asked } from './kept-on-disk.js'
import { LatestOnDisk } from './latest-on-disk.js'
import { NewestOnDisk } from './newest-on-disk.js'
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
 * flushed, so nobody is shown what a crash could take back.
 */
export class StreamView {
  readonly channel: string
  readonly #options: StreamViewOptions
  #state: StreamState | undefined
  /** Where nothing was stored yet, what the first publication's epoch will be. */
  #generation: number
  /** Of a stream that keeps the newest publications. */
  #newest: NewestOnDisk
  /** Of one that keeps the newest of each key. */
  readonly #latest: LatestOnDisk
  #ids: IdWindow | undefined
  /** When somebody last read it: milliseconds since 1970. */
  used = 0

  constructor(options: StreamViewOptions) {
    this.#options = options
    this.channel = options.channel
    this.#state = options.store.stream(options.channel)
    this.#generation = this.#state?.generation ?? options.generation
    this.#newest = new NewestOnDisk(options)
    this.#latest = new LatestOnDisk(options)
  }

  get state(): StreamState | undefined {
    return this.#state
  }

  get store(): Store {
    return this.#options.store
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

  /** Ids come from disk with the first publication that has one: readers need none. */
  get ids(): IdWindow {
    this.#ids ??= this.#loadIds()
    return this.#ids
  }

  /** Whether there is anything to let go of, or to remove from disk. */
  isUntidy(now: number): boolean {
    if (this.#state === undefined) return false
    const time = now - this.#state.ttl
    this.expire(time)
    return this.#remaining > 0 || this.#latest.hasExpired(this.#state, time) || this.#hasOldIds(now)
  }

  /** Whether no publication is kept. */
  get isEmpty(): boolean {
    if (this.#state === undefined) return true
    const { latest, head, floor } = this.#state
    return latest === undefined ? head === floor.offset : latest.keys === 0
  }

  /** Whether nothing but the record is left of the stream. */
  get keepsNothing(): boolean {
    const ids =
      this.#ids === undefined ? this.#options.store.idOffsets(this.#sid, 1).length === 0 : this.#ids.empty
    return ids && this.isEmpty && this.#remaining === 0
  }

  /** Whether anybody wrote or read it after that time. */
  usedSince(time: number): boolean {
    return Math.max(this.used, this.#state?.touched ?? 0) > time
  }

  /**
   * Lets go of what is older than `time`, and answers the floor. It goes by time alone and is true at once, whatever
   * becomes of a transaction; the next one to touch the stream writes it down. Of a stream that keeps the newest of each key a
   * transaction lets go.
   */
  expire(time: number): Floor {
    if (this.#state === undefined) return NO_FLOOR
    if (this.#state.latest === undefined) this.#state = this.#newest.expired(this.#state, time)
    return this.#state.floor
  }

  read(range: StreamRange, now: number, { ttl, latest = false }: StreamOptions): StreamSlice {
    this.used = now
    this.expire(now - ttl)
    const known = this.#state
    const nothing = { publications: [], more: false }
    if (known === undefined) return { head: { epoch: this.epoch, offset: 0 }, ...nothing }
    const { head } = known
    // What is kept of it is of the other kind, so it is nothing to who asks, and gone with the next publication.
    if ((known.latest !== undefined) !== latest) {
      const floor = { offset: head, reason: 'history-trimmed' } as const
      return { head: { epoch: this.epoch, offset: head }, floor, ...nothing }
    }
    const { state, publications, more } = latest
      ? this.#latest.read(known, (flushed) => this.#asked(range, flushed), now - ttl)
      : this.#newest.read(known, this.#asked(range, head))
    return {
      head: { epoch: this.epoch, offset: state.head },
      floor: state.floor.offset === 0 ? undefined : state.floor,
      publications,
      more,
    }
  }

  /** Takes over what a transaction stored, now that it is flushed. */
  apply({ state, generation, entries, chunks, ended }: StagedStream): void {
    if (ended !== undefined) this.#ids = new IdWindow(this.#options.ids)
    // What was known is of another stream, or of one that kept its publications otherwise.
    if (state?.sid !== this.#state?.sid) {
      this.#newest = new NewestOnDisk(this.#options)
      this.#state = undefined
    }
    this.#generation = generation
    if (state === undefined) return
    // A reader may have let go of more while the transaction was under way.
    this.#state = { ...state, floor: laterFloor(state.floor, this.#state?.floor ?? NO_FLOOR) }
    if (state.latest === undefined) this.#newest.add(entries)
    for (const chunk of chunks) this.ids.add(chunk)
  }

  /** Reads what appending needs, so that a damaged record is this stream's error and nobody else's. */
  load(): void {
    this.#ids ??= this.#loadIds()
    if (this.#state !== undefined && this.#state.latest === undefined) this.#newest.loadRemains(this.#state)
  }

  /** A transaction that was to remove records failed: what is left on disk has to be seen anew. */
  reread(): void {
    this.#ids = undefined
    this.#newest.reread()
  }

  /** Offsets of so many publications that are let go and still on disk, which the caller now removes. */
  takeRemains(most: number): { readonly from: number; readonly to: number } | undefined {
    if (this.#state === undefined) return undefined
    return this.#newest.takeRemains(this.#state, most)
  }

  /** How many records are let go and still on disk. */
  get leftOver(): number {
    return this.#remaining + (this.#ids?.forgotten ?? 0)
  }

  get #remaining(): number {
    if (this.#state === undefined || this.#state.latest !== undefined) return 0
    return this.#newest.remaining(this.#state)
  }

  /** No table has anything under 0. */
  get #sid(): number {
    return this.#state?.sid ?? 0
  }

  #asked(range: StreamRange, head: number): Asked {
    if ('before' in range) return range
    const { epoch, offset } = range.since
    return { after: epoch === this.epoch && offset <= head ? offset : 0, limit: range.limit }
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
}
