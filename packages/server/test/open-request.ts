/** A request that has come to a backend of a test, and waits for its answer. */
export class OpenRequest<Answer> {
  /** When it came. */
  readonly at: number
  isCancelled = false
  readonly answered: Promise<Answer>
  #resolve: (answer: Answer) => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor(at: number) {
    this.at = at
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  breakOff(): void {
    this.#reject(new Error('no connection: ECONNRESET'))
  }

  cancel(): void {
    this.isCancelled = true
    this.#reject(new Error('given up'))
  }

  protected end(answer: Answer): void {
    this.#resolve(answer)
  }
}
