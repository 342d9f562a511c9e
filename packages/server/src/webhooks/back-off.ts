/** Milliseconds: before the second try, and at most. */
const FIRST = 1_000
const LONGEST = 300_000

/** Milliseconds until the next try after so many that failed in a row: twice as many each time, at random up to twice that. */
export const backOff = (failures: number, jitter: number): number =>
  Math.min(FIRST * 2 ** Math.min(failures - 1, 20), LONGEST / 2) * (1 + jitter)
