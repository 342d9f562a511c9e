import type { GapReason } from '@millrace/protocol'
import type {
  Appended,
  NewPublication,
  StoredPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '../hub/index.js'
import { type DedupeOptions, DedupeWindow } from './dedupe-window.js'

/** One channel's stream in memory: a dense sequence of offsets from 1, of which the newest are kept. */
export class MemoryStream {
  readonly epoch: string
  #head = 0
  /** Kept publications, oldest first, from `#first` on: removed ones are cut off in bulk. */
  #kept: StoredPublication[] = []
  #first = 0
  #floor: { offset: number; reason: GapReason } | undefined
  /** Made with the first id: most streams of a server's own have none. */
  #ids: DedupeWindow | undefined
  readonly #dedupe: DedupeOptions
  #version = Number.NEGATIVE_INFINITY
  #ttl = 0
  /** When it was last written. */
  touched = 0

  constructor(epoch: string, dedupe: DedupeOptions) {
    this.epoch = epoch
    this.#dedupe = dedupe
  }

  get head(): number {
    return this.#head
  }

  get empty(): boolean {
    return this.#first === this.#kept.length && this.#ids === undefined
  }

  /** Why this publication need not, or must not, be stored; undefined when it is new. */
  skips({ id, version }: NewPublication, now: number): Appended | undefined {
    const known = id === undefined ? undefined : this.#ids?.find(id, now)
    if (known !== undefined) return { epoch: this.epoch, offset: known, skipped: 'duplicate' }
    if (version === undefined || version > this.#version) return undefined
    return { epoch: this.epoch, offset: this.#head, skipped: 'stale' }
  }

  append(publication: NewPublication, time: number, options: StreamOptions): StoredPublication {
    const { id, from, exclude, data, version } = publication
    const stored: StoredPublication = { offset: ++this.#head, time, id, from, exclude, data }
    this.touched = time
    this.#ttl = options.ttl
    if (version !== undefined) this.#version = version
    if (id !== undefined) {
      this.#ids ??= new DedupeWindow(this.#dedupe)
      this.#ids.add(id, stored.offset, time)
    }
    if (options.size > 0) this.#kept.push(stored)
    else this.#floor = { offset: stored.offset, reason: 'history-trimmed' }
    while (this.#kept.length - this.#first > Math.max(options.size, 0)) this.#drop('history-trimmed')
    this.#expireBefore(time - options.ttl)
    return stored
  }

  read(range: StreamRange, now: number, options: StreamOptions): StreamSlice {
    this.#expireBefore(now - options.ttl)
    const head = { epoch: this.epoch, offset: this.#head }
    const kept = this.#kept.length - this.#first
    const oldest = this.#head - kept + 1
    let from: number
    let to: number
    let more: boolean
    if ('since' in range) {
      const { epoch, offset } = range.since
      const after = epoch === this.epoch && offset <= this.#head ? offset : 0
      from = Math.max(after + 1, oldest)
      to = Math.min(this.#head, from + range.limit - 1)
      more = to < this.#head
    } else {
      to = Math.min(this.#head, range.before - 1)
      from = Math.max(oldest, to - range.limit + 1)
      more = from > oldest
    }
    const at = (offset: number): number => this.#first + offset - oldest
    const publications = to < from ? [] : this.#kept.slice(at(from), at(to) + 1)
    return { head, floor: this.#floor, publications, more }
  }

  /** Removes what is past its time: publications by the last options seen. */
  expire(now: number): void {
    this.#expireBefore(now - this.#ttl)
    this.#ids?.expire(now)
    if (this.#ids?.empty) this.#ids = undefined
  }

  #expireBefore(time: number): void {
    for (
      let oldest = this.#kept[this.#first];
      oldest !== undefined && oldest.time < time;
      oldest = this.#kept[this.#first]
    ) {
      this.#drop('history-expired')
    }
  }

  #drop(reason: GapReason): void {
    const dropped = this.#kept[this.#first]
    if (dropped === undefined) return
    this.#floor = { offset: dropped.offset, reason }
    this.#first++
    // Moving the rest down costs once per as many drops: constant on average, and the dropped are let go.
    if (this.#first < 64 || this.#first * 2 < this.#kept.length) return
    this.#kept = this.#kept.slice(this.#first)
    this.#first = 0
  }
}
