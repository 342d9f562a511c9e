import type { GapReason } from '@millrace/protocol'
import type { StoredPublication, StreamOptions } from '../hub/index.js'
import type { Kept, Part } from './kept.js'
import { bytesOf, fromKept, type KeptPublication, letGo, type TextMemory, toKept } from './kept-text.js'

/** The newest publication of each key. [B14] */
export class LatestKept implements Kept {
  readonly #texts: TextMemory | undefined
  bytes = 0
  floor: { readonly offset: number; readonly reason: GapReason } | undefined
  /** In the order of offsets: a key moves to the end when it is published. */
  readonly #byKey = new Map<string, KeptPublication>()
  #head = 0

  constructor(texts?: TextMemory) {
    this.#texts = texts
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0
  }

  add(publication: StoredPublication, { size }: StreamOptions): void {
    const { key = '', offset } = publication
    this.#head = offset
    this.#remove(key)
    const kept = toKept(publication, this.#texts)
    this.#byKey.set(key, kept)
    this.bytes += bytesOf(kept)
    for (const oldest of this.#byKey.values()) {
      if (this.#byKey.size <= size) break
      this.#forget(oldest, 'history-trimmed')
    }
  }

  halve(): void {
    let left = Math.ceil(this.#byKey.size / 2)
    for (const oldest of this.#byKey.values()) {
      if (left-- === 0) break
      this.#forget(oldest, 'history-trimmed')
    }
  }

  expireBefore(time: number): void {
    for (const oldest of this.#byKey.values()) {
      if (oldest.time >= time) break
      this.#forget(oldest, 'history-expired')
    }
  }

  after(offset: number, limit: number): Part {
    const all = [...this.#byKey.values()].filter((one) => one.offset > offset)
    return { publications: chained(all.slice(0, limit).map(fromKept), offset), more: all.length > limit }
  }

  before(offset: number, limit: number): Part {
    const all = [...this.#byKey.values()].filter((one) => one.offset < offset)
    const publications = limit === 0 ? [] : all.slice(-limit).map(fromKept)
    return {
      publications: chained(publications, (publications[0]?.offset ?? 1) - 1),
      more: all.length > limit,
    }
  }

  ofKey(key: string): KeptPublication | undefined {
    return this.#byKey.get(key)
  }

  #forget({ key = '' }: KeptPublication, reason: GapReason): void {
    this.#remove(key)
    this.floor = { offset: this.#head, reason }
  }

  #remove(key: string): void {
    const before = this.#byKey.get(key)
    if (before === undefined) return
    this.bytes -= bytesOf(before)
    letGo(before)
    this.#byKey.delete(key)
  }
}

/** What was superseded was never missing: each is said to follow the one that is kept before it. */
export function chained(publications: readonly StoredPublication[], from: number): StoredPublication[] {
  let last = from
  return publications.map((publication) => {
    const prev = last
    last = publication.offset
    return prev === publication.offset - 1 ? publication : { ...publication, prev }
  })
}
