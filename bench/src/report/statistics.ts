/** Medians and spreads of a few rounds. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The median of at least one value; the mean of the middle two when their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('There is no median of nothing')
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] as number
  const lower = sorted[(sorted.length - 1) >> 1] as number
  return (lower + upper) / 2
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
})

interface InRound {
  readonly round: number
}

/**
 * How many times a value is another's. The two are compared within each round, where the machine was in about the same mood,
 * and the quotients are then summed up; undefined when no round has both.
 */
export function ratioOf<S extends InRound>(
  ours: readonly S[],
  theirs: readonly S[],
  value: (sample: S) => number,
): Spread | undefined {
  const quotients = ours.flatMap((own) => {
    const other = theirs.find((one) => one.round === own.round)
    return other === undefined || value(other) === 0 ? [] : [value(own) / value(other)]
  })
  return quotients.length === 0 ? undefined : spreadOf(quotients)
}
