/** `npm run bench -- reconnect`. */
import { inTurn, runScenario } from '../../common/command.js'
import { connectionLimit, describeMachine } from '../../harness/machine.js'
import { PLACES } from '../../report/write-docs.js'
import { checkFiles } from '../files.js'
import { SPECS } from '../peers.js'
import { type AloneSample, measureAlone } from './alone.js'
import { type HerdSample, measureHerd } from './herd.js'
import { parseReconnectOptions, reconnectHelp } from './options.js'
import { aloneSeconds, describeAlone, describeHerd, herdSeconds, type ReconnectPlan } from './plan.js'
import { FORMS, type ReconnectReport } from './report.js'

/** Resolves with the exit code. Throws a UsageError. */
export function reconnect(args: readonly string[]): Promise<number> {
  const options = parseReconnectOptions(args)
  const measure = () => measureAll(options.plan)
  return runScenario(options, { place: PLACES.reconnect, forms: FORMS, help: reconnectHelp, measure })
}

async function measureAll(plan: ReconnectPlan): Promise<ReconnectReport> {
  checkFiles(Math.max(plan.clients, plan.alone), SPECS.millrace.connections, connectionLimit())
  const { samples, failures } = await inTurn<{ herd: HerdSample } | { alone: AloneSample }>([
    {
      title: 'Millrace, all at once',
      description: describeHerd(plan),
      seconds: herdSeconds(plan),
      measure: async () => ({ herd: await measureHerd(plan) }),
    },
    {
      title: 'Millrace, one by one',
      description: describeAlone(plan),
      seconds: aloneSeconds(plan),
      measure: async () => ({ alone: await measureAlone(plan) }),
    },
  ])
  const herd = samples.flatMap((sample) => ('herd' in sample ? sample.herd : []))[0]
  const alone = samples.flatMap((sample) => ('alone' in sample ? sample.alone : []))[0]
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
