/** `npm run bench -- reconnect`. */
import { connectionLimit, describeMachine, requireLinux } from '../../harness/machine.js'
import { duration } from '../../report/format.js'
import { PLACES } from '../../report/write-docs.js'
import { checkFiles } from '../files.js'
import { SPECS } from '../peers.js'
import { publish } from '../report/publish.js'
import { measureAlone } from './alone.js'
import { measureHerd } from './herd.js'
import { parseReconnectOptions, reconnectHelp } from './options.js'
import { aloneSeconds, describeAlone, describeHerd, herdSeconds, type ReconnectPlan } from './plan.js'
import { allReached, jsonReport, markdownReport, type ReconnectReport, textReport } from './report.js'

/** Resolves with the exit code. Throws a UsageError. */
export async function reconnect(args: readonly string[]): Promise<number> {
  const options = parseReconnectOptions(args)
  if (options.help) {
    console.log(reconnectHelp())
    return 0
  }
  requireLinux()
  const report = await measure(options.plan)
  publish(options, {
    place: PLACES.reconnect,
    text: () => textReport(report),
    markdown: () => markdownReport(report),
    json: () => jsonReport(report),
  })
  return allReached(report) ? 0 : 1
}

/** A case that fails is noted, and the other goes on. */
async function measure(plan: ReconnectPlan): Promise<ReconnectReport> {
  checkFiles(Math.max(plan.clients, plan.alone), SPECS.millrace.connections, connectionLimit())
  const failures: string[] = []
  const attempt = async <Sample>(what: string, work: () => Promise<Sample>): Promise<Sample | undefined> => {
    try {
      return await work()
    } catch (error) {
      failures.push(`Failed: ${what}: ${(error as Error).message}`)
      return undefined
    }
  }
  const say = (place: string, seconds: number, what: string): void =>
    void process.stderr.write(`[${place}, ${duration(seconds)} left] Millrace: ${what}\n`)
  say('1/2', herdSeconds(plan) + aloneSeconds(plan), describeHerd(plan))
  const herd = await attempt('all at once', () => measureHerd(plan))
  say('2/2', aloneSeconds(plan), describeAlone(plan))
  const alone = await attempt('one by one', () => measureAlone(plan))
  return {
    machine: describeMachine(),
    versions: herd === undefined ? [] : [herd.version],
    others: [herd, alone].flatMap((sample) => sample?.others ?? []),
    plan,
    herd,
    alone,
    failures,
  }
}
