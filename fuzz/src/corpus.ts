import type { Random } from './random.js'

const MOST = 256

/** Inputs that once ended in a way no other had: what the next inputs are made from. */
export class Corpus {
  readonly #inputs: Uint8Array[] = []
  readonly #endings = new Set<string>()

  /** How many different endings were seen. */
  get endings(): number {
    return this.#endings.size
  }

  get size(): number {
    return this.#inputs.length
  }

  pick(random: Random): Uint8Array | undefined {
    return this.#inputs.length === 0 ? undefined : random.pick(this.#inputs)
  }

  /** Keeps the input when its ending is new; a full corpus forgets one at random. */
  offer(input: Uint8Array, ending: string, random: Random): void {
    if (this.#endings.has(ending)) return
    // Endings are few words from a small vocabulary; a target that makes up new ones for ever would fill memory.
    if (this.#endings.size < 20_000) this.#endings.add(ending)
    if (this.#inputs.length < MOST) this.#inputs.push(input)
    else this.#inputs[random.int(MOST)] = input
  }
}
