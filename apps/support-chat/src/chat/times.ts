const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })

export const clockTime = (time: number): string => CLOCK.format(time)
/** Names a calendar day in the reader's zone; equal names are the same day. */
export const dayOf = (time: number): string => new Date(time).toDateString()

export function dayInWords(time: number, now: number): string {
  if (dayOf(time) === dayOf(now)) return 'Today'
  return dayOf(time) === dayOf(now - 24 * 60 * 60 * 1000) ? 'Yesterday' : DAY.format(time)
}
