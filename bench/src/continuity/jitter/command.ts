/** `npm run bench -- jitter`. */
import { connectionLimit, describeMachine, requireLinux } from '../../harness/machine.js'
import { duration } from '../../report/format.js'
import { PLACES } from '../../report/write-docs.js'
import { checkFiles } from '../files.js'
import { SPECS } from '../peers.js'
import { versionText } from '../report/circumstances.js'
import { publish } from '../report/publish.js'
import { jitterHelp, parseJitterOptions } from './options.js'
import { describePlan, estimate, type JitterPlan } from './plan.js'
import { allReached, type JitterReport, jsonReport, markdownReport, textReport } from './report.js'
import { type JitterSample, measureJitter } from './run.js'

/** Resolves with the exit code. Throws a UsageError. */
export async function jitter(args: readonly string[]): Promise<number> {
  const options = parseJitterOptions(args)
  if (options.help) {
    console.log(jitterHelp())
    return 0
  }
  requireLinux()
  const report = await measure(options.plan)
  publish(options, {
    place: PLACES.jitter,
    text: () => textReport(report),
    markdown: () => markdownReport(report),
    json: () => jsonReport(report),
  })
  return allReached(report) ? 0 : 1
}

/** One peer after the other. One that fails is noted, and the others go on. */
async function measure(plan: JitterPlan): Promise<JitterReport> {
  for (const peer of plan.peers) checkFiles(plan.clients, SPECS[peer].connections, connectionLimit())
  const samples: JitterSample[] = []
  const failures: string[] = []
  for (const [index, peer] of plan.peers.entries()) {
    const left = duration((plan.peers.length - index) * estimate(plan))
    process.stderr.write(
      `[${index + 1}/${plan.peers.length}, ${left} left] ${SPECS[peer].title}: ${describePlan(plan)}\n`,
    )
    try {
      samples.push(await measureJitter(peer, plan))
    } catch (error) {
      failures.push(`Failed: ${SPECS[peer].title}: ${(error as Error).message}`)
    }
  }
  const versions = samples.map(({ version, settings }) => versionText(version, settings))
  const others = samples.map((sample) => sample.others)
  return { machine: describeMachine(), versions, others, plan, samples, failures }
}
