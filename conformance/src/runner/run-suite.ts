import type { Case, Delivery } from '../model.js'
import type { Subject } from '../subjects/subject.js'
import { concerns, PATIENCE_MS, type Run, runCase, type Verdict } from './run-case.js'
import { ServerPool } from './server-pool.js'

export const DELIVERIES: readonly Delivery[] = ['whole', 'bytes']

// Enough to keep both ends busy, few enough that a turn of the event loop stays short.
const CONCURRENCY = 32

export interface SuitePlan {
  readonly subjects: readonly Subject[]
  readonly cases: readonly Case[]
  readonly deliveries?: readonly Delivery[]
  /** Milliseconds one expectation may take, where a case does not ask for more. Default 5,000. */
  readonly patience?: number | undefined
  readonly progress?: (done: number, total: number, failed: number) => void
}

/** Runs every case against every subject it concerns, in both deliveries. Verdicts come in the order of the plan. */
export async function runSuite(plan: SuitePlan): Promise<Verdict[]> {
  const runs = planRuns(plan)
  const verdicts: Verdict[] = []
  const pool = new ServerPool()
  let next = 0
  let done = 0
  let failed = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < runs.length; at = next++) {
      const run = runs[at]
      if (run === undefined) return
      const outcome = await runCase(run, { pool, patience: plan.patience ?? PATIENCE_MS })
      verdicts[at] = { ...run, outcome }
      if (outcome.is === 'failed') failed++
      plan.progress?.(++done, runs.length, failed)
    }
  }
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  } finally {
    await pool.stop()
  }
  return verdicts
}

function planRuns({ subjects, cases, deliveries = DELIVERIES }: SuitePlan): Run[] {
  return subjects.flatMap((subject) =>
    cases
      .filter((testCase) => concerns(testCase, subject))
      .flatMap((testCase) => deliveries.map((delivery) => ({ subject, testCase, delivery }))),
  )
}
