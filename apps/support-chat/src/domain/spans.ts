const MINUTE = 60_000

/** A span of time in a few characters: `now`, `4 min`, `2 h 5 min`, `3 days`. */
export function spanOf(milliseconds: number): string {
  const minutes = Math.floor(Math.max(milliseconds, 0) / MINUTE)
  if (minutes < 1) return 'now'
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return `${Math.floor(hours / 24)} days`
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
}

/** `1 message`, `3 messages`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** Where somebody stands in the queue, in words. */
export function placeInWords(ahead: number): string {
  if (ahead === 0) return 'You’re next in line'
  return ahead === 1 ? '1 person ahead of you' : `${ahead} people ahead of you`
}
