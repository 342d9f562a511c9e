import type { Answer } from '../src/fallback/index.js'

/** An answer to a request, as the client's platform gives it, made bit by bit. */
export class MadeAnswer {
  /** What the client waits for. */
  readonly answer: Promise<Answer>
  #head: (answer: Answer) => void = () => {}
  #fail: (error: Error) => void = () => {}
  readonly #pieces: (string | Error | undefined)[] = []
  #more = (): void => {}
  readonly #run: (what: () => void) => void

  /** `run`: how the client is told. Default: at once. */
  constructor(run: (what: () => void) => void = (what) => what()) {
    this.#run = run
    this.answer = new Promise((resolve, reject) => {
      this.#head = resolve
      this.#fail = reject
    })
    this.answer.catch(() => {})
  }

  head(status: number, isEvents: boolean): void {
    this.#run(() => this.#head({ status, isEvents, pieces: this.#read() }))
  }

  /** No head comes, if none has. */
  fail(error: Error): void {
    this.#run(() => this.#fail(error))
  }

  /** The next piece; an error where it breaks, undefined where it ends. */
  put(piece: string | Error | undefined): void {
    this.#pieces.push(piece)
    this.#run(() => this.#more())
  }

  async *#read(): AsyncGenerator<string> {
    for (;;) {
      while (this.#pieces.length === 0)
        await new Promise<void>((resolve) => {
          this.#more = resolve
        })
      const piece = this.#pieces.shift()
      if (piece instanceof Error) throw piece
      if (piece === undefined) return
      yield piece
    }
  }
}
