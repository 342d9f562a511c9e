import type { Random } from './random.js'

/** A parser under attack. */
export interface Target {
  /** As `--parser` and the report call it. */
  readonly name: string
  /** What it reads, in half a line. */
  readonly about: string
  /** A fresh input that is valid, or nearly. */
  make(random: Random): Uint8Array
  /**
   * Tries one input. Answers in a few words how it ended: an input that ends in a new way is worth keeping. Must depend
   * on nothing but the input. Throws a Finding when an invariant breaks; any other throw is one too.
   */
  run(input: Uint8Array): string | Promise<string>
  /** Lets go of sockets and servers. */
  close?(): Promise<void>
}

/** An invariant that did not hold. */
export class Finding extends Error {
  override readonly name = 'Finding'
}

export function hold(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Finding(invariant)
}
