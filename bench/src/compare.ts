/** `npm run bench` without a command: measures servers beside each other, and reports. */
import { writeFileSync } from 'node:fs'
import { UsageError } from './cli/arguments.js'
import { helpText, type Options, parseOptions } from './cli/options.js'
import { progress } from './cli/progress.js'
import { connectionLimit, describeMachine, pinning, requireLinux } from './harness/machine.js'
import { missing, peerNamed } from './harness/peers.js'
import { carryOut } from './harness/run.js'
import type { Absence } from './harness/samples.js'
import { makePlan } from './plan/cases.js'
import { jsonReport, markdownReport, type Report, textReport } from './report/report.js'
import { PLACES, writeDocs } from './report/write-docs.js'

/** Resolves with the exit code. Throws a UsageError. */
export async function compare(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (options.help) {
    console.log(helpText())
    return 0
  }
  requireLinux()
  const report = await measure(options)
  publish(report, options)
  return report.failures.length === 0 ? 0 : 1
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
  if (options.writeDocs) writeDocs(markdownReport(report), PLACES.results)
  console.log(options.json && options.jsonFile === undefined ? jsonReport(report) : textReport(report))
}
