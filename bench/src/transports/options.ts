/** The command line of `npm run bench -- transports`. */
import { parseArgs } from 'node:util'
import { among, numberOf, orUsageError, takeJson, UsageError } from '../cli/arguments.js'
import { COMMON_FLAGS, COMMON_HELP, type CommonOptions, commonOptions } from '../common/options.js'
import { count, duration } from '../report/format.js'
import { contestantsOf, PEERS, TRANSPORTS } from './contestants.js'
import { CASES, type TransportPlan, totalSeconds } from './plan.js'

export interface TransportOptions extends CommonOptions {
  readonly pin: boolean
  readonly plan: TransportPlan
}

const FLAGS = {
  ...COMMON_FLAGS,
  quick: { type: 'boolean' },
  'no-pin': { type: 'boolean' },
  case: { type: 'string', multiple: true },
  peer: { type: 'string', multiple: true },
  transport: { type: 'string', multiple: true },
  clients: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  idle: { type: 'string' },
  'idle-seconds': { type: 'string' },
} as const

/** Numbers of clients, of rounds, and seconds. Three heartbeats of Millrace fit into the idle time, and one of Socket.IO. */
const FULL = { clients: 1000, rounds: 3, seconds: 8, warmUp: 5, idle: 10_000, idleSeconds: 30 } as const
const QUICK = { clients: 1000, rounds: 2, seconds: 3, warmUp: 3, idle: 2000, idleSeconds: 10 } as const

/** Reads the arguments. Throws a UsageError. */
export function parseTransportOptions(args: readonly string[]): TransportOptions {
  const json = takeJson(args)
  const values = orUsageError(() => parseArgs({ args: [...json.rest], options: FLAGS }).values)
  const usual = values.quick === true ? QUICK : FULL
  const cases = among('case', values.case, CASES)
  const whole = (name: 'clients' | 'rounds' | 'seconds' | 'idle', atMost: number): number =>
    numberOf(name, values[name], { whole: true, atMost }) ?? usual[name]
  const idleSeconds = numberOf('idle-seconds', values['idle-seconds'], { atMost: 3600 }) ?? usual.idleSeconds
  const load = {
    clients: whole('clients', 8000),
    rounds: whole('rounds', 100),
    window: whole('seconds', 3600),
    warmUp: usual.warmUp,
  }
  const idle = { connections: whole('idle', 100_000), seconds: idleSeconds }
  const plan: TransportPlan = {
    contestants: contestantsOf(
      among('peer', values.peer, PEERS),
      among('transport', values.transport, TRANSPORTS),
    ),
    load: cases.includes('load') ? load : undefined,
    idle: cases.includes('idle') ? idle : undefined,
  }
  if (plan.contestants.length === 0)
    throw new UsageError('socket.io has no stream: nothing is left to measure')
  return { ...commonOptions(json, values), pin: values['no-pin'] !== true, plan }
}

const length = (args: readonly string[]): string => duration(totalSeconds(parseTransportOptions(args).plan))

export const transportHelp =
  (): string => `Measures what clients cost that come by HTTP streaming or long polling, beside those by WebSocket, and beside Socket.IO's.

npm run bench -- transports [options]

  --quick             less of everything, about ${length(['--quick'])}; the whole takes about ${length([])}
  --case NAME         only this case (repeatable): ${CASES.join(', ')}
  --peer NAME         only this peer (repeatable): ${PEERS.join(', ')}
  --transport NAME    only this transport (repeatable): ${TRANSPORTS.join(', ')}
  --clients N         load: how many clients get a message a second (default ${count(FULL.clients)})
  --rounds N          load: how often each contestant is measured, taking turns (default ${FULL.rounds})
  --seconds S         load: length of each measured window (default ${FULL.seconds})
  --idle N            idle: how many connections (default ${count(FULL.idle)})
  --idle-seconds S    idle: for how long (default ${FULL.idleSeconds})
  --no-pin            do not pin server and clients to a core each
${COMMON_HELP}

Ends with 0 when Millrace lost nothing and reaches every target, with 1 when not, with 2 for a mistake on the command line.
docs/performance.md explains method and figures.
`
