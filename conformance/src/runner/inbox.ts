/** A queue with one patient reader. */
export class Inbox<T> {
  readonly #items: T[] = []
  #waiting: ((item: T) => void) | undefined

  put(item: T): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#items.push(item)
    else waiting(item)
  }

  /** How many items nobody has taken. */
  waiting(): number {
    return this.#items.length
  }

  /** Everything that is waiting. */
  drain(): T[] {
    return this.#items.splice(0)
  }

  /** The next item, or undefined after `patience` milliseconds. */
  take(patience: number): Promise<T | undefined> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift())
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = undefined
        resolve(undefined)
      }, patience)
      this.#waiting = (item) => {
        clearTimeout(timer)
        resolve(item)
      }
    })
  }
}
