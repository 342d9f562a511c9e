import type { Connection } from './connection.js'
import type { Keys } from './keys.js'

/** The secret with which nodes sign the proofs of sessions: what the first of them proposed. [B13] */
export class Secret {
  readonly #keys: Keys
  readonly #connection: Connection
  #agreed: string | undefined

  constructor(keys: Keys, connection: Connection) {
    this.#keys = keys
    this.#connection = connection
  }

  async agree(proposal: string): Promise<string> {
    await this.#connection.send(['SET', this.#keys.secret, proposal, 'NX'])
    const secret = String(await this.#connection.send(['GET', this.#keys.secret]))
    this.#agreed = secret
    return secret
  }

  /** Redis may have come back without its data: nodes that start from now on must agree with those that run. */
  async restore(): Promise<void> {
    if (this.#agreed !== undefined)
      await this.#connection.send(['SET', this.#keys.secret, this.#agreed, 'NX'])
  }
}
