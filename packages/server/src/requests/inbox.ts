import type { MaybePromise } from '../hub/index.js'

/** `hole`: frames before these have not come. `busy`: too many requests wait already. In both cases nothing was taken. */
export type Taking = 'taken' | 'hole' | 'busy'

/** So many requests of one connection wait for the hub at most: a client of good will has two under way. */
const MOST_WAITING = 8

/** What a client sends over one connection, in the order in which it numbered it, whatever requests brought it. [P8.3] */
export class Inbox {
  readonly #receive: (frame: string) => void
  #next = 1
  #isPaused = false
  #waiting: (() => void)[] = []

  constructor(receive: (frame: string) => void) {
    this.#receive = receive
  }

  /** Gives what is new of these frames, of which the first has the number `seq`: at once, or when the hub takes more. */
  take(seq: number, frames: readonly string[]): MaybePromise<Taking> {
    if (this.#isPaused && frames.length > 0) {
      if (this.#waiting.length >= MOST_WAITING) return 'busy'
      return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() => this.take(seq, frames))
    }
    if (seq > this.#next) return 'hole'
    for (let index = this.#next - seq; index < frames.length; index++) {
      this.#next++
      this.#receive(frames[index] as string)
    }
    return 'taken'
  }

  pause(): void {
    this.#isPaused = true
  }

  /** Those who wait go on in the order in which they came. */
  resume(): void {
    this.#isPaused = false
    for (const go of this.#waiting.splice(0)) go()
  }
}
