import type { MillraceServer } from '@millrace/server'
import { COOKIE_LIFE, type Login, type User } from './tokens.js'

export type Revoke = MillraceServer['revoke']

/**
 * Ends logins before their time. Millrace ends what is connected by them, on all nodes, and refuses what comes by them as long as their cookies
 * would hold. This node remembers them as well, so as to give out no more tokens that would be refused.
 */
export class Logins {
  readonly #revoke: Revoke
  readonly #now: () => number
  /** Until when each is remembered. */
  readonly #ended = new Map<string, number>()
  /** Since when all of a user's logins were ended last. */
  readonly #endedAll = new Map<string, number>()

  constructor(revoke: Revoke, now: () => number) {
    this.#revoke = revoke
    this.#now = now
  }

  isEnded({ id, login }: User): boolean {
    return this.#ended.has(login.id) || login.at <= (this.#endedAll.get(id) ?? 0)
  }

  /** Logs one browser out. Rejects with `unavailable` when it could not be stored. */
  async end(login: Login): Promise<void> {
    const now = this.#now()
    for (const [id, until] of this.#ended) if (until <= now) this.#ended.delete(id)
    this.#ended.set(login.id, now + COOKIE_LIFE.agent)
    await this.#revoke({ tokenId: login.id }, { for: COOKIE_LIFE.agent })
  }

  /** Signs somebody out everywhere; logins from now on are welcome. Rejects with `unavailable` when it could not be stored. */
  async endAll(user: string): Promise<void> {
    this.#endedAll.set(user, this.#now())
    await this.#revoke({ user }, { for: COOKIE_LIFE.agent })
  }
}
