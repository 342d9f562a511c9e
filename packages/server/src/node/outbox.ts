import { FrameArena } from './frame-arena.js'
import { FrameSequence } from './frame-sequence.js'

/** Something with frames to write at the end of the turn. */
export interface Flushable {
  flush(): void
}

/**
 * What the links of one server share of a turn of the event loop: who has frames to write, the tree those frames are
 * paths in, and the memory they are written into.
 *
 * Links are flushed in the check phase that follows the turn's input, so whatever one turn sends on one link leaves in
 * one write, and a lone message leaves as soon as the callbacks of its turn have run. There is no timer.
 */
export class Outbox {
  readonly arena = new FrameArena()
  #root = FrameSequence.root()
  #waiting: Flushable[] = []
  readonly #flush = (): void => this.#flushAll()

  /** Where every link's path begins this turn. */
  get root(): FrameSequence {
    return this.#root
  }

  /** Has the link flushed at the end of this turn. Calling it twice is harmless. */
  add(link: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(this.#flush)
    this.#waiting.push(link)
  }

  #flushAll(): void {
    const links = this.#waiting
    // What is sent while flushing (by a drain callback, say) belongs to a new turn.
    this.#waiting = []
    this.#root = FrameSequence.root()
    for (const link of links) link.flush()
  }
}
