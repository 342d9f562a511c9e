/** `npm run bench -- slow-readers`. */
import { UsageError } from '../cli/arguments.js'
import { publish } from '../continuity/report/publish.js'
import { connectionLimit, describeMachine, requireLinux } from '../harness/machine.js'
import { duration } from '../report/format.js'
import { PLACES } from '../report/write-docs.js'
import { parseSlowOptions, slowHelp } from './options.js'
import { SPECS } from './peers.js'
import { describePlan, estimate, type SlowPlan } from './plan.js'
import { allReached, jsonReport, markdownReport, type SlowReport, textReport } from './report.js'
import { measureSlowReaders, type SlowSample } from './run.js'

/** Resolves with the exit code. Throws a UsageError. */
export async function slowReaders(args: readonly string[]): Promise<number> {
  const options = parseSlowOptions(args)
  if (options.help) {
    console.log(slowHelp())
    return 0
  }
  requireLinux()
  const report = await measure(options.plan)
  publish(options, {
    place: PLACES.slowReaders,
    text: () => textReport(report),
    markdown: () => markdownReport(report),
    json: () => jsonReport(report),
  })
  return allReached(report) ? 0 : 1
}

/** One peer after the other. One that fails is noted, and the others go on. */
async function measure(plan: SlowPlan): Promise<SlowReport> {
  const limit = connectionLimit()
  if (plan.fast > limit)
    throw new UsageError(
      `--readers ${plan.fast}: each needs an open file, and the limit here leaves ${limit}: raise it (ulimit -Hn)`,
    )
  const samples: SlowSample[] = []
  const failures: string[] = []
  for (const [index, peer] of plan.peers.entries()) {
    const remaining = duration((plan.peers.length - index) * estimate(plan))
    process.stderr.write(
      `[${index + 1}/${plan.peers.length}, ${remaining} left] ${SPECS[peer].title}: ${describePlan(plan)}\n`,
    )
    try {
      samples.push(await measureSlowReaders(peer, plan))
    } catch (error) {
      failures.push(`Failed: ${SPECS[peer].title}: ${(error as Error).message}`)
    }
  }
  const versions = samples.map(({ version }) => version)
  const others = samples.map((sample) => sample.others)
  return { machine: describeMachine(), versions, others, plan, samples, failures }
}
