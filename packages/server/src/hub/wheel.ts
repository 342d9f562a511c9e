import type { Clock } from './ports.js'

/** Something that wants to be looked at now and then: a session, for its heartbeat. */
export interface WheelEntry {
  /** Looked at, at this wheel time. Returns milliseconds until the next look, or undefined to leave the wheel. */
  due(time: number): number | undefined
}

/**
 * One timer for any number of entries: a hashed timing wheel (Varghese and Lauck, 1987). An entry costs a slot in an
 * array, and leaving early costs nothing: it answers `undefined` when it is next looked at.
 *
 * The wheel keeps its own time, which moves by one tick a turn however late the turn is. So after the process was
 * blocked or asleep for 20 s, no peer is 20 s late: each gets its time to answer, for what it sent is still to be read. [H6.3]
 */
export class Wheel {
  readonly #clock: Clock
  readonly #tick: number
  readonly #slots: WheelEntry[][]
  #hand = 0
  #cancel: (() => void) | undefined
  /** Milliseconds of wheel time since it was made; free to read, good to one tick. */
  time = 0

  /** Delays longer than `slots * tick` are looked at early and put back. */
  constructor(clock: Clock, options: { readonly tick?: number; readonly slots?: number } = {}) {
    this.#clock = clock
    this.#tick = options.tick ?? 250
    this.#slots = Array.from({ length: options.slots ?? 64 }, () => [])
  }

  add(entry: WheelEntry, delay: number): void {
    const steps = Math.max(1, Math.min(this.#slots.length - 1, Math.floor(delay / this.#tick)))
    this.#slots[(this.#hand + steps) % this.#slots.length]?.push(entry)
    if (this.#cancel === undefined) this.#schedule(this.#clock.now() + this.#tick)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const slot of this.#slots) slot.length = 0
  }

  #schedule(expected: number): void {
    const delay = Math.max(1, expected - this.#clock.now())
    this.#cancel = this.#clock.schedule(delay, () => this.#turn(expected))
  }

  #turn(expected: number): void {
    this.time += this.#tick
    this.#hand = (this.#hand + 1) % this.#slots.length
    const due = this.#slots[this.#hand] ?? []
    this.#slots[this.#hand] = []
    for (const entry of due) {
      const delay = entry.due(this.time)
      if (delay !== undefined) this.add(entry, delay)
    }
    // A timer that is a little late is made up for; one that is very late is not.
    const now = this.#clock.now()
    this.#schedule(now - expected > this.#tick ? now + this.#tick : expected + this.#tick)
  }
}
