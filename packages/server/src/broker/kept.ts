import type { GapReason } from '@millrace/protocol'
import type { StoredPublication, StreamOptions } from '../hub/index.js'

/** What a stream keeps of its past. */
export interface Kept {
  /** The newest that is gone, and why; see `StreamSlice.floor`. */
  readonly floor: { readonly offset: number; readonly reason: GapReason } | undefined
  readonly isEmpty: boolean
  /** About what it takes. */
  readonly bytes: number
  /** Takes the newest in, and lets go what goes beyond the size. */
  add(publication: StoredPublication, options: StreamOptions): void
  /** Lets go the older half, and of one that one. */
  halve(): void
  /** Lets go what was stored before this time. */
  expireBefore(time: number): void
  /** What follows an offset, oldest first, at most so many. */
  after(offset: number, limit: number): Part
  /** The newest before an offset, oldest first, at most so many. */
  before(offset: number, limit: number): Part
  /** The newest of a key, where keys are told apart. */
  ofKey(key: string): Pick<StoredPublication, 'offset' | 'removed'> | undefined
}

export interface Part {
  readonly publications: readonly StoredPublication[]
  /** Whether the limit cut off some that match. */
  readonly more: boolean
}
