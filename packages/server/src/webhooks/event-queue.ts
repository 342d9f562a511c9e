/** How much may wait for one backend. */
export interface QueueLimits {
  readonly events: number
  /** Characters of JSON. */
  readonly size: number
}

/**
 * Events that wait for one backend, oldest first. When more waits than may, the oldest are dropped; but those of a request that is being tried, which
 * counts as waiting, are not.
 */
export class EventQueue {
  readonly #limits: QueueLimits
  #events: string[] = []
  /** Index of the oldest: what is before it is gone, and let go of now and then. */
  #first = 0
  #size = 0
  #tried = { events: 0, size: 0 }

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** Events that are not being tried. */
  get length(): number {
    return this.#events.length - this.#first
  }

  /** All events, with those that are being tried. */
  get waiting(): number {
    return this.length + this.#tried.events
  }

  /** Returns how many were dropped for it. */
  push(event: string): number {
    this.#events.push(event)
    this.#size += event.length
    let dropped = 0
    while (this.length > 0 && this.#isOver) {
      this.#shift()
      dropped++
    }
    return dropped
  }

  /** The oldest events, which are tried from now on: so many at most, and of so many characters, but one at least. */
  take(most: QueueLimits): readonly string[] {
    const taken: string[] = []
    let size = 0
    for (let next = this.#events[this.#first]; next !== undefined; next = this.#events[this.#first]) {
      if (taken.length >= most.events || (taken.length > 0 && size + next.length > most.size)) break
      size += next.length
      taken.push(this.#shift())
    }
    this.#tried = { events: taken.length, size }
    return taken
  }

  /** What was taken is tried no more: it has arrived, or was given up. */
  settle(): void {
    this.#tried = { events: 0, size: 0 }
  }

  /** Lets go of all. Returns how many that were. */
  clear(): number {
    const { waiting } = this
    this.#events = []
    this.#first = 0
    this.#size = 0
    this.settle()
    return waiting
  }

  get #isOver(): boolean {
    const { events, size } = this.#limits
    return this.waiting > events || this.#size + this.#tried.size > size
  }

  #shift(): string {
    const event = this.#events[this.#first] ?? ''
    this.#events[this.#first] = ''
    this.#first++
    this.#size -= event.length
    if (this.#first > 1_000 && this.#first * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#first)
      this.#first = 0
    }
    return event
  }
}
