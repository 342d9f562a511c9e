import type { Identity } from '../identity.js'

/** What may be taken away: one of these. */
export interface Revocable {
  /** All that the user has: every token issued until now. */
  readonly user?: string | undefined
  /** A session, which then is taken up no more. */
  readonly session?: string | undefined
  /** A token by its name (`jti`). */
  readonly tokenId?: string | undefined
}

/** What was taken away. */
export interface Revocation extends Revocable {
  /** When, and until when it is remembered, in milliseconds since 1970. */
  readonly at: number
  readonly until: number
}

/** By what somebody is known who wants to connect, or is connected. */
export interface Bearer {
  readonly identity: Identity | undefined
  readonly session: string
}

/** Throws a TypeError unless exactly one thing is named. */
export function checkRevocable(what: Revocable): Revocable {
  const given = Object.entries(what).filter(([, value]) => value !== undefined)
  const [name = '', value] = given[0] ?? []
  if (
    given.length === 1 &&
    ['user', 'session', 'tokenId'].includes(name) &&
    typeof value === 'string' &&
    value !== ''
  )
    return what
  throw new TypeError(`revoke() takes one of user, session and tokenId, a text: not ${JSON.stringify(what)}`)
}

/** The name under which a revocation is kept: a later one of the same takes its place. */
export function keyOf({ user, session, tokenId }: Revocable): string {
  if (user !== undefined) return `user:${user}`
  return tokenId === undefined ? `session:${session}` : `token:${tokenId}`
}

/** Whether it concerns who comes by this. Whose token does not say when it was issued may have had it before. */
export function concerns({ user, session, tokenId, at }: Revocation, bearer: Bearer): boolean {
  const { identity } = bearer
  if (user !== undefined) return identity?.user.id === user && (identity.issued ?? 0) <= at
  return tokenId === undefined ? bearer.session === session : identity?.tokenId === tokenId
}

/** Lists that have grown so much are looked through for what is over. */
const TIDY_FROM = 1_000

/** What was taken away and is remembered. */
export class RevocationList {
  readonly #byKey = new Map<string, Revocation>()
  #tidyAt = TIDY_FROM

  get size(): number {
    return this.#byKey.size
  }

  /** False when nothing is new about it. */
  take(revocation: Revocation, now: number): boolean {
    const key = keyOf(revocation)
    const before = this.#byKey.get(key)
    if (revocation.until <= now || (before !== undefined && before.at >= revocation.at)) return false
    this.#byKey.set(key, revocation)
    if (this.#byKey.size > this.#tidyAt) this.#tidy(now)
    return true
  }

  /** Whether who comes by this may not. */
  forbids(bearer: Bearer, now: number): boolean {
    if (this.#byKey.size === 0) return false
    const { session, identity } = bearer
    return [{ session }, { user: identity?.user.id }, { tokenId: identity?.tokenId }].some((one) => {
      const revocation = this.#byKey.get(keyOf(one))
      return revocation !== undefined && revocation.until > now && concerns(revocation, bearer)
    })
  }

  #tidy(now: number): void {
    for (const [key, { until }] of this.#byKey) if (until <= now) this.#byKey.delete(key)
    this.#tidyAt = Math.max(TIDY_FROM, this.#byKey.size * 2)
  }
}
