import { CASES } from './cases/index.js'
import type { Delivery } from './model.js'
import { collectFailures, renderFailure } from './report/failures.js'
import { DELIVERIES, runSuite } from './runner/run-suite.js'
import type { Subject } from './subjects/subject.js'

export interface Judgement {
  readonly runs: number
  readonly skipped: number
  /** One text for each failing case. */
  readonly failures: readonly string[]
}

/** Runs the whole suite against some subjects, for tests. */
export async function judge(
  subjects: readonly Subject[],
  deliveries: readonly Delivery[] = DELIVERIES,
  /** Milliseconds that are waited for what should come. Default: the suite's. */
  patience?: number,
): Promise<Judgement> {
  const verdicts = await runSuite({ subjects, cases: CASES, deliveries, patience })
  return {
    runs: verdicts.length,
    skipped: verdicts.filter(({ outcome }) => outcome.is === 'skipped').length,
    failures: collectFailures(verdicts).map(renderFailure),
  }
}
