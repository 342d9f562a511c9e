/** Lets a bounded number in; the others wait in the order in which they came. */
export class Gate {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#free = places
  }

  /** Calls `go` as soon as there is a place, at once where there is one. */
  enter(go: () => void): void {
    if (this.#free === 0) this.#waiting.push(go)
    else {
      this.#free--
      go()
    }
  }

  /** Gives a place back. */
  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
