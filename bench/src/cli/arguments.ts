/** What the command lines of the bench have in common. */

/** A mistake on the command line; its message says what would have been right. */
export class UsageError extends Error {}

/** What `parseArgs` returns; its complaints become UsageErrors. */
export function orUsageError<Result>(parse: () => Result): Result {
  try {
    return parse()
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** `--json` may stand alone or with a file, which parseArgs cannot express. */
export function takeJson(args: readonly string[]) {
  const at = args.findIndex((arg) => arg === '--json' || arg.startsWith('--json='))
  const flag = args[at]
  if (flag === undefined) return { rest: args, json: false, jsonFile: undefined }
  const next = args[at + 1]
  const inline = flag.startsWith('--json=') ? flag.slice('--json='.length) : undefined
  const separate = inline === undefined && next !== undefined && !next.startsWith('-') ? next : undefined
  const rest = args.filter((_, i) => i !== at && !(separate !== undefined && i === at + 1))
  return { rest, json: true, jsonFile: inline ?? separate }
}

/** Values given once or often, or with commas; all of them when none is given. */
export function among<T extends string>(
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

export interface Bounds {
  readonly whole?: boolean
  /** Default: above 0. */
  readonly atLeast?: number
  readonly atMost: number
}

/** A number within bounds; undefined when none is given. */
export function numberOf(name: string, given: string | undefined, bounds: Bounds): number | undefined {
  if (given === undefined) return undefined
  const { whole = false, atLeast, atMost } = bounds
  const value = given.trim() === '' ? Number.NaN : Number(given)
  const enough = atLeast === undefined ? value > 0 : value >= atLeast
  if (!(enough && value <= atMost) || (whole && !Number.isInteger(value))) {
    const lowest = atLeast === undefined ? 'above 0 and' : `of at least ${atLeast} and`
    throw new UsageError(
      `--${name} ${given}: must be a ${whole ? 'whole ' : ''}number ${lowest} at most ${atMost}`,
    )
  }
  return value
}
