import type { Host, Rng } from '@millrace/testing/parts'
import { MadeAnswer } from './answer.js'

/** A request and its answer, as the client's platform sees them. */
export class Exchange {
  isCut = false
  isSilent = false
  /** Which of the streams is heard. */
  stream: object | undefined
  readonly #made: MadeAnswer
  readonly #broken: (() => void)[] = []
  readonly #rng: Rng
  #hasHead = false
  #isOver = false

  constructor(rng: Rng, host: Host) {
    this.#rng = rng
    this.#made = new MadeAnswer((what) => host.run(what))
  }

  get answer(): MadeAnswer['answer'] {
    return this.#made.answer
  }

  head(status: number, isEvents: boolean): void {
    if (this.#hasHead || this.#isOver) return
    if (this.isSilent) {
      // The connection breaks where the answer should be, or nothing ever comes.
      if (this.#rng.chance(0.7)) this.fail()
      return
    }
    this.#hasHead = true
    this.#made.head(status, isEvents)
  }

  /** A whole answer; or as much of it as gets through. */
  whole(status: number, text: string): void {
    if (this.#hasHead) return
    this.head(status, status === 200)
    if (!this.isCut) {
      this.piece(text)
      this.end()
      return
    }
    const rng = this.#rng
    this.piece(text.slice(0, rng.int(0, text.length)))
    if (rng.chance(0.5)) this.end()
    else this.fail()
  }

  piece(text: string): void {
    this.head(200, true)
    if (this.isCut && this.#rng.chance(0.02)) {
      this.#put(text.slice(0, this.#rng.int(0, text.length)))
      this.fail()
    } else this.#put(text)
  }

  end(): void {
    this.head(200, true)
    this.#put(undefined)
    this.#over()
  }

  fail(): void {
    if (this.#isOver) return
    this.#made.fail(new Error('the network'))
    this.#put(new Error('the network'))
    this.#over()
  }

  abort(): void {
    this.#made.fail(new Error('aborted'))
    this.#put(new Error('aborted'))
    this.#over()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const tell of this.#broken) tell()
  }

  onBroken(tell: () => void): void {
    if (this.#isOver) tell()
    else this.#broken.push(tell)
  }

  #put(piece: string | Error | undefined): void {
    if (!this.#isOver && !this.isSilent) this.#made.put(piece)
  }
}
