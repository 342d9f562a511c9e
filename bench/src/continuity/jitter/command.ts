/** `npm run bench -- jitter`. */
import { inTurn, runScenario } from '../../common/command.js'
import { versionText } from '../../common/report/circumstances.js'
import { connectionLimit, describeMachine } from '../../harness/machine.js'
import { PLACES } from '../../report/write-docs.js'
import { checkFiles } from '../files.js'
import { SPECS } from '../peers.js'
import { jitterHelp, parseJitterOptions } from './options.js'
import { describePlan, estimate, type JitterPlan } from './plan.js'
import { FORMS, type JitterReport } from './report.js'
import { measureJitter } from './run.js'

/** Resolves with the exit code. Throws a UsageError. */
export function jitter(args: readonly string[]): Promise<number> {
  const options = parseJitterOptions(args)
  const measure = () => measureAll(options.plan)
  return runScenario(options, { place: PLACES.jitter, forms: FORMS, help: jitterHelp, measure })
}

async function measureAll(plan: JitterPlan): Promise<JitterReport> {
  for (const peer of plan.peers) checkFiles(plan.clients, SPECS[peer].connections, connectionLimit())
  const { samples, failures } = await inTurn(
    plan.peers.map((peer) => ({
      title: SPECS[peer].title,
      description: describePlan(plan),
      seconds: estimate(plan),
      measure: () => measureJitter(peer, plan),
    })),
  )
  const versions = samples.map(({ version, settings }) => versionText(version, settings))
  const others = samples.map((sample) => sample.others)
  return { machine: describeMachine(), versions, others, plan, samples, failures }
}
