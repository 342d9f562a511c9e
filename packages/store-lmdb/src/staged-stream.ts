import type { Appended, NewPublication, StoredPublication, StreamOptions } from '@millrace/server'
import { stampEntry } from './entry-codec.js'
import type { IdChunk } from './id-window.js'
import type { StagedKept } from './staged-kept.js'
import { StagedLatest } from './staged-latest.js'
import { StagedNewest } from './staged-newest.js'
import type { StoreWriter } from './store.js'
import { NO_FLOOR, type StreamState } from './stream-state.js'
import type { StreamView } from './stream-view.js'

/** A publication with its bytes, made while the transaction before was under way. */
export interface Prepared {
  readonly publication: NewPublication
  readonly bytes: Buffer
}

/** Chunks of ids hold so many at most, so that one is neither a big record nor a big part of the window. */
const IDS_PER_CHUNK = 512
/** A transaction removes so many forgotten chunks of ids, beside twice as many as it adds publications. */
const REMOVE_LEAST = 64

/** What one transaction changes in one stream. The stream's view takes it over once the transaction is flushed. */
export class StagedStream {
  readonly view: StreamView
  readonly #now: number
  readonly #ids = new Map<string, number>()
  #kept: StagedKept
  #appended = 0
  #removing = REMOVE_LEAST
  #tidied = false
  #generation: number
  #ended: number | undefined
  #state: StreamState | undefined
  #chunks: readonly IdChunk[] = []
  #oldIds: readonly number[] = []
  /** Under which name the stream was until now, if it goes on under another, and the ids there. */
  #left: { readonly sid: number; readonly ids: readonly IdChunk[] } | undefined

  /** @throws {Error} when what the stream's view needs cannot be read. */
  constructor(view: StreamView, now: number) {
    view.load()
    this.view = view
    this.#now = now
    this.#state = view.state
    this.#generation = view.generation
    this.#kept =
      view.state?.latest === undefined ? new StagedNewest(view) : new StagedLatest(view.store, view.state.sid)
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
    return this.#kept.entries
  }

  get chunks(): readonly IdChunk[] {
    return this.#chunks
  }

  /** Whether there is anything to write. */
  get changed(): boolean {
    return this.#appended > 0 || this.#ended !== undefined || this.#tidied
  }

  get hasEntries(): boolean {
    return this.#appended > 0
  }

  /** Whether more is let go than `tidy` may remove at a time. */
  get leavesMore(): boolean {
    return this.#kept.leavesMore || this.view.ids.forgotten > this.#removing
  }

  get head(): number {
    return this.#state?.head ?? 0
  }

  get epoch(): string {
    return this.view.epochOf(this.#generation)
  }

  /** Why this publication need not, or must not, be stored; undefined when it is new. */
  skips({ id, version, key, expect }: NewPublication, options: StreamOptions): Appended | undefined {
    const { epoch } = this
    const known = id === undefined ? undefined : (this.#ids.get(id) ?? this.#stored(id))
    if (known !== undefined) return { epoch, offset: known, skipped: 'duplicate' }
    const last = this.#state?.version
    if (version !== undefined && last !== undefined && version <= last)
      return { epoch, offset: this.head, skipped: 'stale' }
    if (expect === undefined || key === undefined) return undefined
    const offset = this.#offsetOf(key, options)
    return offset === expect ? undefined : { epoch, offset, skipped: 'conflict' }
  }

  append({ publication, bytes }: Prepared, options: StreamOptions, newSid: () => number): StoredPublication {
    const { id, from, exclude, data, version, key, removed } = publication
    const before = this.#begun(options.latest === true, newSid)
    const stored = { offset: before.head + 1, time: this.#now, id, from, exclude, data, key, removed }
    stampEntry(bytes, this.#now)
    const limits = { size: options.size, since: this.#now - options.ttl }
    const kept = this.#kept.append({ stored, bytes }, before, limits)
    this.#appended++
    if (id !== undefined) this.#ids.set(id, stored.offset)
    this.#state = {
      ...before,
      ...kept,
      head: stored.offset,
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
    const kept = this.#kept.tidy(this.#state, this.#now - this.#state.ttl, removing)
    this.#state = { ...this.#state, ...kept }
  }

  /** Decides on what is written beside the publications. To be called once, after everything else. */
  settle(): void {
    this.#chunks = inChunks([...this.#ids], this.#now)
    if (this.#ended !== undefined || this.#state === undefined) return
    this.#kept.settle()
    this.#oldIds = this.view.ids.takeForgotten(this.#removing + 2 * this.#appended)
  }

  /** Writes the changes. Never throws, for LMDB would keep what came before. */
  write(writer: StoreWriter): void {
    const { channel } = this.view
    if (this.#ended !== undefined) writer.putEnded(this.#ended)
    if (this.#state === undefined) {
      if (this.#ended !== undefined) writer.removeStream(channel)
      return
    }
    const { sid } = this.#state
    writer.putStream(channel, this.#state)
    this.#kept.write(writer, this.#state)
    if (this.#left !== undefined) {
      writer.putEnded(this.#left.sid)
      for (const chunk of this.#left.ids) writer.putIds(sid, chunk)
    }
    for (const chunk of this.#chunks) writer.putIds(sid, chunk)
    for (const offset of this.#oldIds) writer.removeIds(sid, offset)
  }

  /**
   * The record to go on with. A stream that keeps its publications in another way than before, for its channel was defined anew, lets go
   * of all there are: it goes on under another name in the tables, and takes along the ids it knows.
   */
  #begun(latest: boolean, newSid: () => number): StreamState {
    const before = this.#state
    if (before !== undefined && (before.latest !== undefined) === latest) return before
    const { state: flushed, store } = this.view
    if (before !== undefined && flushed !== undefined && this.#ended === undefined)
      this.#left ??= { sid: flushed.sid, ids: store.ids(flushed.sid) }
    const begun: StreamState = {
      ...(before ?? { generation: this.#generation, head: 0, ttl: 0, touched: this.#now }),
      sid: newSid(),
      floor: before === undefined ? NO_FLOOR : { offset: before.head, reason: 'history-trimmed' },
      latest: latest ? { keys: 0, oldest: this.#now } : undefined,
    }
    this.#kept = latest ? new StagedLatest(store, begun.sid) : new StagedNewest(undefined)
    this.#state = begun
    return begun
  }

  /** Where the value of a key is; 0 when there is none. */
  #offsetOf(key: string, { latest, ttl }: StreamOptions): number {
    if (latest !== true || this.#state?.latest === undefined) return 0
    const found = this.#kept.find(key)
    if (found === undefined || found.removed || found.time < this.#now - ttl) return 0
    return found.offset
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
