import type { Random } from '../hub/index.js'

/** Names that count up, so that a test can say which it means. */
export class SequenceRandom implements Random {
  #count = 0

  id(): string {
    this.#count++
    return `id-${this.#count}`
  }
}
