import type { MemoryStream } from './memory-stream.js'

export interface Room {
  readonly streams: readonly (readonly [channel: string, stream: MemoryStream])[]
  /** Bytes that must be let go. */
  readonly excess: number
  /** Lets go of a stream, if nobody needs it now. Returns how many bytes that was. */
  forget(channel: string, stream: MemoryStream): number
}

/**
 * Lets go of so many bytes: the largest streams lose the older half of what they keep first, so that who fills the memory loses his own past,
 * and not everybody's. Where all are small it is their number: then those go that were not written for the longest.
 */
export function makeRoom({ streams, excess, forget }: Room): void {
  let left = excess
  for (const [, stream] of streams.toSorted(([, a], [, b]) => b.bytes - a.bytes)) {
    if (left <= 0) return
    left -= stream.shed()
  }
  for (const [channel, stream] of streams.toSorted(([, a], [, b]) => a.touched - b.touched)) {
    if (left <= 0) return
    left -= forget(channel, stream)
  }
}
