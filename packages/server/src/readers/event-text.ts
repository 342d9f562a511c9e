/** Events as EventSource reads them: WHATWG HTML §9.2.6. JSON as the server writes it has no line breaks. */
import {
  type Gap,
  jsonText,
  type MillraceError,
  type Payload,
  type Position,
  type Publication,
  toBase64,
} from '@millrace/protocol'
import { Beside } from '../hub/index.js'
import { errorText } from './error-answer.js'
import { writePosition } from './position-text.js'

/** A comment, which keeps proxies from taking a quiet answer for a dead one. */
export const PING = ': ping\n\n'

/**
 * Where a reader stands: the end of an event; alone, it is none, but where EventSource comes back to. It stands behind the data, so
 * that a simple reader which keeps an id as soon as it sees it has what belongs to it.
 */
export const positionEvent = (position: Position): string => `id: ${writePosition(position)}\n\n`

/** After how many milliseconds EventSource comes back. */
export const retryEvent = (milliseconds: number): string => `retry: ${Math.round(milliseconds)}\n\n`

export const publicationEvent = (epoch: string, { offset, data, key, removed }: Publication): string => {
  const event = removed ? `event: removed\ndata: ${JSON.stringify({ key })}` : `data: ${dataText(data)}`
  return `${event}\n${positionEvent({ epoch, offset })}`
}

/** What follows up to this position is the whole state. Without an id: until it has come, a reader stands where it stood. [P9.12] */
export const snapshotEvent = (position: Position): string =>
  `event: snapshot\ndata: ${JSON.stringify({ position: writePosition(position) })}\n\n`

export const gapEvent = (gap: Gap): string => `event: gap\ndata: ${gapText(gap)}\n${positionEvent(gap.to)}`

/** The server ends the answer, and why. */
export const closeEvent = (error: MillraceError): string => `event: close\ndata: ${errorText(error)}\n\n`

export const gapText = ({ from, to, reason, count }: Gap): string =>
  JSON.stringify({ from: from && writePosition(from), to: writePosition(to), reason, count })

/** JSON as it is; bytes as the JSON dialect has them. [P3.7] */
const dataText = (data: Payload): string =>
  data.codec === 'json' ? jsonText(data) : JSON.stringify({ codec: data.codec, data: toBase64(data.bytes) })

/** About so many characters are given to the network at once, of what a reader missed. */
const PIECE = 32_768

/** By the list of which they were made, which is of one epoch: what thousands missed is one list, and so written once. [H4.9] */
const made = new Beside<readonly Publication[], readonly string[]>()

/** The events of publications, in pieces of about 32 KiB. */
export function piecesOf(publications: readonly Publication[], epoch: string): readonly string[] {
  let pieces = made.get(publications)
  if (pieces === undefined) {
    pieces = split(publications.map((one) => publicationEvent(epoch, one)))
    made.set(publications, pieces)
  }
  return pieces
}

function split(events: readonly string[]): string[] {
  const texts: string[] = []
  let text = ''
  for (const event of events) {
    if (text !== '' && text.length + event.length > PIECE) {
      texts.push(text)
      text = ''
    }
    text += event
  }
  return text === '' ? texts : [...texts, text]
}
