/** `npm run bench -- slow-readers`. */
import { UsageError } from '../cli/arguments.js'
import { inTurn, runScenario } from '../common/command.js'
import { connectionLimit, describeMachine } from '../harness/machine.js'
import { PLACES } from '../report/write-docs.js'
import { parseSlowOptions, slowHelp } from './options.js'
import { SPECS } from './peers.js'
import { describePlan, estimate, type SlowPlan } from './plan.js'
import { FORMS, type SlowReport } from './report.js'
import { measureSlowReaders } from './run.js'

/** Resolves with the exit code. Throws a UsageError. */
export function slowReaders(args: readonly string[]): Promise<number> {
  const options = parseSlowOptions(args)
  const measure = () => measureAll(options.plan)
  return runScenario(options, { place: PLACES.slowReaders, forms: FORMS, help: slowHelp, measure })
}

async function measureAll(plan: SlowPlan): Promise<SlowReport> {
  const limit = connectionLimit()
  if (plan.fast > limit)
    throw new UsageError(
      `--readers ${plan.fast}: each needs an open file, and the limit here leaves ${limit}: raise it (ulimit -Hn)`,
    )
  const { samples, failures } = await inTurn(
    plan.peers.map((peer) => ({
      title: SPECS[peer].title,
      description: describePlan(plan),
      seconds: estimate(plan),
      measure: () => measureSlowReaders(peer, plan),
    })),
  )
  const versions = samples.map(({ version }) => version)
  const others = samples.map((sample) => sample.others)
  return { machine: describeMachine(), versions, others, plan, samples, failures }
}
