/** `npm run bench`: parses the command line, measures, reports. */
import { writeFileSync } from 'node:fs'
import { helpText, type Options, parseOptions, UsageError } from './cli/options.js'
import { progress } from './cli/progress.js'
import { killAll } from './harness/child.js'
import { connectionLimit, describeMachine, pinning } from './harness/machine.js'
import { missing, peerNamed } from './harness/peers.js'
import { carryOut } from './harness/run.js'
import type { Absence } from './harness/samples.js'
import { makePlan } from './plan/cases.js'
import { jsonReport, markdownReport, type Report, textReport } from './report/report.js'
import { writeDocs } from './report/write-docs.js'

/** Exit codes: 1 when a run failed, 2 for a mistake on the command line, 130 and 143 for signals as shells have them. */
const EXIT = { failure: 1, usage: 2, SIGINT: 130, SIGTERM: 143 } as const

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) {
    console.log(helpText())
    return 0
  }
  if (process.platform !== 'linux')
    throw new UsageError('The benchmark reads CPU and memory from /proc: it needs Linux')
  const report = await measure(options)
  publish(report, options)
  return report.failures.length === 0 ? 0 : EXIT.failure
}

async function measure(options: Options): Promise<Report> {
  const absences = options.peers.flatMap((peer): Absence[] => {
    const hint = missing(peerNamed(peer))
    return hint === undefined ? [] : [{ peer, hint }]
  })
  for (const { peer, hint } of absences) process.stderr.write(`${peer} is left out. ${hint}\n`)
  const plan = makePlan({
    ...options,
    peers: options.peers.filter((peer) => !absences.some((absence) => absence.peer === peer)),
    maxConnections: connectionLimit(),
  })
  if (plan.groups.length === 0) throw new UsageError('Nothing is left to measure')
  const pins = pinning(options.pin)
  const versions = new Set<string>()
  const observer = progress(plan, (_, { version, runtime, settings }) => {
    versions.add(`${version} on ${runtime}${settings === undefined ? '' : ` (${settings.join(', ')})`}`)
  })
  const outcome = await carryOut(plan, pins, observer)
  const { rounds, warmup, firstWarmup, seconds } = plan
  return {
    machine: describeMachine(),
    pinning: pins.note,
    plan: { rounds, warmup, firstWarmup, seconds },
    versions: [...versions],
    absences,
    ...outcome,
  }
}

function publish(report: Report, options: Options): void {
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, jsonReport(report))
  if (options.writeDocs) writeDocs(markdownReport(report))
  console.log(options.json && options.jsonFile === undefined ? jsonReport(report) : textReport(report))
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(EXIT[signal]))
process.on('exit', killAll)

try {
  process.exit(await main())
} catch (error) {
  const usage = error instanceof UsageError
  process.stderr.write(`${usage ? error.message : (error as Error).stack}\n`)
  process.exit(usage ? EXIT.usage : EXIT.failure)
}
