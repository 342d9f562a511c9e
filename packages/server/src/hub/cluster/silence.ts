import type { Clock } from '../ports.js'
import type { Cluster } from './cluster.js'

/** How long an answer is good for, in milliseconds: many may ask, and the nodes are asked once. */
const FRESH = 1_000
/** How long a node may take to say that it is alive, in milliseconds. */
const WITHIN = 400

/** Which nodes are alive by their leases and yet do not answer: their members may be gone. [H3.6] */
export class Silence {
  readonly #cluster: Pick<Cluster, 'askAll'>
  readonly #clock: Clock
  #asked: { readonly at: number; readonly names: Promise<readonly string[]> } | undefined

  constructor(cluster: Cluster, clock: Clock) {
    cluster.answer('alive', () => true)
    this.#cluster = cluster
    this.#clock = clock
  }

  /** Their names. Rejects when the broker cannot be asked who is alive. */
  names(): Promise<readonly string[]> {
    const at = this.#clock.now()
    if (this.#asked === undefined || at - this.#asked.at >= FRESH) this.#asked = { at, names: this.#ask() }
    return this.#asked.names
  }

  async #ask(): Promise<readonly string[]> {
    return (await this.#cluster.askAll('alive', null, { within: WITHIN })).silent
  }
}
