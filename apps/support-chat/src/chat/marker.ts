import { type ReadonlySignal, signal } from '@preact/signals'
import { advance, type Mark, NO_RECEIPT, type Receipt, reaches } from '../domain/mark.js'

/** How long marks are gathered before the server hears of them: reading ten messages is one call. */
const GATHER = 120

/** Tells the server how far this side has received and read one conversation. What it knows itself holds at once. */
export class Marker {
  readonly #tell: (marks: { delivered: Mark; read: Mark }) => Promise<unknown>
  readonly #receipt = signal<Receipt>(NO_RECEIPT)
  #told: Receipt = NO_RECEIPT
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(tell: (marks: { delivered: Mark; read: Mark }) => Promise<unknown>) {
    this.#tell = tell
  }

  /** This side's receipt, newer than the server's copy while a mark is on its way. */
  get receipt(): ReadonlySignal<Receipt> {
    return this.#receipt
  }

  /**
   * What the server says: another device of the same person may have read further. Or the server has forgotten, in a
   * crash, what it was told last; then it is told again.
   */
  heard(receipt: Receipt): void {
    this.#told = receipt
    this.#advance(receipt)
    this.flush()
  }

  delivered(mark: Mark): void {
    this.#advance({ delivered: mark })
  }
  read(mark: Mark): void {
    this.#advance({ read: mark })
  }

  #advance(news: { delivered?: Mark; read?: Mark }): void {
    const receipt = advance(this.#receipt.value, news)
    if (receipt === this.#receipt.value) return
    this.#receipt.value = receipt
    this.flush()
  }

  /** Tells what the server has not heard. Call it when the connection is back. */
  flush(): void {
    const { delivered, read } = this.#receipt.value
    const known = reaches(this.#told.delivered, delivered) && reaches(this.#told.read, read)
    if (known || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const now = this.#receipt.value
      // A failure is not repeated here: the next message or the next connection brings it up again.
      this.#tell(now).then(
        () => {
          this.#told = advance(this.#told, now)
        },
        () => {},
      )
    }, GATHER)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
