import type { GapReason } from '@millrace/protocol'
import type { StoredPublication, StreamOptions } from '../hub/index.js'
import type { Kept, Part } from './kept.js'
import { bytesOf, fromKept, type KeptPublication, letGo, type TextMemory, toKept } from './kept-text.js'

/** The newest publications of a stream: a dense sequence of offsets. */
export class NewestKept implements Kept {
  readonly #texts: TextMemory | undefined
  bytes = 0
  floor: { readonly offset: number; readonly reason: GapReason } | undefined
  #head = 0
  /** Oldest first, from `#first` on: removed ones are cut off in bulk. */
  #kept: KeptPublication[] = []
  #first = 0

  constructor(texts?: TextMemory) {
    this.#texts = texts
  }

  get isEmpty(): boolean {
    return this.#first === this.#kept.length
  }

  add(publication: StoredPublication, { size }: StreamOptions): void {
    this.#head = publication.offset
    if (size > 0) {
      const kept = toKept(publication, this.#texts)
      this.#kept.push(kept)
      this.bytes += bytesOf(kept)
    } else this.floor = { offset: publication.offset, reason: 'history-trimmed' }
    while (this.#kept.length - this.#first > Math.max(size, 0)) this.#drop('history-trimmed')
  }

  halve(): void {
    for (let left = Math.ceil((this.#kept.length - this.#first) / 2); left > 0; left--)
      this.#drop('history-trimmed')
  }

  expireBefore(time: number): void {
    for (
      let oldest = this.#kept[this.#first];
      oldest !== undefined && oldest.time < time;
      oldest = this.#kept[this.#first]
    ) {
      this.#drop('history-expired')
    }
  }

  after(offset: number, limit: number): Part {
    const from = Math.max(offset + 1, this.#oldest)
    const to = Math.min(this.#head, from + limit - 1)
    return { publications: this.#slice(from, to), more: to < this.#head }
  }

  before(offset: number, limit: number): Part {
    const to = Math.min(this.#head, offset - 1)
    const from = Math.max(this.#oldest, to - limit + 1)
    return { publications: this.#slice(from, to), more: from > this.#oldest }
  }

  ofKey(): undefined {
    return undefined
  }

  get #oldest(): number {
    return this.#head - (this.#kept.length - this.#first) + 1
  }

  #slice(from: number, to: number): readonly StoredPublication[] {
    const at = (offset: number): number => this.#first + offset - this.#oldest
    return to < from ? [] : this.#kept.slice(at(from), at(to) + 1).map(fromKept)
  }

  #drop(reason: GapReason): void {
    const dropped = this.#kept[this.#first]
    if (dropped === undefined) return
    this.floor = { offset: dropped.offset, reason }
    this.bytes -= bytesOf(dropped)
    letGo(dropped)
    this.#first++
    // Moving the rest down costs once per as many drops: constant on average, and the dropped are let go.
    if (this.#first < 64 || this.#first * 2 < this.#kept.length) return
    this.#kept = this.#kept.slice(this.#first)
    this.#first = 0
  }
}
