/**
 * A place in a channel's stream. Offsets increase strictly within an epoch; the epoch changes when the stream's
 * past is lost, so positions of different epochs cannot be compared.
 */
export interface Position {
  readonly epoch: string
  readonly offset: number
}

/** The offset a publication continues from: `prev` where the sequence has holes, else the offset before. */
export const predecessor = (publication: {
  readonly offset: number
  readonly prev?: number | undefined
}): number => publication.prev ?? publication.offset - 1

/**
 * How a publication stands to the last offset a receiver has: `next` continues the chain, `repeat` was seen before,
 * `hole` means that something between is missing.
 */
export function chain(
  last: number,
  publication: { readonly offset: number; readonly prev?: number | undefined },
): 'next' | 'repeat' | 'hole' {
  if (publication.offset <= last) return 'repeat'
  return predecessor(publication) <= last ? 'next' : 'hole'
}
