/** A small repeatable generator (mulberry32): one seed gives one sequence, on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to `below` − 1. */
  int(below: number): number {
    return Math.floor(this.#next() * below)
  }

  chance(probability: number): boolean {
    return this.#next() < probability
  }

  /** One of them. The list must not be empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.int(256))
  }

  /** Small numbers often, large ones sometimes: sizes as they are met. */
  size(most: number): number {
    return this.int(1 + this.int(1 + (this.chance(0.1) ? most : Math.min(most, 40))))
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A seed that belongs to some bytes, so that an input brings its own randomness and replays exactly (FNV-1a). */
export function seedOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const octet of bytes) hash = Math.imul(hash ^ octet, 0x01000193) >>> 0
  return hash
}
