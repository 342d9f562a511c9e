/** What is published, whatever the peer. */

/** Where everybody listens. */
export const EVERYBODY = 'bench:everybody'
/** Where one client listens alone. */
export const channelOf = (client: number): `bench:${number}` => `bench:${client}`

export interface Message {
  /** Counts from 1 in each channel. */
  readonly number: number
  /** When it was published, by the clock of clock.ts. */
  readonly time: number
  readonly filler: string
}

/** A message whose JSON has `size` bytes, or as few as it can have when that is more. */
export function message(number: number, time: number, size: number): Message {
  const bare = JSON.stringify({ number, time, filler: '' }).length
  return { number, time, filler: 'x'.repeat(Math.max(0, size - bare)) }
}
