/** What the test of slow readers does. */
import { count, duration } from '../report/format.js'
import type { SlowPeer } from './peers.js'

export interface SlowPlan {
  readonly peers: readonly SlowPeer[]
  /** Readers that keep up. */
  readonly fast: number
  /** Bytes a second that the thin link carries. */
  readonly rate: number
  /** Seconds for which the channel goes on with the slow ones, and without them before and after. */
  readonly slow: number
  readonly calm: number
}

/** Starting, joining, warming up, and what is waited for in between. */
const BESIDE = 12

/** Rough seconds for one peer. */
export const estimate = ({ slow, calm }: SlowPlan): number => BESIDE + slow + 2 * calm

export const describePlan = ({ fast, rate, slow, calm }: SlowPlan): string =>
  `${count(fast)} readers; ${duration(slow)} with one stalled and one of ${(rate * 8) / 1000} kbit/s, ${duration(calm)} without them before and after`
