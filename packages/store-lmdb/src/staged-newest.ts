import type { StoredPublication } from '@millrace/server'
import {
  type KeptState,
  type Limits,
  REMOVE_LEAST,
  type StagedEntry,
  type StagedKept,
} from './staged-kept.js'
import type { StoreWriter } from './store.js'
import { type Floor, laterFloor, NO_FLOOR, type StreamState } from './stream-state.js'
import type { StreamView } from './stream-view.js'

/** What one transaction changes of a stream that keeps its newest publications. */
export class StagedNewest implements StagedKept {
  /** Undefined for a stream that begins with this transaction. */
  readonly #view: StreamView | undefined
  readonly #entries: StagedEntry[] = []
  #removing = REMOVE_LEAST
  #old: { readonly from: number; readonly to: number } | undefined

  constructor(view: StreamView | undefined) {
    this.#view = view
  }

  get entries(): readonly StoredPublication[] {
    return this.#entries.map(({ stored }) => stored)
  }

  get leavesMore(): boolean {
    return (this.#view?.leftOver ?? 0) > this.#removing
  }

  find(): undefined {
    return undefined
  }

  append(entry: StagedEntry, { floor }: StreamState, { size, since }: Limits): KeptState {
    const expired = this.#view?.expire(since) ?? NO_FLOOR
    const trimmed: Floor = {
      offset: entry.stored.offset - Math.max(size, 0),
      reason: 'history-trimmed',
    }
    this.#entries.push(entry)
    return { floor: laterFloor(laterFloor(floor, expired), trimmed) }
  }

  tidy({ floor }: StreamState, since: number, removing: number): KeptState {
    this.#removing = removing
    return { floor: laterFloor(floor, this.#view?.expire(since) ?? NO_FLOOR) }
  }

  settle(): void {
    this.#old = this.#view?.takeRemains(this.#removing + 2 * this.#entries.length)
  }

  write(writer: StoreWriter, { sid, floor }: StreamState): void {
    for (const { stored, bytes } of this.#entries)
      if (stored.offset > floor.offset) writer.putEntry(sid, stored.offset, bytes)
    const { from, to } = this.#old ?? { from: 1, to: 0 }
    for (let offset = from; offset <= to; offset++) writer.removeEntry(sid, offset)
  }
}
