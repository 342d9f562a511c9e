import type { GapReason } from '@millrace/protocol'
import type { NewPublication, Retention, StoredPublication, StreamRange, StreamSlice } from '../hub/index.js'

/** One channel's stream in memory: a dense sequence of offsets from 1, of which the newest are kept. */
export class MemoryStream {
  readonly epoch: string
  #head = 0
  /** Kept publications, oldest first, from `#first` on: removed ones are cut off in bulk. */
  #kept: StoredPublication[] = []
  #first = 0
  #floor: { offset: number; reason: GapReason } | undefined
  /** When each publication id was stored and where, oldest first. */
  #ids: Map<string, { readonly offset: number; readonly time: number }> | undefined
  #ttl = 0
  /** When it was last written. */
  touched = 0

  constructor(epoch: string) {
    this.epoch = epoch
  }

  get empty(): boolean {
    return this.#first === this.#kept.length && this.#ids === undefined
  }

  /** The offset at which this id was stored after `since`, if it was. */
  known(id: string | undefined, since: number): number | undefined {
    if (id === undefined) return undefined
    const entry = this.#ids?.get(id)
    return entry !== undefined && entry.time > since ? entry.offset : undefined
  }

  append(publication: NewPublication, time: number, retention: Retention): StoredPublication {
    const { id, from, exclude, data } = publication
    const stored: StoredPublication = { offset: ++this.#head, time, id, from, exclude, data }
    this.touched = time
    this.#ttl = retention.ttl
    if (id !== undefined) {
      this.#ids ??= new Map()
      // A used id that expired is forgotten first, so that the map stays in order of time.
      this.#ids.delete(id)
      this.#ids.set(id, { offset: stored.offset, time })
    }
    if (retention.size > 0) this.#kept.push(stored)
    else this.#floor = { offset: stored.offset, reason: 'history-trimmed' }
    while (this.#kept.length - this.#first > Math.max(retention.size, 0)) this.#drop('history-trimmed')
    this.#expireBefore(time - retention.ttl)
    return stored
  }

  read(range: StreamRange, now: number, retention: Retention): StreamSlice {
    this.#expireBefore(now - retention.ttl)
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

  /** Removes what is past its time: publications by the last retention seen, ids by `idsBefore`. */
  expire(now: number, idsBefore: number): void {
    this.#expireBefore(now - this.#ttl)
    for (const [id, { time }] of this.#ids ?? []) {
      if (time > idsBefore) break
      this.#ids?.delete(id)
    }
    if (this.#ids?.size === 0) this.#ids = undefined
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
