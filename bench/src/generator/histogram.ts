/** Counts of durations in buckets that grow with the value: 64 to each doubling, so a quantile is within 1.6 %. */

const SUB_BITS = 6
const SUBS = 1 << SUB_BITS
/** Covers up to 2^27 µs, more than two minutes; what is longer counts as that. */
const DOUBLINGS = 22

export interface Quantiles {
  /** Milliseconds; 0 when there are no samples. */
  readonly p50: number
  readonly p99: number
  readonly samples: number
}

export class Histogram {
  readonly #counts = new Uint32Array(SUBS * DOUBLINGS)
  #total = 0

  /** Adds a duration in milliseconds. */
  record(milliseconds: number): void {
    const bucket = bucketOf(Math.max(0, Math.round(milliseconds * 1000)))
    const at = bucket < this.#counts.length ? bucket : this.#counts.length - 1
    this.#counts[at] = (this.#counts[at] as number) + 1
    this.#total++
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }

  /** The value in milliseconds below or at which `share` of the durations lie. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(this.#total * share))
    let seen = 0
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i] as number
      if (seen >= rank) return middleOf(i) / 1000
    }
    return 0
  }

  quantiles(): Quantiles {
    return { p50: this.quantile(0.5), p99: this.quantile(0.99), samples: this.#total }
  }
}

/** Values below 64 µs have a bucket each; above, the bucket is the exponent and the next six bits. */
function bucketOf(microseconds: number): number {
  if (microseconds < SUBS) return microseconds
  const exponent = 31 - Math.clz32(Math.min(microseconds, 0x7fffffff)) - SUB_BITS
  return (exponent + 1) * SUBS + (Math.min(microseconds, 0x7fffffff) >> exponent) - SUBS
}

function middleOf(bucket: number): number {
  if (bucket < SUBS) return bucket
  const exponent = (bucket >> SUB_BITS) - 1
  const low = (SUBS + (bucket & (SUBS - 1))) * 2 ** exponent
  return low + (2 ** exponent - 1) / 2
}
