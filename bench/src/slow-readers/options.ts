/** The command line of `npm run bench -- slow-readers`. */
import { parseArgs } from 'node:util'
import { among, numberOf, orUsageError, takeJson } from '../cli/arguments.js'
import { COMMON_FLAGS, COMMON_HELP, type CommonOptions, commonOptions } from '../common/options.js'
import { duration } from '../report/format.js'
import { SLOW_PEERS } from './peers.js'
import { estimate, type SlowPlan } from './plan.js'

export interface SlowOptions extends CommonOptions {
  readonly plan: SlowPlan
}

const FLAGS = {
  ...COMMON_FLAGS,
  peer: { type: 'string', multiple: true },
  readers: { type: 'string' },
  kbit: { type: 'string' },
  seconds: { type: 'string' },
  calm: { type: 'string' },
} as const

const DEFAULTS = { readers: 200, kbit: 64, seconds: 40, calm: 10 } as const

/** Reads the arguments. Throws a UsageError. */
export function parseSlowOptions(args: readonly string[]): SlowOptions {
  const json = takeJson(args)
  const values = orUsageError(() => parseArgs({ args: [...json.rest], options: FLAGS }).values)
  const seconds = (name: 'seconds' | 'calm'): number =>
    numberOf(name, values[name], { atMost: 3600 }) ?? DEFAULTS[name]
  const plan: SlowPlan = {
    peers: among('peer', values.peer, SLOW_PEERS),
    fast: numberOf('readers', values.readers, { whole: true, atMost: 10_000 }) ?? DEFAULTS.readers,
    rate: ((numberOf('kbit', values.kbit, { atMost: 100_000 }) ?? DEFAULTS.kbit) * 1000) / 8,
    slow: seconds('seconds'),
    calm: seconds('calm'),
  }
  return { ...commonOptions(json, values), plan }
}

export function slowHelp(): string {
  const { plan } = parseSlowOptions([])
  return `Puts a stalled reader and one behind a thin link among many fast ones, and looks what each of them gets, and what they cost.

npm run bench -- slow-readers [options]

  --readers N         how many keep up (default ${DEFAULTS.readers})
  --kbit N            kilobits a second that the thin link carries (default ${DEFAULTS.kbit})
  --seconds S         for how long the slow ones are there (default ${DEFAULTS.seconds})
  --calm S            for how long it is measured without them, before and after (default ${DEFAULTS.calm})
  --peer NAME         only this peer (repeatable): ${SLOW_PEERS.join(', ')}
${COMMON_HELP}

Each peer takes about ${duration(estimate(plan))}. Ends with 0 when Millrace reaches every target, with 1 when not, with 2 for a mistake on the command line.
docs/performance.md explains method and figures.
`
}
