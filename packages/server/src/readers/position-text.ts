import type { Position } from '@millrace/protocol'

/** The most characters that a server keeps of an epoch. [P3.10] */
const MOST_EPOCH = 255
const WHOLE = /^\d{1,16}$/

/**
 * A position as readers have it, such as `h3Jk:42`: in an event's id, in a header and in a URL, so all but the plainest
 * characters of the epoch are percent-encoded. [P9.2]
 */
export const writePosition = ({ epoch, offset }: Position): string => `${encodeURIComponent(epoch)}:${offset}`

/** The position of a text; undefined when it is none. */
export function readPosition(text: string): Position | undefined {
  const colon = text.lastIndexOf(':')
  const offset = readWhole(text.slice(colon + 1))
  if (colon < 1 || offset === undefined) return undefined
  const epoch = decodePercent(text.slice(0, colon))
  return epoch === undefined || epoch.length > MOST_EPOCH ? undefined : { epoch, offset }
}

/** A whole number from 0 to 2^53−1; undefined when it is none. */
export function readWhole(text: string): number | undefined {
  const number = Number(text)
  return WHOLE.test(text) && Number.isSafeInteger(number) ? number : undefined
}

/** A text without percent-encoding (RFC 3986 §2.1); undefined when the bytes it stands for are not UTF-8. */
export function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
