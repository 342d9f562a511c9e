/** How the attacks are measured. */
import { count, duration } from '../report/format.js'
import type { Case } from './cases.js'

export interface AmplificationPlan {
  readonly cases: readonly Case[]
  /** How often each is measured, after once that is not. */
  readonly rounds: number
  /** For how long an attack goes on that could do so for ever. */
  readonly seconds: number
}

/** Starting a server and attackers, and resting before and after each. */
const START = 1.5
const BESIDE = 2.5
/** What comes at once takes about a second. */
const AT_ONCE = 1

/** Rough seconds. */
export const estimate = ({ pace, lasts }: Case, { rounds, seconds }: AmplificationPlan): number =>
  lasts === undefined
    ? START + (rounds + 1) * (BESIDE + (pace === 'on and on' ? seconds : AT_ONCE))
    : START + BESIDE + lasts

export const total = (plan: AmplificationPlan): number =>
  plan.cases.reduce((sum, one) => sum + estimate(one, plan), 0)

export const describePlan = ({ cases, rounds, seconds }: AmplificationPlan): string =>
  `${count(cases.length)} attacks, ${rounds} times each after once that does not count (once where it takes longer than ten seconds), and for ${duration(seconds)} where it goes on and on`
