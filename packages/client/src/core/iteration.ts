import { type Gap, MillraceError } from '@millrace/protocol'
import type { Handle } from './channel.js'
import { count } from './options.js'
import { aborted, onAbort } from './pending.js'
import type { Iterated, Signal } from './types.js'

interface Reader {
  resolve(result: IteratorResult<Iterated>): void
  reject(error: unknown): void
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** A channel's publications from now on; IterateOptions says what becomes of a slow reader. */
export class Iteration implements AsyncIterableIterator<Iterated> {
  #waiting: Iterated[] = []
  readonly #readers: Reader[] = []
  readonly #offs: (() => void)[]
  #gap: Gap | undefined
  #over = false
  /** Why it is over; told to one reader, after what waits. */
  #error: MillraceError | undefined

  constructor(handle: Handle, buffer: number, signal: Signal | undefined) {
    const limit = count(buffer, 'buffer')
    this.#offs = [
      handle.on('message', (message, delivery) => {
        if (this.#waiting.length < limit) {
          this.#waiting.push({ message, ...delivery, gap: this.#gap })
          this.#gap = undefined
          this.#serve()
        } else
          this.#finish(
            new MillraceError('slow-consumer', { message: `buffer: ${limit} publications wait to be read` }),
          )
      }),
      handle.on('gap', (gap) => {
        this.#gap = { ...gap, from: this.#gap?.from ?? gap.from }
      }),
      handle.on('end', (error) => this.#finish(error)),
    ]
    this.#offs.push(
      onAbort(signal, () => {
        this.#waiting = []
        this.#finish(aborted(signal))
      }),
    )
  }

  next(): Promise<IteratorResult<Iterated>> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject })
      this.#serve()
    })
  }

  async return(): Promise<IteratorResult<Iterated>> {
    this.#waiting = []
    this.#finish(undefined)
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #finish(error: MillraceError | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#error = error
    for (const off of this.#offs) off()
    this.#serve()
  }

  #serve(): void {
    while (this.#readers.length > 0 && (this.#waiting.length > 0 || this.#over)) {
      const reader = this.#readers.shift()
      const value = this.#waiting.shift()
      if (value !== undefined) reader?.resolve({ done: false, value })
      else if (this.#error === undefined) reader?.resolve(DONE)
      else {
        reader?.reject(this.#error)
        this.#error = undefined
      }
    }
  }
}
