import type { Dialect } from '@millrace/protocol'
import { Beside } from '../beside.js'
import { Outgoing } from '../outgoing.js'

/** Characters of a text frame, or bytes of a binary one, above which it is cut, and so many of each part. [P3.11] */
export const PART = 16_384
const MORE = '+'
const LAST = '.'

const cuts = new Beside<Outgoing, readonly Outgoing[]>()

/** Whether a message takes more than one part. */
export const isLarge = (outgoing: Outgoing, dialect: Dialect): boolean => outgoing.wire(dialect).length > PART

/** The frames in which a large message goes to clients that put it together again. Cut once, whoever gets it. */
export function partsOf(outgoing: Outgoing, dialect: Dialect): readonly Outgoing[] {
  const known = cuts.get(outgoing)
  // Nearly always everybody speaks the same dialect.
  if (known?.[0]?.has(dialect)) return known
  const wire = outgoing.wire(dialect)
  const frames = typeof wire === 'string' ? cutText(wire) : cutBytes(wire)
  const parts = frames.map((frame) => new Outgoing(outgoing.message, { dialect, wire: frame }))
  cuts.set(outgoing, parts)
  return parts
}

function cutText(text: string): string[] {
  const parts: string[] = []
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + PART, text.length)
    // A pair of surrogates is one character: half of it cannot be written in UTF-8.
    if (to < text.length && (text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to--
    parts.push((to < text.length ? MORE : LAST) + text.slice(from, to))
    from = to
  }
  return parts
}

function cutBytes(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let from = 0; from < bytes.length; from += PART) {
    const piece = bytes.subarray(from, from + PART)
    const part = new Uint8Array(piece.length + 1)
    part[0] = (from + PART < bytes.length ? MORE : LAST).charCodeAt(0)
    part.set(piece, 1)
    parts.push(part)
  }
  return parts
}
