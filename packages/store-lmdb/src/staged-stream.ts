import type { Appended, NewPublication, StoredPublication, StreamOptions } from '@millrace/server'
import { stampEntry } from './entry-codec.js'
import type { IdChunk } from './id-window.js'
import type { StoreWriter } from './store.js'
import { type Floor, laterFloor, NO_FLOOR, type StreamState } from './stream-state.js'
import type { StreamView } from './stream-view.js'

/** A publication with its bytes, made while the transaction before was under way. */
export interface Prepared {
  readonly publication: NewPublication
  readonly bytes: Buffer
}

interface StagedEntry {
  readonly stored: StoredPublication
  readonly bytes: Buffer
}

/** Chunks of ids hold so many at most, so that one is neither a big record nor a big part of the window. */
const IDS_PER_CHUNK = 512
/** A transaction removes so many old entries beside twice as many as it adds: more than come, and never very many. */
const REMOVE_LEAST = 64

/** What one transaction changes in one stream. The stream's view takes it over once the transaction is flushed. */
export class StagedStream {
  readonly view: StreamView
  readonly #now: number
  readonly #entries: StagedEntry[] = []
  readonly #ids = new Map<string, number>()
  #removing = REMOVE_LEAST
  #tidied = false
  #generation: number
  #ended: number | undefined
  #state: StreamState | undefined
  #chunks: readonly IdChunk[] = []
  #old:
    | { readonly entries: { from: number; to: number } | undefined; readonly ids: readonly number[] }
    | undefined

  /** @throws {Error} when what the stream's view needs cannot be read. */
  constructor(view: StreamView, now: number) {
    view.load()
    this.view = view
    this.#now = now
    this.#state = view.state
    this.#generation = view.generation
  }

  /** Undefined when nothing is stored of it. */
  get state(): StreamState | undefined {
    return this.#state
  }

  get generation(): number {
    return this.#generation
  }

  /** The stream that was here before and ends with this transaction: nothing of it is so any longer. */
  get ended(): number | undefined {
    return this.#ended
  }

  get entries(): readonly StoredPublication[] {
    return this.#entries.map(({ stored }) => stored)
  }

  get chunks(): readonly IdChunk[] {
    return this.#chunks
  }

  /** Whether there is anything to write. */
  get changed(): boolean {
    return this.#entries.length > 0 || this.#ended !== undefined || this.#tidied
  }

  get hasEntries(): boolean {
    return this.#entries.length > 0
  }

  get head(): number {
    return this.#state?.head ?? 0
  }

  get epoch(): string {
    return this.view.epochOf(this.#generation)
  }

  /** Why this publication need not, or must not, be stored; undefined when it is new. */
  skips({ id, version }: NewPublication): Appended | undefined {
    const known = id === undefined ? undefined : (this.#ids.get(id) ?? this.#stored(id))
    if (known !== undefined) return { epoch: this.epoch, offset: known, skipped: 'duplicate' }
    const last = this.#state?.version
    if (version === undefined || last === undefined || version > last) return undefined
    return { epoch: this.epoch, offset: this.head, skipped: 'stale' }
  }

  append({ publication, bytes }: Prepared, options: StreamOptions, newSid: () => number): StoredPublication {
    const { id, from, exclude, data, version } = publication
    const before = this.#state ?? this.#begin(newSid())
    const stored: StoredPublication = { offset: before.head + 1, time: this.#now, id, from, exclude, data }
    const expired = this.#ended === undefined ? this.view.expire(this.#now - options.ttl) : NO_FLOOR
    const trimmed: Floor = {
      offset: stored.offset - Math.max(options.size, 0),
      reason: 'history-trimmed',
    }
    stampEntry(bytes, this.#now)
    this.#entries.push({ stored, bytes })
    if (id !== undefined) this.#ids.set(id, stored.offset)
    this.#state = {
      ...before,
      head: stored.offset,
      floor: laterFloor(laterFloor(before.floor, expired), trimmed),
      version: version ?? before.version,
      ttl: options.ttl,
      touched: this.#now,
    }
    return stored
  }

  /** Ends the stream: the next publication begins another. Not for one that this transaction appends to. */
  end(generation: number): void {
    this.#ended = this.#state?.sid
    this.#state = undefined
    this.#generation = generation
  }

  /** Lets go of what is past its time by the last options seen, and removes so much of what is left over. */
  tidy(removing: number): void {
    if (this.#state === undefined) return
    this.#removing = removing
    this.#tidied = true
    this.view.ids.expire(this.#now)
    const expired = this.view.expire(this.#now - this.#state.ttl)
    this.#state = { ...this.#state, floor: laterFloor(this.#state.floor, expired) }
  }

  /** Decides on what is written beside the publications. To be called once, after everything else. */
  settle(): void {
    this.#chunks = inChunks([...this.#ids], this.#now)
    if (this.#ended !== undefined || this.#state === undefined) return
    const most = this.#removing + 2 * this.#entries.length
    this.#old = { entries: this.view.takeRemains(most), ids: this.view.ids.takeForgotten(most) }
  }

  /** Writes the changes. Never throws, for LMDB would keep what came before. */
  write(writer: StoreWriter): void {
    const { channel } = this.view
    if (this.#ended !== undefined) writer.putEnded(this.#ended)
    if (this.#state === undefined) {
      if (this.#ended !== undefined) writer.removeStream(channel)
      return
    }
    const { sid, floor } = this.#state
    for (const { stored, bytes } of this.#entries)
      if (stored.offset > floor.offset) writer.putEntry(sid, stored.offset, bytes)
    for (const chunk of this.#chunks) writer.putIds(sid, chunk)
    const { from, to } = this.#old?.entries ?? { from: 1, to: 0 }
    for (let offset = from; offset <= to; offset++) writer.removeEntry(sid, offset)
    for (const key of this.#old?.ids ?? []) writer.removeIds(sid, key)
    writer.putStream(channel, this.#state)
  }

  #begin(sid: number): StreamState {
    return { sid, generation: this.#generation, head: 0, floor: NO_FLOOR, ttl: 0, touched: this.#now }
  }

  #stored(id: string): number | undefined {
    return this.#ended === undefined ? this.view.ids.find(id, this.#now) : undefined
  }
}

function inChunks(ids: readonly (readonly [id: string, offset: number])[], time: number): IdChunk[] {
  const chunks: IdChunk[] = []
  for (let at = 0; at < ids.length; at += IDS_PER_CHUNK) {
    const part = ids.slice(at, at + IDS_PER_CHUNK)
    chunks.push({ time, ids: part.map(([id]) => id), offsets: part.map(([, offset]) => offset) })
  }
  return chunks
}
