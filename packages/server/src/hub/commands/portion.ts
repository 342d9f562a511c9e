import { type Publication, sharedList } from '@millrace/protocol'
import { Beside } from '../beside.js'
import type { StoredPublication } from '../broker-ports.js'
import { readable } from '../topic.js'

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
  readonly publications: readonly Publication[]
  /** Whether any did not fit. */
  readonly more: boolean
}

/** The oldest of them that take `most` bytes together, or the first alone. */
export function oldest(publications: readonly Publication[], most: number): Portion {
  const count = fitting(publications, most)
  return { publications: publications.slice(0, count), more: count < publications.length }
}

/** The newest of them that take `most` bytes together, or the last alone. */
export function newest(publications: readonly Publication[], most: number): Portion {
  const count = fitting(publications.toReversed(), most)
  return { publications: publications.slice(publications.length - count), more: count < publications.length }
}

/** What was cut from publications that thousands read within a second: put together once, and so written once. [H4.9] */
const forAll = {
  oldest: new Beside<readonly StoredPublication[], Portion>(),
  newest: new Beside<readonly StoredPublication[], Portion>(),
}

/** Of a channel that is empty, which may be one of a hundred thousand. */
const NOTHING: Portion = { publications: [], more: false }

/** What a session may read of them, and as much of that as takes `most` bytes together. */
export function portionFor(
  session: string,
  publications: readonly StoredPublication[],
  { from, most }: { readonly from: 'oldest' | 'newest'; readonly most: number },
): Portion {
  if (publications.length === 0) return NOTHING
  const make = (): Portion => (from === 'oldest' ? oldest : newest)(readable(publications, session), most)
  if (publications.some(({ exclude }) => exclude === session)) return make()
  let portion = forAll[from].get(publications)
  if (portion === undefined) {
    portion = make()
    sharedList(portion.publications)
    forAll[from].set(publications, portion)
  }
  return portion
}
