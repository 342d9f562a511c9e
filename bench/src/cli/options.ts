/** The command line. */
import { parseArgs } from 'node:util'
import { PEER_NAMES, type PeerName } from '../harness/peers.js'
import { estimate, makePlan, SCENARIOS, type ScenarioName } from '../plan/cases.js'
import { duration } from '../report/format.js'
import { among, numberOf, orUsageError, takeJson } from './arguments.js'

export interface Options {
  readonly help: boolean
  /** Print JSON instead of tables, or write it to a file. */
  readonly json: boolean
  readonly jsonFile: string | undefined
  readonly quick: boolean
  readonly writeDocs: boolean
  readonly pin: boolean
  readonly scenarios: readonly ScenarioName[]
  readonly peers: readonly PeerName[]
  readonly rounds: number | undefined
  readonly seconds: number | undefined
}

const FLAGS = {
  help: { type: 'boolean', short: 'h' },
  quick: { type: 'boolean' },
  'write-docs': { type: 'boolean' },
  'no-pin': { type: 'boolean' },
  scenario: { type: 'string', multiple: true },
  peer: { type: 'string', multiple: true },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
} as const

/** Reads the arguments. Throws a UsageError. */
export function parseOptions(args: readonly string[]): Options {
  const { rest, json, jsonFile } = takeJson(args)
  const values = orUsageError(() => parseArgs({ args: [...rest], options: FLAGS }).values)
  return {
    help: values.help ?? false,
    json,
    jsonFile,
    quick: values.quick ?? false,
    writeDocs: values['write-docs'] ?? false,
    pin: !(values['no-pin'] ?? false),
    scenarios: among('scenario', values.scenario, SCENARIOS),
    peers: among('peer', values.peer, PEER_NAMES),
    rounds: numberOf('rounds', values.rounds, { whole: true, atMost: 3600 }),
    seconds: numberOf('seconds', values.seconds, { atMost: 3600 }),
  }
}

const lengthOf = (quick: boolean): string =>
  duration(
    estimate(
      makePlan({ quick, scenarios: SCENARIOS, peers: PEER_NAMES, maxConnections: Number.POSITIVE_INFINITY }),
    ),
  )

export const helpText =
  (): string => `Measures Millrace beside other WebSocket servers, in one run and by one load generator.

npm run bench -- [options]

  --quick             a reduced matrix, about ${lengthOf(true)}; the whole one takes about ${lengthOf(false)}
  --scenario NAME     only this scenario (repeatable): ${SCENARIOS.join(', ')}
  --peer NAME         only this peer (repeatable): ${PEER_NAMES.join(', ')}
  --rounds N          how often each case is measured, peers taking turns
  --seconds S         length of each measured window
  --json [FILE]       every sample as JSON, to FILE or instead of the tables
  --write-docs        put the tables into docs/performance.md
  --no-pin            do not pin server and load generator to a core each
  --help              this text

The whole matrix: fan-out to 1, 100, 1,000 and 10,000 subscribers with 16 B, 100 B and 4 KB and 1 and 16 broadcasts
outstanding; echo with 1 and 32 in flight; connect rate; idle memory at 1,000, 10,000 and 19,000 connections; fan-out
beside 100,000 idle channels. docs/performance.md explains method and figures.

What becomes of messages when connections break is measured by commands of their own, each with --help:

  npm run bench -- jitter     connections dropped again and again, beside Socket.IO
  npm run bench -- reconnect  thousands of clients that come back at once to what they missed

So is what becomes of readers that are slower than their channel, and of the others in it:

  npm run bench -- slow-readers

What a server costs whom it is attacked by, a limit at a time:

  npm run bench -- amplification

And what the transports cost that stand in for WebSockets where a network lets none through:

  npm run bench -- transports
`
