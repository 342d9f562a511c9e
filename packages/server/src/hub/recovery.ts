import type { Gap, Position } from '@millrace/protocol'
import type { StoredPublication, StreamSlice } from './broker-ports.js'

export interface Recovery {
  readonly recovered: boolean
  readonly gap: Gap | undefined
  readonly publications: readonly StoredPublication[]
}

/**
 * What a reader at `since` gets from a slice of the stream that was read since that position. Either everything, or one
 * honest gap and then everything that is still kept. [H4.2]
 */
export function recover(since: Position, slice: StreamSlice): Recovery {
  const { head, floor, publications } = slice
  if (since.epoch !== head.epoch) {
    const to = { epoch: head.epoch, offset: floor?.offset ?? 0 }
    return { recovered: false, gap: { from: since, to, reason: 'epoch-changed' }, publications }
  }
  if (since.offset > head.offset) {
    return { recovered: false, gap: { from: since, to: head, reason: 'unknown-position' }, publications: [] }
  }
  if (floor !== undefined && floor.offset > since.offset) {
    const to = { epoch: head.epoch, offset: floor.offset }
    return { recovered: false, gap: { from: since, to, reason: floor.reason }, publications }
  }
  return { recovered: true, gap: undefined, publications }
}
