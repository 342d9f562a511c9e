/** So many messages of a chunk are told whatever the time is; a message of some size is as many as it has kibibytes, and one. */
const AT_LEAST = 8
/** Milliseconds that reading beyond that may take in one turn of the event loop, of all links together. */
const MOST = 0.5

/** Something that has more to read. */
export interface Proceeding {
  proceed(): void
}

/**
 * How long the links of one server, or the requests of one endpoint, may be read in a turn. A chunk of 64 KiB can hold ten thousand messages, and libuv reads one socket up to 32
 * times before it looks at another: who sends as much as he can would keep all others waiting. So of each chunk a few messages are told at once,
 * which is all that most chunks have; what is more goes on as long as there is time in this turn, and then in the turns that follow, a link after
 * the other. Who is new waits like that with all he sends, for of newcomers there may be a thousand at once, who cost more than who is there.
 */
export class InputTurns {
  readonly #now: () => number
  #units = AT_LEAST
  #isOpen = false
  #deadline = 0
  readonly #waiting: Proceeding[] = []

  /** `now` in milliseconds. Default: the system's. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** A chunk begins. */
  begin(): void {
    this.#units = AT_LEAST
  }

  /** Whether somebody new is looked after now, or must wait. */
  get hasTime(): boolean {
    if (this.#isOpen) return this.#now() < this.#deadline
    this.#open()
    return true
  }

  /** Whether what follows a message of so many bytes must wait. The clock is looked at only where there were some. */
  isOver(bytes: number): boolean {
    this.#units -= 1 + (bytes >>> 10)
    if (this.#units > 0) return false
    if (!this.hasTime) return true
    this.#units = AT_LEAST
    return false
  }

  /** Has it proceed in a turn that follows, after those that wait already. */
  add(link: Proceeding): void {
    this.#waiting.push(link)
    if (!this.#isOpen) this.#open()
  }

  /** Runs what somebody new has asked for when there is time for it. */
  soon(run: () => void): void {
    if (this.hasTime) run()
    else this.add({ proceed: run })
  }

  #open(): void {
    this.#isOpen = true
    this.#deadline = this.#now() + MOST
    setImmediate(this.#next)
  }

  readonly #next = (): void => {
    this.#isOpen = false
    if (this.#waiting.length === 0) return
    this.#open()
    // What they leave again is for later.
    for (let left = this.#waiting.length; left > 0; left--) {
      this.#waiting.shift()?.proceed()
      if (this.#now() >= this.#deadline) return
    }
  }
}
