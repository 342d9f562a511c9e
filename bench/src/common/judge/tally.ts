/** What one client heard: the only witness of a run. */
import type { Message } from '../messages.js'

export interface TallyLog {
  /** By number, counted from 1: when each message was published, and when it was first heard. Null where it never was. */
  readonly published: readonly (number | null)[]
  readonly arrived: readonly (number | null)[]
  /** Messages heard again. */
  readonly repeated: number
  /** Messages heard for the first time after a later one. */
  readonly disordered: number
  /** How often the client was told that something is missing. */
  readonly gaps: number
}

export class Tally {
  /** How many different messages were heard. */
  heard = 0
  readonly #published: (number | null)[] = []
  readonly #arrived: (number | null)[] = []
  #highest = 0
  #repeated = 0
  #disordered = 0
  #gaps = 0

  hear({ number, time }: Pick<Message, 'number' | 'time'>, at: number): void {
    if (typeof this.#arrived[number - 1] === 'number') {
      this.#repeated++
      return
    }
    if (number < this.#highest) this.#disordered++
    // No holes: they would be neither numbers nor null.
    for (; this.#highest < number; this.#highest++) {
      this.#published.push(null)
      this.#arrived.push(null)
    }
    this.#published[number - 1] = time
    this.#arrived[number - 1] = at
    this.heard++
  }

  tellGap(): void {
    this.#gaps++
  }

  log(): TallyLog {
    return {
      published: this.#published,
      arrived: this.#arrived,
      repeated: this.#repeated,
      disordered: this.#disordered,
      gaps: this.#gaps,
    }
  }
}
