/** So many at once, and then one more every so many milliseconds. */
export interface Allowance {
  readonly burst: number
  readonly every: number
}

/** Of one user from one address; and of one address, whoever it claims to be. */
export const LIMITS = {
  user: { burst: 5, every: 30_000 },
  address: { burst: 30, every: 10_000 },
} as const satisfies Record<string, Allowance>

interface Bucket {
  readonly allowance: Allowance
  left: number
  /** When `left` was true. */
  at: number
}

/** Buckets that are full again are forgotten when there are so many. */
const TIDY_FROM = 10_000

/**
 * Counts failed logins. An attempt is counted before the password is looked at, so that many at once are no way around it, and given back when it
 * was right. A user is not locked out by strangers: their own address has an allowance of its own.
 */
export class Attempts {
  readonly #buckets = new Map<string, Bucket>()

  /** How many are remembered. */
  get size(): number {
    return this.#buckets.size
  }

  /** Counts an attempt. Returns 0, or for how many milliseconds to wait, and then nothing is counted. */
  take(user: string, address: string, now: number): number {
    const buckets = this.#bucketsOf(user, address, now)
    const wait = Math.max(
      ...buckets.map(({ left, allowance }) => (left >= 1 ? 0 : (1 - left) * allowance.every)),
    )
    if (wait === 0) for (const bucket of buckets) bucket.left--
    return Math.ceil(wait)
  }

  /** The attempt was right: it does not count. */
  giveBack(user: string, address: string, now: number): void {
    for (const bucket of this.#bucketsOf(user, address, now))
      bucket.left = Math.min(bucket.left + 1, bucket.allowance.burst)
  }

  #bucketsOf(user: string, address: string, now: number): readonly Bucket[] {
    if (this.#buckets.size > TIDY_FROM) this.#tidy(now)
    return [this.#bucket(`${address} ${user}`, LIMITS.user, now), this.#bucket(address, LIMITS.address, now)]
  }

  #bucket(key: string, allowance: Allowance, now: number): Bucket {
    const bucket = this.#buckets.get(key) ?? { allowance, left: allowance.burst, at: now }
    this.#buckets.set(key, bucket)
    bucket.left = Math.min(bucket.left + Math.max(now - bucket.at, 0) / allowance.every, allowance.burst)
    bucket.at = now
    return bucket
  }

  #tidy(now: number): void {
    for (const [key, { allowance, left, at }] of this.#buckets)
      if (left + (now - at) / allowance.every >= allowance.burst) this.#buckets.delete(key)
  }
}
