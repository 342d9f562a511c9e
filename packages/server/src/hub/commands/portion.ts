import type { Publication } from '@millrace/protocol'

/** What an envelope takes beside its payload, about. */
const ENVELOPE_BYTES = 100

const sizeOf = ({ data }: Publication): number =>
  ENVELOPE_BYTES + ('text' in data ? data.text.length : 'bytes' in data ? data.bytes.length : 0)

/** How many of them, from the first on, fit into one reply: at least one. */
function fitting(publications: Iterable<Publication>, most: number): number {
  let [count, bytes] = [0, 0]
  for (const publication of publications) {
    bytes += sizeOf(publication)
    if (bytes > most && count > 0) return count
    count++
  }
  return count
}

export interface Portion {
  readonly publications: Publication[]
  /** Whether any did not fit. */
  readonly more: boolean
}

/** The oldest of them that take `most` bytes together, or the first alone. */
export function oldest(publications: Publication[], most: number): Portion {
  const count = fitting(publications, most)
  return { publications: publications.slice(0, count), more: count < publications.length }
}

/** The newest of them that take `most` bytes together, or the last alone. */
export function newest(publications: Publication[], most: number): Portion {
  const count = fitting(publications.toReversed(), most)
  return { publications: publications.slice(publications.length - count), more: count < publications.length }
}
