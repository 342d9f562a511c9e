/** The tables on disk: the one file that knows LMDB. */
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { corruptError, FILES, reasonOf, storeError } from './data-folder.js'
import type { IdChunk } from './id-window.js'
import { decodeKeyRecord, encodeKeyRecord, firstKeyBytes, type KeyRecord, keyBytes } from './key-record.js'
import { decodeState, encodeState, type StreamState } from './stream-state.js'

/** By stream and offset. */
type OffsetKey = [sid: number, offset: number]
/** By channel and session. */
type MemberKey = [channel: string, session: string]

interface Tables {
  /** What the store says of itself: numbers and texts by name. */
  readonly facts: Database<Buffer, string>
  /** Stream records by channel. */
  readonly streams: Database<Buffer, string>
  readonly entries: Database<Buffer, OffsetKey>
  /** By stream and key, in streams that keep the newest of each key: where that is. See keyBytes. */
  readonly keys: Database<Buffer, Buffer>
  /** Chunks of ids, by the offset of their first. */
  readonly ids: Database<Buffer, OffsetKey>
  /** Streams that ended, of which something may be left to remove. */
  readonly ended: Database<Buffer, number>
  /** Who was present. */
  readonly members: Database<Buffer, MemberKey>
}

/** Offsets from one to another, both included. */
export interface EntryRange {
  readonly from?: number
  readonly to?: number
  /** The newest first. */
  readonly reverse?: boolean
}

const NOTHING = Buffer.from([0])
/** Above every offset. */
const END = Number.MAX_SAFE_INTEGER

/** Changes of one transaction. */
export class StoreWriter {
  readonly #tables: Tables

  constructor(tables: Tables) {
    this.#tables = tables
  }

  putFact(name: string, value: number | string): void {
    void this.#tables.facts.put(name, Buffer.from(JSON.stringify(value)))
  }
  putStream(channel: string, state: StreamState): void {
    void this.#tables.streams.put(channel, encodeState(state))
  }
  removeStream(channel: string): void {
    void this.#tables.streams.remove(channel)
  }
  putEntry(sid: number, offset: number, bytes: Buffer): void {
    void this.#tables.entries.put([sid, offset], bytes)
  }
  removeEntry(sid: number, offset: number): void {
    void this.#tables.entries.remove([sid, offset])
  }
  putKey(sid: number, key: string, record: KeyRecord): void {
    void this.#tables.keys.put(keyBytes(sid, key), encodeKeyRecord(record))
  }
  removeKey(sid: number, key: string): void {
    this.removeKeyBytes(keyBytes(sid, key))
  }
  removeKeyBytes(bytes: Buffer): void {
    void this.#tables.keys.remove(bytes)
  }
  putIds(sid: number, chunk: IdChunk): void {
    void this.#tables.ids.put([sid, chunk.offsets[0] ?? 0], Buffer.from(JSON.stringify(chunk)))
  }
  removeIds(sid: number, offset: number): void {
    void this.#tables.ids.remove([sid, offset])
  }
  putEnded(sid: number): void {
    void this.#tables.ended.put(sid, NOTHING)
  }
  removeEnded(sid: number): void {
    void this.#tables.ended.remove(sid)
  }
  putMember(channel: string, session: string, bytes: Buffer): void {
    void this.#tables.members.put([channel, session], bytes)
  }
  removeMember(channel: string, session: string): void {
    void this.#tables.members.remove([channel, session])
  }
}

export class Store {
  readonly #folder: string
  readonly #root: RootDatabase<Buffer>
  readonly #tables: Tables
  readonly #writer: StoreWriter
  /** How many transactions were flushed. */
  flushes = 0

  private constructor(folder: string, root: RootDatabase<Buffer>) {
    this.#folder = folder
    this.#root = root
    this.#tables = this.#reading(() => ({
      facts: this.#table('facts'),
      streams: this.#table('streams'),
      entries: this.#table('entries'),
      keys: this.#root.openDB<Buffer, Buffer>('keys', { encoding: 'binary', keyEncoding: 'binary' }),
      ids: this.#table('ids'),
      ended: this.#table('ended'),
      members: this.#table('members'),
    }))
    this.#writer = new StoreWriter(this.#tables)
  }

  /**
   * Opens the file, and makes it when there is none. A thorough check reads every record.
   * @throws {Error} when it cannot be opened or read, saying what to do.
   */
  static async open(folder: string, check: 'quick' | 'thorough'): Promise<Store> {
    const root = reading(folder, () => openFile(folder))
    try {
      const store = new Store(folder, root)
      if (check === 'thorough') store.#readThrough()
      return store
    } catch (error) {
      await root.close()
      throw error
    }
  }

  /**
   * Makes the changes in one transaction. Resolves when it is safe on disk.
   * @throws {Error} when none of them was made, such as when the disk is full.
   */
  async write(change: (writer: StoreWriter) => void): Promise<void> {
    try {
      await this.#root.batch(() => change(this.#writer))
    } catch (error) {
      throw new Error(
        `The store in '${this.#folder}' could not write: ${await commitReason(error)}. Nothing of it was stored. Is the disk full?`,
        { cause: error },
      )
    }
    this.flushes++
    // Reads of this turn must not go on with what LMDB showed before.
    this.#root.resetReadTxn()
  }

  fact(name: string): unknown {
    return this.#reading(() => {
      const bytes = this.#tables.facts.get(name)
      return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as unknown)
    })
  }

  stream(channel: string): StreamState | undefined {
    return this.#reading(() => {
      const bytes = this.#tables.streams.get(channel)
      return bytes === undefined ? undefined : decodeState(bytes)
    })
  }

  /** Some of the streams, in the order of their channels: those after this channel. */
  streamsAfter(channel: string | undefined, limit: number): { channel: string; state: StreamState }[] {
    return this.#reading(() => {
      // The first of the range is the one it begins with, unless that is gone.
      const range = channel === undefined ? { limit } : { start: channel, limit: limit + 1 }
      return [...this.#tables.streams.getRange(range)]
        .filter(({ key }) => key !== channel)
        .map(({ key, value }) => ({ channel: key, state: decodeState(value) }))
    })
  }

  /** An entry's bytes, read by `decode`. Undefined when it is not there. */
  entry<T>(sid: number, offset: number, decode: (bytes: Buffer) => T): T | undefined {
    return this.#reading(() => {
      const bytes = this.#tables.entries.get([sid, offset])
      return bytes === undefined ? undefined : decode(bytes)
    })
  }

  /** Entries of a stream in the order of their offsets, each read by `read`, for as long as that takes them. */
  eachEntry(sid: number, range: EntryRange, read: (offset: number, bytes: Buffer) => boolean): void {
    const { from = 0, to = END, reverse = false } = range
    // LMDB's ranges begin with their first key, and end before their last.
    const [start, end] = reverse ? [to, from - 1] : [from, Math.min(to + 1, END)]
    this.#reading(() => {
      const some = this.#tables.entries.getRange({ start: [sid, start], end: [sid, end], reverse })
      for (const { key, value } of some) if (!read(key[1], value)) break
    })
  }

  /** Where the newest publication of a key is. */
  key(sid: number, key: string): KeyRecord | undefined {
    return this.#reading(() => {
      const bytes = this.#tables.keys.get(keyBytes(sid, key))
      return bytes === undefined ? undefined : decodeKeyRecord(bytes)
    })
  }

  /** Some of a stream's keys, as LMDB knows them. */
  keysOf(sid: number, limit: number): Buffer[] {
    const range = { start: firstKeyBytes(sid), end: firstKeyBytes(sid + 1), limit }
    return this.#reading(() => [...this.#tables.keys.getKeys(range)])
  }

  /** What to throw for a publication that a stream keeps, and that is not there. */
  missing(channel: string, offset: number): Error {
    const what = `is damaged (publication ${offset} of '${channel}' is missing)`
    return corruptError(this.#folder, FILES.data, { what })
  }

  /** Offsets of the oldest entries that are on disk. */
  entryOffsets(sid: number, limit: number): number[] {
    return this.#offsets(this.#tables.entries, sid, limit)
  }

  /** Keys of the oldest chunks of ids that are on disk. */
  idOffsets(sid: number, limit: number): number[] {
    return this.#offsets(this.#tables.ids, sid, limit)
  }

  /** Chunks of ids, oldest first. */
  ids(sid: number, limit: number = Number.MAX_SAFE_INTEGER): IdChunk[] {
    return this.#reading(() =>
      [...this.#tables.ids.getRange({ start: [sid, 0], end: [sid, END], limit })].map(
        ({ value }) => JSON.parse(value.toString()) as IdChunk,
      ),
    )
  }

  /** Some of the streams that ended. */
  ended(limit: number): number[] {
    return this.#reading(() => [...this.#tables.ended.getKeys({ limit })])
  }

  /** Everybody who is written down as present. */
  members(): { readonly channel: string; readonly bytes: Buffer }[] {
    return this.#reading(() =>
      [...this.#tables.members.getRange({})].map(({ key: [channel], value }) => ({ channel, bytes: value })),
    )
  }

  /** Copies the data file as it is at this moment. */
  async backup(path: string): Promise<void> {
    await this.#root.backup(path, true)
  }

  async close(): Promise<void> {
    await this.#root.close()
  }

  #table<K extends string | number | OffsetKey | MemberKey>(name: string): Database<Buffer, K> {
    return this.#root.openDB<Buffer, K>(name, { encoding: 'binary' })
  }

  #offsets(table: Database<Buffer, OffsetKey>, sid: number, limit: number): number[] {
    return this.#reading(() =>
      [...table.getKeys({ start: [sid, 0], end: [sid, END], limit })].map(([, offset]) => offset),
    )
  }

  /** Reads every record, so that a file with pages missing is found now and not when somebody needs them. */
  #readThrough(): void {
    this.#reading(() => {
      for (const table of Object.values(this.#tables) as Database<Buffer, OffsetKey>[])
        for (const { value } of table.getRange({})) if (value.length === 0) throw new Error('an empty record')
    })
  }

  #reading<T>(read: () => T): T {
    return reading(this.#folder, read)
  }
}

const openFile = (folder: string): RootDatabase<Buffer> =>
  open<Buffer>({
    path: join(folder, FILES.data),
    noSubdir: true,
    encoding: 'binary',
    maxDbs: 8,
    // A commit ends with its flush, and fails when that fails. LMDB's other way, to flush beside the next transaction,
    // tells nobody of a flush that failed.
    overlappingSync: false,
    // Each transaction is one batch in any case. With this, LMDB would wrap it in another one, whose promise nobody has:
    // a commit that fails, as on a full disk, would end the process by an unhandled rejection.
    eventTurnBatching: false,
  })

/** Runs what reads, and says which file it is that cannot be read. */
function reading<T>(folder: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    // LMDB's own errors are below zero; those of the system, such as a disk that is full, say nothing about the file.
    const { code } = error as { readonly code?: unknown }
    if (typeof code === 'number' && code > 0) {
      throw storeError(folder, `cannot be read: ${join(folder, FILES.data)}: ${reasonOf(error)}`, error)
    }
    throw corruptError(folder, FILES.data, { what: `is damaged (${reasonOf(error)})`, cause: error })
  }
}

/** LMDB tells the reason of a failed commit by a second promise, which settles at once or, where it has none, never. */
async function commitReason(error: unknown): Promise<string> {
  const { commitError } = error as { readonly commitError?: Promise<unknown> }
  try {
    await Promise.race([commitError, new Promise((resolve) => setTimeout(resolve, 100))])
  } catch (reason) {
    return reasonOf(reason)
  }
  return reasonOf(error)
}
