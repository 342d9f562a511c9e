/** What is special about a channel that keeps the newest publication of each key. docs/decisions/0011. */
import {
  type KeyOf,
  type MessageBodies,
  MillraceError,
  type Position,
  predecessor,
  type ResolvedChannel,
} from '@millrace/protocol'
import type { Appended, NewPublication, StoredPublication, StreamSlice } from './broker-ports.js'
import type { Checked } from './validation.js'

/** Where somebody stands who knows nothing: before every stream. */
export const NOWHERE: Position = { epoch: '', offset: 0 }

const LONGEST_KEY = 255

/** What a message is about. Throws `invalid-payload` with the field when it does not say. */
function keyOf(conflate: KeyOf, message: unknown): string {
  const key: unknown =
    typeof conflate === 'function'
      ? conflate(message as never)
      : (message as { readonly [field: string]: unknown } | null)?.[conflate]
  const field = typeof conflate === 'string' ? `data.${conflate}` : 'data'
  if (typeof key === 'string' || Number.isFinite(key)) return checkKey(String(key), field)
  throw new MillraceError('invalid-payload', {
    message: `${field}: the key of this channel must be a string or a number`,
    field,
  })
}

/** Throws `invalid-payload` for what cannot be a key. */
function checkKey(key: string, field: string): string {
  if (key !== '' && key.length <= LONGEST_KEY) return key
  throw new MillraceError('invalid-payload', {
    message: `${field}: a key has 1 to ${LONGEST_KEY} characters, not ${key.length}`,
    field,
  })
}

/** What a publisher says about state, beside the message. */
export interface StateChange {
  /** The offset the newest value of the key must have. */
  readonly expect?: number | undefined
  /** The key whose value is taken away. */
  readonly remove?: string | undefined
}

/** The message of a removal. */
export const NOTHING: Checked = { value: null, payload: { codec: 'json', text: 'null' } }

/** What the broker is told of a publication's key. Throws `not-available` for what only a state channel has, or `invalid-payload`. */
export function keyed(
  { definition: { conflate }, pattern }: ResolvedChannel,
  message: unknown,
  { expect, remove }: StateChange,
): Pick<NewPublication, 'key' | 'removed' | 'expect'> {
  if (conflate !== undefined)
    return remove === undefined
      ? { key: keyOf(conflate, message), expect }
      : { key: checkKey(remove, 'remove'), removed: true, expect }
  if (expect === undefined && remove === undefined) return {}
  throw new MillraceError('not-available', {
    message: `'${pattern}' is no state channel: give it conflate in the api`,
    field: expect === undefined ? 'remove' : 'expect',
  })
}

/** What a publisher is answered. Throws `conflict`. */
export function publishedAt(
  { epoch, offset, skipped }: Appended,
  expect: number | undefined,
): MessageBodies['published'] {
  if (skipped !== 'conflict') return { position: { epoch, offset }, skipped }
  throw new MillraceError('conflict', {
    message: `The newest value of this key has the offset ${offset}, not ${expect}: 0 is for none`,
    field: 'expect',
  })
}

/**
 * Whether who stands at `since` must be told the whole state, since changes would not do: it may know of keys that are gone, or
 * knows another stream.
 */
export const needsAll = (since: Position | undefined, { head, floor }: StreamSlice): boolean =>
  since === undefined ||
  since.epoch !== head.epoch ||
  since.offset > head.offset ||
  (floor !== undefined && floor.offset >= since.offset)

/** A whole state without its removals, which say nothing to who knows nothing; the chain is closed over them. */
export function values(publications: readonly StoredPublication[]): readonly StoredPublication[] {
  if (!publications.some(({ removed }) => removed)) return publications
  let skippedFrom: number | undefined
  return publications.flatMap((publication) => {
    if (publication.removed) {
      skippedFrom ??= predecessor(publication)
      return []
    }
    const prev = skippedFrom
    skippedFrom = undefined
    return [prev === undefined ? publication : { ...publication, prev }]
  })
}
