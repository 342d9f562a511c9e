import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

export const HELP = `
Usage: npm run simulate [-- OPTION…]

Runs the hub and the client, as they ship, in a world without sockets: nodes, a broker between them, people on their pages,
and all that goes wrong between real ones. Each seed is a world of its own, and decides everything in it. Afterwards what
everybody was told is held against what was stored; docs/simulation.md says how.

  --seeds N    how many worlds. Default 1000
  --from N     the first seed. Default 1; the others follow it
  --seed N     only this one, with its trace
  --jobs N     processes at work. Default: one for each core
  --bail       stop at the first world in which a promise was broken
  --json       print one JSON document
  --help       print this

Exit code: 0 when every promise was kept, 1 when one was broken, 2 when the arguments make no sense.
`

export interface SimulateOptions {
  readonly seeds: number
  readonly from: number
  /** Set when only one is wanted. */
  readonly seed: number | undefined
  readonly jobs: number
  readonly bail: boolean
  readonly json: boolean
  readonly help: boolean
}

/** A mistake in the arguments, in a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws {UsageError} */
export function readOptions(args: readonly string[]): SimulateOptions {
  const values = parse(args)
  return {
    seeds: count('seeds', values.seeds) ?? 1000,
    from: count('from', values.from) ?? 1,
    seed: count('seed', values.seed),
    jobs: count('jobs', values.jobs) ?? availableParallelism(),
    bail: values.bail ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string' },
        from: { type: 'string' },
        seed: { type: 'string' },
        jobs: { type: 'string' },
        bail: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`--${name} is a whole number of at least 1, not ${text}`)
  return value
}
