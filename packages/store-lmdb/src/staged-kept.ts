import type { StoredPublication } from '@millrace/server'
import type { KeyRecord } from './key-record.js'
import type { StoreWriter } from './store.js'
import type { StreamState } from './stream-state.js'

export interface StagedEntry {
  readonly stored: StoredPublication
  readonly bytes: Buffer
}

export interface Limits {
  readonly size: number
  /** What was stored earlier is let go: milliseconds since 1970. */
  readonly since: number
}

/** What keeping publications changes in a stream's record. */
export type KeptState = Pick<StreamState, 'floor' | 'latest'>

/** A transaction lets go of so many publications beside twice as many as it adds: more than come, and never very many. */
export const REMOVE_LEAST = 64

/** What one transaction changes of what a stream keeps. */
export interface StagedKept {
  /** What was added, for who remembers it. */
  readonly entries: readonly StoredPublication[]
  /** Where the newest publication of a key is, in streams that keep those. */
  find(key: string): KeyRecord | undefined
  /**
   * Adds a publication, and lets go of what goes beyond the limits.
   * @throws {Error} when what it needs cannot be read; nothing is changed then.
   */
  append(entry: StagedEntry, before: StreamState, limits: Limits): KeptState
  /** Lets go of what was stored before `since`, and removes so much of what is left over. */
  tidy(before: StreamState, since: number, removing: number): KeptState
  /** To be called once, after everything else. */
  settle(): void
  /** Whether there is more to remove than one such step may. */
  readonly leavesMore: boolean
  /** Writes the changes, with which this is the stream's record. Never throws, for LMDB would keep what came before. */
  write(writer: StoreWriter, state: StreamState): void
}
