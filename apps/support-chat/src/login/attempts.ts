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

/**
 * What counts as one address: of IPv6 the first 64 bits, for whoever has one address of such a network has all of them (RFC 7421 §1).
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [first, last] = [groups(head), groups(tail ?? '')]
  const zeros = Array<string>(Math.max(8 - first.length - last.length, 0)).fill('0')
  return [...first, ...zeros, ...last].slice(0, 4).join(':')
}

/** Those whose allowance is whole again are forgotten when there are so many. */
const TIDY_FROM = 10_000

/**
 * Counts failed logins. An attempt is counted before the password is looked at, so that many at once are no way around it, and given back when it
 * was right. A user is not locked out by strangers: their own address has an allowance of its own.
 */
export class Attempts {
  /** When each one's allowance is whole again. */
  readonly #whole = new Map<string, number>()

  /** How many are remembered. */
  get size(): number {
    return this.#whole.size
  }

  /** Counts an attempt. Returns 0, or for how many milliseconds to wait, and then nothing is counted. */
  take(user: string, address: string, now: number): number {
    if (this.#whole.size > TIDY_FROM) this.#tidy(now)
    const counted = countedBy(user, address).map(({ key, burst, every }) => {
      // A clock that was set back must not lock anybody out for longer than so many failures do.
      const whole = Math.min(Math.max(this.#whole.get(key) ?? now, now), now + burst * every)
      return { key, next: whole + every, wait: whole + every - now - burst * every }
    })
    const wait = Math.max(0, ...counted.map((one) => one.wait))
    if (wait === 0) for (const { key, next } of counted) this.#whole.set(key, next)
    return wait
  }

  /** The attempt was right: it does not count. */
  giveBack(user: string, address: string): void {
    for (const { key, every } of countedBy(user, address)) {
      const whole = this.#whole.get(key)
      if (whole !== undefined) this.#whole.set(key, whole - every)
    }
  }

  #tidy(now: number): void {
    for (const [key, whole] of this.#whole) if (whole <= now) this.#whole.delete(key)
  }
}

const countedBy = (user: string, address: string) => [
  { key: `${address} ${user}`, ...LIMITS.user },
  { key: address, ...LIMITS.address },
]
