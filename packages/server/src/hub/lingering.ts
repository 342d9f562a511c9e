import type { PresenceStore } from './broker-ports.js'
import type { Clock, Logger } from './ports.js'
import type { Taken } from './tickets.js'
import { unhurried } from './unhurried.js'

export interface LingeringParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly presence: Pick<PresenceStore, 'depart'>
  /** Milliseconds within which a session may come back and nobody notices that it was away. */
  readonly grace: number
}

/** Milliseconds until a departure is said again that the broker did not take. */
const AGAIN_AFTER = 5_000

/**
 * Members whose connection was lost, and who may be back in a moment: they depart when their time is over, unless the session has
 * entered again by then, here or on another node; the broker sees that by the generation. [H1.5]
 */
export class Lingering {
  readonly #parts: LingeringParts
  readonly #waiting = new Set<() => void>()
  #isOver = false

  constructor(parts: LingeringParts) {
    this.#parts = parts
  }

  keep(taken: Taken, channels: readonly string[]): void {
    if (channels.length > 0) this.#later(this.#parts.grace, () => this.depart(taken, channels))
  }

  /** Takes the members out of presence: at once, or as soon as the broker can be reached. */
  depart(taken: Taken, channels: readonly string[]): void {
    for (const channel of channels) void this.#depart(taken, channel)
  }

  /** Nobody departs any more: the node goes away, and its members may come back to another. */
  stop(): void {
    this.#isOver = true
    for (const cancel of this.#waiting) cancel()
    this.#waiting.clear()
  }

  async #depart(taken: Taken, channel: string): Promise<void> {
    const { presence, logger } = this.#parts
    try {
      await presence.depart(channel, taken.session, taken.generation)
    } catch (error) {
      logger.debug('a member departs later', { channel, session: taken.session, error })
      this.#later(AGAIN_AFTER, () => this.depart(taken, [channel]))
    }
  }

  #later(delay: number, task: () => void): void {
    if (this.#isOver) return
    const cancel = unhurried(this.#parts.clock, delay, () => {
      this.#waiting.delete(cancel)
      task()
    })
    this.#waiting.add(cancel)
  }
}
