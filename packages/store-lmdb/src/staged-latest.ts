import type { GapReason } from '@millrace/server'
import { entryHead } from './entry-codec.js'
import type { KeyRecord } from './key-record.js'
import {
  type KeptState,
  type Limits,
  REMOVE_LEAST,
  type StagedEntry,
  type StagedKept,
} from './staged-kept.js'
import type { Store, StoreWriter } from './store.js'
import type { StreamState } from './stream-state.js'

/** A publication that may be let go. */
interface Candidate {
  readonly offset: number
  readonly time: number
  readonly key: string
}

/** What is let go, oldest first, and what is left then. */
interface Plan {
  readonly going: readonly Candidate[]
  readonly reason: GapReason | undefined
  readonly keys: number
  readonly oldest: number
}

/** So many entries are read from disk at a time to find the oldest. */
const READ_AT_ONCE = 64

/**
 * What one transaction changes of a stream that keeps the newest publication of each key: on disk, each entry is the newest of its
 * key, and each key has the record of one entry. Publications of this transaction see those before them, which supersede each other
 * without ever being written.
 */
export class StagedLatest implements StagedKept {
  readonly entries = []
  readonly #store: Store
  readonly #sid: number
  readonly #added = new Map<number, StagedEntry>()
  readonly #removed = new Set<number>()
  /** What becomes of the records of keys; undefined where one goes. */
  readonly #keys = new Map<string, KeyRecord | undefined>()
  /** The oldest on disk, as far as they were needed, and where among them those begin that are left. */
  readonly #oldest: Candidate[] = []
  #first = 0
  /** So many that are past their time may still be let go. */
  #removing = REMOVE_LEAST
  leavesMore = false

  constructor(store: Store, sid: number) {
    this.#store = store
    this.#sid = sid
  }

  find(key: string): KeyRecord | undefined {
    return this.#keys.has(key) ? this.#keys.get(key) : this.#store.key(this.#sid, key)
  }

  append(entry: StagedEntry, before: StreamState, limits: Limits): KeptState {
    const { offset, time, key = '', removed = false } = entry.stored
    const superseded = this.find(key)
    this.#removing += 2
    const plan = this.#plan(before, limits, { superseded, added: { offset, time, key } })
    if (superseded !== undefined) this.#remove(superseded.offset)
    this.#added.set(offset, entry)
    this.#keys.set(key, { offset, time, removed })
    return this.#carryOut(plan, before, offset)
  }

  tidy(before: StreamState, since: number, removing: number): KeptState {
    this.#removing = removing
    const plan = this.#plan(before, { size: Number.POSITIVE_INFINITY, since }, {})
    return this.#carryOut(plan, before, before.head)
  }

  settle(): void {}

  write(writer: StoreWriter, { sid }: StreamState): void {
    for (const [offset, { bytes }] of this.#added) writer.putEntry(sid, offset, bytes)
    for (const offset of this.#removed) writer.removeEntry(sid, offset)
    for (const [key, record] of this.#keys) {
      if (record === undefined) writer.removeKey(sid, key)
      else writer.putKey(sid, key, record)
    }
  }

  /** Finds what goes beyond the limits. It may fail to read, so nothing is changed here. */
  #plan(
    { latest = { keys: 0, oldest: 0 } }: StreamState,
    { size, since }: Limits,
    { superseded, added }: { readonly superseded?: KeyRecord | undefined; readonly added?: Candidate },
  ): Plan {
    let keys = latest.keys + (added === undefined || superseded !== undefined ? 0 : 1)
    let { oldest } = latest
    if (added !== undefined) oldest = latest.keys === 0 ? added.time : Math.min(oldest, added.time)
    let reason: GapReason | undefined
    const going: Candidate[] = []
    if (keys <= size && oldest >= since) return { going, reason, keys, oldest }
    for (const one of this.#oldestFirst(added)) {
      if (one.offset === superseded?.offset) continue
      oldest = one.time
      if (keys > Math.max(size, 0)) reason = 'history-trimmed'
      else if (one.time < since && this.#mayRemove(going.length)) reason = 'history-expired'
      else break
      going.push(one)
      keys--
    }
    return { going, reason, keys, oldest }
  }

  #mayRemove(count: number): boolean {
    this.leavesMore = count >= this.#removing
    return !this.leavesMore
  }

  #carryOut({ going, reason, keys, oldest }: Plan, { floor }: StreamState, head: number): KeptState {
    for (const { offset, key } of going) {
      this.#remove(offset)
      this.#keys.set(key, undefined)
    }
    this.#removing -= going.length
    return { latest: { keys, oldest }, floor: reason === undefined ? floor : { offset: head, reason } }
  }

  #remove(offset: number): void {
    // What was added by this transaction is not on disk yet.
    if (!this.#added.delete(offset)) this.#removed.add(offset)
  }

  /** What is kept, as far as somebody wants it: on disk, then in this transaction, then what is to be added. */
  *#oldestFirst(added: Candidate | undefined): Generator<Candidate> {
    while (this.#isRemoved(this.#oldest[this.#first])) this.#first++
    for (let at = this.#first; ; at++) {
      if (at === this.#oldest.length && !this.#readOldest()) break
      const one = this.#oldest[at]
      if (one !== undefined && !this.#removed.has(one.offset)) yield one
    }
    for (const { stored } of this.#added.values()) {
      const { offset, time, key = '' } = stored
      yield { offset, time, key }
    }
    if (added !== undefined) yield added
  }

  #isRemoved(one: Candidate | undefined): boolean {
    return one !== undefined && this.#removed.has(one.offset)
  }

  #readOldest(): boolean {
    const known = this.#oldest.length
    const from = (this.#oldest[known - 1]?.offset ?? 0) + 1
    this.#store.eachEntry(this.#sid, { from }, (offset, bytes) => {
      const { time, key = '' } = entryHead(bytes)
      this.#oldest.push({ offset, time, key })
      return this.#oldest.length < known + READ_AT_ONCE
    })
    return this.#oldest.length > known
  }
}
