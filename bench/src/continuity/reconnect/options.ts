/** The command line of `npm run bench -- reconnect`. */
import { parseArgs } from 'node:util'
import { numberOf, orUsageError, takeJson } from '../../cli/arguments.js'
import { COMMON_FLAGS, COMMON_HELP, type CommonOptions, commonOptions } from '../../common/options.js'
import { duration } from '../../report/format.js'
import { aloneSeconds, herdSeconds, PATIENCE, type ReconnectPlan } from './plan.js'

export interface ReconnectOptions extends CommonOptions {
  readonly plan: ReconnectPlan
}

const FLAGS = {
  ...COMMON_FLAGS,
  clients: { type: 'string' },
  alone: { type: 'string' },
  messages: { type: 'string' },
  size: { type: 'string' },
  outage: { type: 'string' },
} as const

const DEFAULTS = { clients: 5000, alone: 100, messages: 100, size: 100, outage: 2 } as const
/** What Millrace keeps of a channel by default: of more, the first would be gone for good. */
const KEPT = 256

/** Reads the arguments. Throws a UsageError. */
export function parseReconnectOptions(args: readonly string[]): ReconnectOptions {
  const json = takeJson(args)
  const values = orUsageError(() => parseArgs({ args: [...json.rest], options: FLAGS }).values)
  const count = (name: Exclude<keyof typeof DEFAULTS, 'outage'>, atMost: number): number =>
    numberOf(name, values[name], { whole: true, atMost }) ?? DEFAULTS[name]
  return {
    ...commonOptions(json, values),
    plan: {
      clients: count('clients', 100_000),
      alone: count('alone', 100_000),
      messages: count('messages', KEPT),
      size: count('size', 60_000),
      outage: 1000 * (numberOf('outage', values.outage, { atMost: 3600 }) ?? DEFAULTS.outage),
      patience: PATIENCE,
    },
  }
}

export function reconnectHelp(): string {
  const { plan } = parseReconnectOptions([])
  return `Cuts many clients of Millrace off at once and lets them come back to what they missed; then some, one after the other.

npm run bench -- reconnect [options]

  --clients N         how many clients are cut at once (default ${DEFAULTS.clients.toLocaleString('en')})
  --alone N           how many are cut one after the other, in the second case (default ${DEFAULTS.alone})
  --messages N        how many messages each of them misses (default ${DEFAULTS.messages}, at most ${KEPT})
  --size BYTES        how long a message is (default ${DEFAULTS.size})
  --outage S          seconds from the cut of all to the return of the network (default ${DEFAULTS.outage})
${COMMON_HELP}

It takes about ${duration(herdSeconds(plan) + aloneSeconds(plan))}. Ends with 0 when nothing was lost, repeated or reordered and every target is reached, with 1 when
not, with 2 for a mistake on the command line. docs/performance.md explains method and figures.
`
}
