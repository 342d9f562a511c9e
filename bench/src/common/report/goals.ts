/** What must be reached, each with what was measured. */
import { figure } from '../../report/format.js'
import { left, right, type Table } from '../../report/table.js'
import type { Verdict } from '../../report/targets.js'
import type { Counts } from '../judge/delivery.js'

export interface Goal {
  readonly name: string
  readonly atMost: number
  readonly unit: string
  /** Undefined when what it needs did not happen. */
  readonly measured: number | undefined
}

/** Nothing lost, nothing twice, nothing out of order, and so nothing to be told of. */
export const promises = (title: string, counts: Counts): Goal[] =>
  [
    { what: 'lost', measured: counts.expected - counts.delivered },
    { what: 'repeated', measured: counts.repeated },
    { what: 'out of order', measured: counts.disordered },
    { what: 'gaps', measured: counts.gaps },
  ].map(({ what, measured }) => ({ name: `${title}: ${what}`, atMost: 0, unit: '', measured }))

/** What was not measured is not reached: each of these is measured whenever all goes well. */
export function judgeGoal({ name, atMost, unit, measured }: Goal): Verdict {
  const bound = `≤ ${figure(atMost)} ${unit}`.trim()
  if (measured === undefined) return { name, bound, measured: '–', verdict: 'not measured', reached: false }
  const reached = measured <= atMost
  const off = atMost === 0 ? '' : ` by ${figure((measured / atMost - 1) * 100)} %`
  return {
    name,
    bound,
    measured: `${figure(measured)} ${unit}`.trim(),
    verdict: reached ? 'reached' : `missed${off}`,
    reached,
  }
}

export const goalsTable = (title: string, verdicts: readonly Verdict[]): Table => ({
  title,
  columns: [left('what'), right('target'), right('measured'), left('verdict')],
  rows: verdicts.map(({ name, bound, measured, verdict }) => [name, bound, measured, verdict]),
  notes: [],
})
