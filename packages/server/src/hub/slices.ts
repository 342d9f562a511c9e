import type { Command, Decoded } from '@millrace/protocol'
import type { Link } from './ports.js'
import type { Turns } from './turns.js'

export interface SlicesParts {
  readonly turns: Pick<Turns, 'later'>
  /** Nothing more is read while some wait. */
  readonly gate: Pick<Link, 'pause' | 'resume'>
  take(command: Decoded<Command>): void
}

/** So many commands of one session are taken in a turn; subscribing, the dearest of them, takes some 50 µs. */
export const SLICE = 64

/**
 * What one session sent beyond what is its part of a turn: it is carried out in the turns that follow, in order and a slice in each, so that
 * nobody waits for two thousand commands of another. [H1.8]
 */
export class Slices {
  readonly #parts: SlicesParts
  readonly #commands: Decoded<Command>[] = []
  #next = 0

  constructor(parts: SlicesParts) {
    this.#parts = parts
  }

  get isBusy(): boolean {
    return this.#commands.length > 0
  }

  push(command: Decoded<Command>): void {
    if (this.#commands.push(command) > 1) return
    this.#parts.gate.pause()
    this.#parts.turns.later(() => this.#run())
  }

  #run(): void {
    const { take, turns, gate } = this.#parts
    const end = Math.min(this.#next + SLICE, this.#commands.length)
    for (; this.#next < end; this.#next++) take(this.#commands[this.#next] as Decoded<Command>)
    if (this.#next < this.#commands.length) {
      turns.later(() => this.#run())
      return
    }
    this.#commands.length = 0
    this.#next = 0
    gate.resume()
  }
}
