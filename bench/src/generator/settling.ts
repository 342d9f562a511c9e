/** Waits for work in flight to end, and carries a failure to whoever waits. */

/** What a server may take to deliver what is outstanding; beyond it something was lost. */
const PATIENCE = 15_000

export class Settling {
  #failure: Error | undefined
  #waiting:
    | { readonly done: () => boolean; readonly resolve: () => void; readonly reject: (error: Error) => void }
    | undefined

  /** Resolves as soon as `done()` is true at a `check()`. Rejects on a failure, past or to come, and when nothing ends. */
  wait(done: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (done()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.fail(new Error('Messages in flight never arrived: the server lost them')),
        PATIENCE,
      )
      this.#waiting = {
        done,
        resolve: () => {
          clearTimeout(timer)
          resolve()
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
    })
  }

  check(): void {
    if (this.#waiting?.done() === true) {
      this.#waiting.resolve()
      this.#waiting = undefined
    }
  }

  fail(error: Error): void {
    this.#failure ??= error
    this.#waiting?.reject(this.#failure)
    this.#waiting = undefined
  }
}
