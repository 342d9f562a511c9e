/** The command line of `npm run bench -- jitter`. */
import { parseArgs } from 'node:util'
import { among, numberOf, orUsageError, takeJson, UsageError } from '../../cli/arguments.js'
import { COMMON_FLAGS, COMMON_HELP, type CommonOptions, commonOptions } from '../../common/options.js'
import { duration } from '../../report/format.js'
import { CONTINUITY_PEERS } from '../peers.js'
import { estimate, type JitterPlan, SETTLING } from './plan.js'

export interface JitterOptions extends CommonOptions {
  readonly plan: JitterPlan
}

const FLAGS = {
  ...COMMON_FLAGS,
  peer: { type: 'string', multiple: true },
  clients: { type: 'string' },
  messages: { type: 'string' },
  interval: { type: 'string' },
  'drop-every': { type: 'string' },
  outage: { type: 'string' },
} as const

/** Seconds and counts, as they are given. */
const DEFAULTS = { clients: 1000, messages: 120, interval: 1, dropEvery: 15, outage: 1 } as const

/** Reads the arguments. Throws a UsageError. */
export function parseJitterOptions(args: readonly string[]): JitterOptions {
  const json = takeJson(args)
  const values = orUsageError(() => parseArgs({ args: [...json.rest], options: FLAGS }).values)
  const seconds = (name: 'interval' | 'drop-every', usual: number): number =>
    1000 * (numberOf(name, values[name], { atMost: 3600 }) ?? usual)
  const count = (name: 'clients' | 'messages', atMost: number): number =>
    numberOf(name, values[name], { whole: true, atMost }) ?? DEFAULTS[name]
  const plan: JitterPlan = {
    peers: among('peer', values.peer, CONTINUITY_PEERS),
    clients: count('clients', 100_000),
    messages: count('messages', 100_000),
    interval: seconds('interval', DEFAULTS.interval),
    dropEvery: seconds('drop-every', DEFAULTS.dropEvery),
    outage: 1000 * (numberOf('outage', values.outage, { atLeast: 0, atMost: 3600 }) ?? DEFAULTS.outage),
    settling: SETTLING,
  }
  if (plan.outage >= plan.dropEvery)
    throw new UsageError('--outage must be shorter than --drop-every: an outage ends before the next begins')
  return { ...commonOptions(json, values), plan }
}

export function jitterHelp(): string {
  const { plan } = parseJitterOptions([])
  return `Drops the connections of many clients again and again while messages go on, and counts what becomes of the messages.

npm run bench -- jitter [options]

  --clients N         how many clients, all in one channel (default ${DEFAULTS.clients.toLocaleString('en')})
  --messages N        how many messages are published to it (default ${DEFAULTS.messages})
  --interval S        seconds from one message to the next (default ${DEFAULTS.interval})
  --drop-every S      seconds from one drop of a client's connection to the next; clients take turns (default ${DEFAULTS.dropEvery})
  --outage S          seconds for which a client that was dropped cannot connect (default ${DEFAULTS.outage})
  --peer NAME         only this peer (repeatable): ${CONTINUITY_PEERS.join(', ')}
${COMMON_HELP}

Each peer takes about ${duration(estimate(plan))}. Ends with 0 when Millrace lost, repeated and reordered nothing and every target is
reached, with 1 when not, with 2 for a mistake on the command line. docs/performance.md explains method and figures.
`
}
