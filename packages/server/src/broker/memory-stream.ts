import type {
  Appended,
  NewPublication,
  StoredPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '../hub/index.js'
import { type DedupeOptions, DedupeWindow } from './dedupe-window.js'
import type { Kept } from './kept.js'
import type { TextMemory } from './kept-text.js'
import { LatestKept } from './latest-kept.js'
import { NewestKept } from './newest-kept.js'

/** What a stream takes with nothing in it, that it remembers ids, and each of those; about. */
const STREAM = 500
const IDS = 400
const ID = 120

export interface MemoryStreamParts {
  readonly dedupe: DedupeOptions
  readonly texts: TextMemory | undefined
}

/** One channel's stream in memory: a dense sequence of offsets from 1, of which some are kept. */
export class MemoryStream {
  readonly epoch: string
  #head = 0
  readonly #kept: Kept
  /** Made with the first id: most streams of a server's own have none. */
  #ids: DedupeWindow | undefined
  readonly #dedupe: DedupeOptions
  #version = Number.NEGATIVE_INFINITY
  #ttl = 0
  /** When it was last written. */
  touched = 0
  /** Among which it is by its size, and whether it was written since that was looked at. Kept by the table. */
  rank: number
  wasWritten = false

  constructor(
    epoch: string,
    { dedupe, texts }: MemoryStreamParts,
    { latest, rank }: { readonly latest?: boolean | undefined; readonly rank: number },
  ) {
    this.epoch = epoch
    this.rank = rank
    this.#dedupe = dedupe
    this.#kept = latest ? new LatestKept(texts) : new NewestKept(texts)
  }

  get head(): number {
    return this.#head
  }

  /** About how many bytes it takes. */
  get bytes(): number {
    return STREAM + this.#kept.bytes + (this.#ids === undefined ? 0 : IDS + this.#ids.size * ID)
  }

  /** Lets go the older half of what it keeps and knows. */
  halve(): void {
    this.#kept.halve()
    this.#ids?.halve()
  }

  get empty(): boolean {
    return this.#kept.isEmpty && this.#ids === undefined
  }

  /** Why this publication need not, or must not, be stored; undefined when it is new. */
  skips(
    { id, version, key, expect }: NewPublication,
    now: number,
    { ttl }: StreamOptions,
  ): Appended | undefined {
    const { epoch } = this
    const known = id === undefined ? undefined : this.#ids?.find(id, now)
    if (known !== undefined) return { epoch, offset: known, skipped: 'duplicate' }
    if (version !== undefined && version <= this.#version)
      return { epoch, offset: this.#head, skipped: 'stale' }
    if (expect === undefined || key === undefined) return undefined
    this.#kept.expireBefore(now - ttl)
    const value = this.#kept.ofKey(key)
    const offset = value === undefined || value.removed ? 0 : value.offset
    return offset === expect ? undefined : { epoch, offset, skipped: 'conflict' }
  }

  append(publication: NewPublication, time: number, options: StreamOptions): StoredPublication {
    const { id, from, exclude, data, version, key, removed } = publication
    const offset = ++this.#head
    const stored: StoredPublication =
      key === undefined
        ? { offset, time, id, from, exclude, data }
        : { offset, time, id, from, exclude, data, key, removed }
    this.touched = time
    this.#ttl = options.ttl
    if (version !== undefined) this.#version = version
    if (id !== undefined) {
      this.#ids ??= new DedupeWindow(this.#dedupe)
      this.#ids.add(id, stored.offset, time)
    }
    this.#kept.add(stored, options)
    this.#kept.expireBefore(time - options.ttl)
    return stored
  }

  read(range: StreamRange, now: number, options: StreamOptions): StreamSlice {
    this.#kept.expireBefore(now - options.ttl)
    const head = { epoch: this.epoch, offset: this.#head }
    return { head, floor: this.#kept.floor, ...this.#part(range) }
  }

  /** Removes what is past its time: publications by the last options seen. */
  expire(now: number): void {
    this.#kept.expireBefore(now - this.#ttl)
    this.#ids?.expire(now)
    if (this.#ids?.empty) this.#ids = undefined
  }

  #part(range: StreamRange): ReturnType<Kept['after']> {
    if ('before' in range) return this.#kept.before(range.before, range.limit)
    const { epoch, offset } = range.since
    return this.#kept.after(epoch === this.epoch && offset <= this.#head ? offset : 0, range.limit)
  }
}
