import type { Command, Decoded } from '@millrace/protocol'
import type { SessionHost } from './session-host.js'

export interface SlicesParts {
  readonly host: Pick<SessionHost, 'later'>
  take(command: Decoded<Command>): void
  /** All are taken. */
  done(): void
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

  push(command: Decoded<Command>): void {
    if (this.#commands.push(command) === 1) this.#parts.host.later(() => this.#run())
  }

  #run(): void {
    const { take, host, done } = this.#parts
    const end = Math.min(this.#next + SLICE, this.#commands.length)
    for (; this.#next < end; this.#next++) take(this.#commands[this.#next] as Decoded<Command>)
    if (this.#next < this.#commands.length) host.later(() => this.#run())
    else done()
  }
}
