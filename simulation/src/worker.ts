/** Runs every `step`th seed from `first` to `last`, and tells of each. */
import { parentPort, workerData } from 'node:worker_threads'
import { runSeed } from './run.js'
import { type Tally, tallyOf } from './tally.js'

export interface Share {
  readonly first: number
  readonly last: number
  readonly step: number
}
export interface Report {
  readonly seed: number
  readonly broken: readonly string[]
  readonly tally: Tally
}

const { first, last, step } = workerData as Share
for (let seed = first; seed <= last; seed += step) {
  const outcome = await runSeed(seed)
  const report: Report = { seed, broken: outcome.broken, tally: tallyOf(outcome) }
  parentPort?.postMessage(report)
}
