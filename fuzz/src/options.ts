import { parseArgs } from 'node:util'

export const HELP = `
Usage: npm run fuzz [-- OPTION…]

Feeds every parser that reads what a stranger wrote with inputs that are valid, nearly valid and broken. A parser may
succeed or fail with an error it documents; it must not throw anything else, be slow, grow without bound, tell different things
when the same octets are cut differently, or write something else than it read.

  --seconds N      seconds for each parser. Default 10
  --iterations N   inputs for each parser, instead of seconds
  --parser NAME    parsers whose names contain NAME; may be repeated. Default: all
  --seed N         the sequence of inputs. Default: chosen at random and printed
  --replay FILE    try the one input in FILE (hex), as a finding was written; needs exactly one --parser
  --list           print the parsers
  --json           print one JSON document
  --help           print this

Exit code: 0 when nothing was found, 1 when something was, 2 when the arguments make no sense. A finding is printed with its
seed and the smallest input that shows it, and written to temp/fuzz/.
`

export interface FuzzOptions {
  readonly seconds: number
  readonly iterations: number | undefined
  readonly parsers: readonly string[]
  readonly seed: number
  readonly replay: string | undefined
  readonly list: boolean
  readonly json: boolean
  readonly help: boolean
}

/** A mistake in the arguments, in a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws {UsageError} */
export function readOptions(args: readonly string[], someSeed: () => number): FuzzOptions {
  const values = parse(args)
  const parsers = values.parser ?? []
  if (values.replay !== undefined && parsers.length !== 1)
    throw new UsageError('--replay needs exactly one --parser')
  return {
    seconds: number('seconds', values.seconds) ?? 10,
    iterations: number('iterations', values.iterations),
    parsers,
    seed: number('seed', values.seed) ?? someSeed(),
    replay: values.replay,
    list: values.list ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        iterations: { type: 'string' },
        parser: { type: 'string', multiple: true },
        seed: { type: 'string' },
        replay: { type: 'string' },
        list: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value >= 0) || text.trim() === '') throw new UsageError(`--${name} is a number, not ${text}`)
  return value
}
