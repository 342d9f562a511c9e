/** Exact quantiles of some durations. */

export interface Quantiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
  readonly count: number
}

/** Undefined when there are none. */
export function quantilesOf(values: readonly number[]): Quantiles | undefined {
  if (values.length === 0) return undefined
  const sorted = Float64Array.from(values).sort()
  // The value at or below which the share lies, which is one of the values.
  const at = (share: number): number =>
    hundredths(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] as number)
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1), count: sorted.length }
}

/** What the clock shows; a difference of two moments has digits beyond it that mean nothing. */
const hundredths = (value: number): number => Math.round(value * 100) / 100
