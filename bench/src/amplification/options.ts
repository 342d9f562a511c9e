/** The command line of `npm run bench -- amplification`. */
import { parseArgs } from 'node:util'
import { among, numberOf, orUsageError, takeJson } from '../cli/arguments.js'
import { COMMON_FLAGS, type CommonOptions, commonOptions } from '../common/options.js'
import { duration } from '../report/format.js'
import { CASE_NAMES, CASES } from './cases.js'
import { type AmplificationPlan, total } from './plan.js'

export interface AmplificationOptions extends CommonOptions {
  readonly plan: AmplificationPlan
}

const FLAGS = {
  ...COMMON_FLAGS,
  quick: { type: 'boolean' },
  case: { type: 'string', multiple: true },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
} as const

const FULL = { rounds: 3, seconds: 4 } as const
/** Without what takes longer than ten seconds. */
const QUICK = { rounds: 1, seconds: 1 } as const

/** Reads the arguments. Throws a UsageError. */
export function parseAmplificationOptions(args: readonly string[]): AmplificationOptions {
  const json = takeJson(args)
  const values = orUsageError(() => parseArgs({ args: [...json.rest], options: FLAGS }).values)
  const quick = values.quick === true
  const usual = quick ? QUICK : FULL
  const names = among('case', values.case, CASE_NAMES)
  const plan: AmplificationPlan = {
    cases: CASES.filter(({ name, lasts }) => names.includes(name) && !(quick && lasts !== undefined)),
    rounds: numberOf('rounds', values.rounds, { whole: true, atMost: 100 }) ?? usual.rounds,
    seconds: numberOf('seconds', values.seconds, { atMost: 60 }) ?? usual.seconds,
  }
  return { ...commonOptions(json, values), plan }
}

const length = (args: readonly string[]): string => duration(total(parseAmplificationOptions(args).plan))

export const amplificationHelp =
  (): string => `Attacks a server with its default limits, a limit at a time, and looks what comes back and what it costs: bytes, processor, memory.

npm run bench -- amplification [options]

  --quick             less of everything, about ${length(['--quick'])}; the whole takes about ${length([])}
  --case NAME         only these attacks (repeatable): ${CASE_NAMES.join(', ')}
  --rounds N          how often each is measured (default ${FULL.rounds})
  --seconds S         for how long an attack goes on that could do so for ever (default ${FULL.seconds})
  --json [FILE]       every figure as JSON, to FILE or instead of the tables
  --write-docs        put the tables into docs/limits.md
  --help              this text

Ends with 0 when every attack went as it should, with 1 when not, with 2 for a mistake on the command line.
docs/limits.md explains the limits.
`
