/** What a client sends over one connection, in the order in which it numbered it, whatever requests brought it. */
export class Inbox {
  readonly #receive: (frame: string) => void
  #next = 1
  #isPaused = false
  #waiting: (() => void)[] = []

  constructor(receive: (frame: string) => void) {
    this.#receive = receive
  }

  /**
   * Gives what is new of these frames, of which the first has the number `seq`. Resolves when more may come: false when
   * some before them have not come yet, and nothing was done.
   */
  async take(seq: number, frames: readonly string[]): Promise<boolean> {
    if (seq > this.#next) return false
    for (const frame of frames.slice(this.#next - seq)) {
      this.#next++
      this.#receive(frame)
    }
    if (this.#isPaused) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return true
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    for (const go of this.#waiting.splice(0)) go()
  }
}
