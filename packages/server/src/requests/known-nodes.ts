import type { Clock, MaybePromise } from '../hub/index.js'

export interface KnownNodesParts {
  readonly clock: Clock
  /** The nodes that are alive. Rejects when the broker cannot be asked. */
  nodes(): Promise<readonly string[]>
}

/** How long it is taken for granted that a node is there, in milliseconds. */
const FRESH = 2000
/** How often the broker is asked at most, whatever names come, in milliseconds: a node may have started just now. */
const ASK_EVERY = 500

/** Which nodes there are: names that come from clients may be invented, and nobody listens to those. [P8.5] */
export class KnownNodes {
  readonly #parts: KnownNodesParts
  #names: ReadonlySet<string> = new Set()
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined

  constructor(parts: KnownNodesParts) {
    this.#parts = parts
  }

  /** Rejects when the broker cannot be asked. */
  has(node: string): MaybePromise<boolean> {
    if (this.#names.has(node) && this.#parts.clock.now() - this.#askedAt < FRESH) return true
    return this.#ask().then(() => this.#names.has(node))
  }

  /** All who ask at once ask together. */
  #ask(): Promise<void> {
    this.#asking ??= this.#askOnce().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #askOnce(): Promise<void> {
    const { clock, nodes } = this.#parts
    const wait = this.#askedAt + ASK_EVERY - clock.now()
    if (wait > 0)
      await new Promise<void>((resolve) => void clock.schedule(Math.min(wait, ASK_EVERY), resolve))
    this.#askedAt = clock.now()
    this.#names = new Set(await nodes())
  }
}
