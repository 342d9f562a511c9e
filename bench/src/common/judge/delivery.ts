/** What came of the messages of a run: counts; and how late each was. */
import type { TallyLog } from './tally.js'

export interface Counts {
  /** Messages that should have been heard: all of them by every client. */
  readonly expected: number
  readonly delivered: number
  readonly repeated: number
  readonly disordered: number
  readonly gaps: number
}

export interface Arrival {
  readonly published: number
  readonly arrived: number
}

export function countsOf(tallies: readonly TallyLog[], messages: number): Counts {
  const sum = (of: (tally: TallyLog) => number): number => tallies.reduce((total, one) => total + of(one), 0)
  return {
    expected: tallies.length * messages,
    delivered: sum((tally) => arrivalsOf(tally).length),
    repeated: sum(({ repeated }) => repeated),
    disordered: sum(({ disordered }) => disordered),
    gaps: sum(({ gaps }) => gaps),
  }
}

export function arrivalsOf({ published, arrived }: TallyLog): Arrival[] {
  return arrived.flatMap((at, i) => {
    const from = published[i]
    return at === null || from === null || from === undefined ? [] : [{ published: from, arrived: at }]
  })
}

export const latencyOf = ({ published, arrived }: Arrival): number => arrived - published
