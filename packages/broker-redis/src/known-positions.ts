import type { Position } from '@millrace/protocol'

interface Entry extends Position {
  readonly at: number
}

export interface KnownPositionsOptions {
  /** How many channels are remembered: those used last. */
  readonly most: number
  /** Milliseconds for which a position is remembered. */
  readonly age: number
}

/** The newest position of each channel that this node knows to have been stored: what Redis must still have when it comes back. */
export class KnownPositions {
  readonly #entries = new Map<string, Entry>()
  readonly #options: KnownPositionsOptions

  constructor(options: KnownPositionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  get(channel: string): Position | undefined {
    return this.#entries.get(channel)
  }

  /** A position that was stored. Positions of an epoch only grow; another epoch replaces. */
  note(channel: string, { epoch, offset }: Position, now: number): void {
    const known = this.#entries.get(channel)
    const highest = known?.epoch === epoch ? Math.max(known.offset, offset) : offset
    // Entered anew, so that the first of the map is the one used longest ago.
    this.#entries.delete(channel)
    this.#entries.set(channel, { epoch, offset: highest, at: now })
    if (this.#entries.size <= this.#options.most) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  /** What is to be compared with Redis, after letting go of what is too old. */
  list(now: number): { readonly channel: string; readonly position: Position }[] {
    for (const [channel, { at }] of this.#entries) {
      if (at > now - this.#options.age) break
      this.#entries.delete(channel)
    }
    return [...this.#entries].map(([channel, { epoch, offset }]) => ({
      channel,
      position: { epoch, offset },
    }))
  }
}
