/** The command line. */
import { parseArgs } from 'node:util'
import { PEER_NAMES, type PeerName } from '../harness/peers.js'
import { estimate, makePlan, SCENARIOS, type ScenarioName } from '../plan/cases.js'
import { duration } from '../report/format.js'

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

/** A mistake on the command line; its message says what would have been right. */
export class UsageError extends Error {}

/** Reads the arguments. Throws a UsageError. */
export function parseOptions(args: readonly string[]): Options {
  const { rest, json, jsonFile } = takeJson(args)
  const { values } = parse(rest)
  return {
    help: values.help ?? false,
    json,
    jsonFile,
    quick: values.quick ?? false,
    writeDocs: values['write-docs'] ?? false,
    pin: !(values['no-pin'] ?? false),
    scenarios: among('scenario', values.scenario, SCENARIOS),
    peers: among('peer', values.peer, PEER_NAMES),
    rounds: positive('rounds', values.rounds, true),
    seconds: positive('seconds', values.seconds, false),
  }
}

/** `--json` may stand alone or with a file, which parseArgs cannot express. */
function takeJson(args: readonly string[]) {
  const at = args.findIndex((arg) => arg === '--json' || arg.startsWith('--json='))
  const flag = args[at]
  if (flag === undefined) return { rest: args, json: false, jsonFile: undefined }
  const next = args[at + 1]
  const inline = flag.startsWith('--json=') ? flag.slice('--json='.length) : undefined
  const separate = inline === undefined && next !== undefined && !next.startsWith('-') ? next : undefined
  const rest = args.filter((_, i) => i !== at && !(separate !== undefined && i === at + 1))
  return { rest, json: true, jsonFile: inline ?? separate }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        quick: { type: 'boolean' },
        'write-docs': { type: 'boolean' },
        'no-pin': { type: 'boolean' },
        scenario: { type: 'string', multiple: true },
        peer: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** Values given once or often, or with commas; all of them when none is given. */
function among<T extends string>(
  name: string,
  given: readonly string[] | undefined,
  known: readonly T[],
): readonly T[] {
  if (given === undefined) return known
  const names = given.flatMap((value) => value.split(','))
  const unknown = names.find((value) => !known.some((one) => one === value))
  if (unknown !== undefined) throw new UsageError(`--${name} ${unknown}: must be one of ${known.join(', ')}`)
  return known.filter((one) => names.includes(one))
}

function positive(name: string, given: string | undefined, whole: boolean): number | undefined {
  if (given === undefined) return undefined
  const value = Number(given)
  if (!(value > 0 && value <= 3600) || (whole && !Number.isInteger(value))) {
    throw new UsageError(
      `--${name} ${given}: must be a ${whole ? 'whole ' : ''}number above 0 and at most 3600`,
    )
  }
  return value
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
`
