/** What the scripts that read give, and what it means; see lua-streams.ts and lua-states.ts. */
import type { GapReason } from '@millrace/protocol'
import type { StoredPublication, StreamRange, StreamSlice } from '@millrace/server'
import { unseal } from './envelope.js'

type Reply<Entry> = readonly [
  epoch: Buffer,
  head: Buffer,
  floor: Buffer,
  reason: Buffer,
  more: Buffer,
  entries: readonly Entry[],
]
/** Of a log. */
type LogEntry = readonly [id: Buffer, fields: readonly [Buffer, time: Buffer, Buffer, data: Buffer]]

/** Of a stream that keeps its newest publications. */
export const sliceOfLog = (reply: unknown): StreamSlice => slice(reply as Reply<LogEntry>, ofLog)

/** Of a stream that keeps the newest publication of each key. */
export function sliceOfState(reply: unknown, range: StreamRange): StreamSlice {
  const found = slice(reply as Reply<Buffer>, ofValue)
  const { head, publications } = found
  if ('before' in range)
    return { ...found, publications: chained(publications, (publications[0]?.offset ?? 1) - 1) }
  const { epoch, offset } = range.since
  const isHere = epoch === head.epoch && offset <= head.offset
  return { ...found, publications: chained(publications, isHere ? offset : 0) }
}

function slice<Entry>(reply: Reply<Entry>, read: (entry: Entry) => StoredPublication): StreamSlice {
  const [epoch, head, floor, reason, more, entries] = reply
  const lost = Number(floor)
  return {
    head: { epoch: String(epoch), offset: Number(head) },
    floor: lost === 0 ? undefined : { offset: lost, reason: String(reason) as GapReason },
    publications: entries.map(read),
    more: String(more) === '1',
  }
}

function ofLog([id, [, time, , data]]: LogEntry): StoredPublication {
  return { offset: Number.parseInt(String(id), 10), time: Number(time), ...unseal(data) }
}

function ofValue(value: Buffer): StoredPublication {
  const end = value.indexOf(10)
  const [offset, time] = value.toString('latin1', 0, end).split(' ')
  return { offset: Number(offset), time: Number(time), ...unseal(value.subarray(end + 1)) }
}

/** What was superseded was never missing: each publication is said to follow the one that is kept before it. */
function chained(publications: readonly StoredPublication[], from: number): StoredPublication[] {
  let prev = from
  return publications.map((publication) => {
    const follows = prev === publication.offset - 1 ? publication : { ...publication, prev }
    prev = publication.offset
    return follows
  })
}
