/** `npm run bench -- transports`. */
import { UsageError } from '../cli/arguments.js'
import { inTurn, type Part, runScenario } from '../common/command.js'
import { versionText } from '../common/report/circumstances.js'
import { connectionLimit, describeMachine, pinning } from '../harness/machine.js'
import { PLACES } from '../report/write-docs.js'
import { titleOf } from './contestants.js'
import { type IdleSample, measureIdle } from './idle.js'
import { type LoadOutcome, measureLoad } from './load.js'
import { parseTransportOptions, type TransportOptions, transportHelp } from './options.js'
import { describeIdle, describeLoad, idleSeconds, loadSeconds, type TransportPlan } from './plan.js'
import { FORMS, type TransportReport } from './report/report.js'
import type { Stage } from './world.js'

/** Resolves with the exit code. Throws a UsageError. */
export function transports(args: readonly string[]): Promise<number> {
  const options = parseTransportOptions(args)
  const measure = () => measureAll(options)
  return runScenario(options, { place: PLACES.transports, forms: FORMS, help: transportHelp, measure })
}

type Outcome = { readonly load: LoadOutcome } | { readonly idle: IdleSample }

function partsOf(plan: TransportPlan, stage: Stage): Part<Outcome>[] {
  const { contestants, load, idle } = plan
  const loads: Part<Outcome>[] =
    load === undefined
      ? []
      : [
          {
            title: 'load',
            description: describeLoad(load),
            seconds: loadSeconds(plan),
            measure: async () => ({ load: await measureLoad(contestants, load, stage) }),
          },
        ]
  const idles = (idle === undefined ? [] : contestants).flatMap((contestant): Part<Outcome>[] =>
    idle === undefined
      ? []
      : [
          {
            title: titleOf(contestant),
            description: describeIdle(idle),
            seconds: idleSeconds(idle),
            measure: async () => ({ idle: await measureIdle(contestant, idle, stage) }),
          },
        ],
  )
  return [...loads, ...idles]
}

async function measureAll({ plan, pin }: TransportOptions): Promise<TransportReport> {
  checkFiles(plan)
  const pins = pinning(pin)
  const { samples: outcomes, failures } = await inTurn(partsOf(plan, { pinning: pins }))
  const loads = outcomes.flatMap((outcome) => ('load' in outcome ? [outcome.load] : []))
  const load = loads.flatMap(({ samples }) => samples)
  const idle = outcomes.flatMap((outcome) => ('idle' in outcome ? [outcome.idle] : []))
  const versions = [...load, ...idle].map(({ version, settings }) => versionText(version, settings))
  return {
    machine: describeMachine(),
    processes: `each transport has a server of its own; ${pins.note}`,
    versions: [...new Set(versions)],
    others: [
      ...load.flatMap(({ windows }) => windows.map(({ others }) => others)),
      ...idle.map(({ others }) => others),
    ],
    plan,
    load,
    idle,
    failures: [...failures, ...loads.flatMap((outcome) => outcome.failures)],
  }
}

/** A server needs a file for each connection, and for up to half as many more over which clients by streaming have just said something. */
function checkFiles({ load, idle }: TransportPlan): void {
  const most = Math.max(load?.clients ?? 0, idle?.connections ?? 0)
  const limit = connectionLimit()
  if (most * 1.5 <= limit) return
  throw new UsageError(
    `The server needs up to 1.5 open files for each of ${most} connections, and the limit here leaves ${limit}: raise it (ulimit -Hn), or take fewer (--idle, --clients)`,
  )
}
