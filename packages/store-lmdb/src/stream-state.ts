import type { StreamSlice } from '@millrace/server'

export type Floor = NonNullable<StreamSlice['floor']>

/** What the store keeps of a stream beside its publications and ids: one record on disk. */
export interface StreamState {
  /** Names this life of the stream in the other tables: one that begins anew gets another. */
  readonly sid: number
  /** Together with the store's lineage, the epoch. */
  readonly generation: number
  readonly head: number
  /** The newest publication that is no longer kept; see `StreamSlice.floor`. Offset 0 when nothing was removed. */
  readonly floor: Floor
  /** Only of a stream that keeps the newest publication of each key. */
  readonly latest?: LatestState | undefined
  /** The highest version stored. */
  readonly version?: number | undefined
  /** Of the last append: what the sweep goes by. Milliseconds. */
  readonly ttl: number
  /** When it was last written: milliseconds since 1970. */
  readonly touched: number
}

/** What is known of the keys without reading them. */
export interface LatestState {
  /** How many there are on disk, those included that are past their time. */
  readonly keys: number
  /** None of them was stored earlier: milliseconds since 1970. */
  readonly oldest: number
}

/** Nothing was removed yet. */
export const NO_FLOOR: Floor = { offset: 0, reason: 'history-trimmed' }

export const laterFloor = (one: Floor, other: Floor): Floor => (other.offset > one.offset ? other : one)

/** JSON has no word for a ttl without end. */
export const encodeState = (state: StreamState): Buffer =>
  Buffer.from(JSON.stringify({ ...state, ttl: Math.min(state.ttl, Number.MAX_SAFE_INTEGER) }))

/**
 * Reads a stream's record.
 * @throws {Error} for bytes that are none.
 */
export function decodeState(bytes: Buffer): StreamState {
  const state = JSON.parse(bytes.toString()) as Partial<StreamState>
  const { sid, generation, head, floor, latest, ttl, touched } = state
  const numbers = [sid, generation, head, floor?.offset, ttl, touched]
  if (latest !== undefined) numbers.push(latest.keys, latest.oldest)
  if (!numbers.every((value) => typeof value === 'number')) throw new Error('a stream record lacks a field')
  return state as StreamState
}
