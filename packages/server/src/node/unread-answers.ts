import type { ServerResponse } from 'node:http'
import { networkOf } from '../hub/index.js'
import { DeadlineQueue } from './deadline-queue.js'

export interface UnreadOptions {
  /** Milliseconds within which a client must have read an answer that is whole. */
  readonly within: number
  /** Bytes of answers that may wait for one address. */
  readonly most: number
  /** Ends an answer that was not read in time. */
  cut(response: ServerResponse): void
}

/**
 * Answers that are whole, and wait for who asked to read them: each for a while, and of an address, of IPv6 its network, not more than so many bytes.
 * Over HTTP/1.1 most of an answer lies with the operating system; over HTTP/2 all of it lies here until the client opens its window. [H11.6]
 */
export class UnreadAnswers {
  readonly #most: number
  readonly #queue: DeadlineQueue<ServerResponse>
  readonly #bytes = new Map<string, number>()

  constructor({ within, most, cut }: UnreadOptions) {
    this.#most = most
    this.#queue = new DeadlineQueue(within, (response) => {
      if (!response.writableFinished) cut(response)
    })
  }

  /** Whether so much waits for an address that it should ask for nothing more. */
  isFull(address: string): boolean {
    return (this.#bytes.get(networkOf(address)) ?? 0) >= this.#most
  }

  /** An answer was given. */
  add(response: ServerResponse, address: string): void {
    const bytes = response.writableLength
    if (bytes === 0) return
    const network = networkOf(address)
    this.#bytes.set(network, (this.#bytes.get(network) ?? 0) + bytes)
    let isOver = false
    const over = (): void => {
      if (isOver) return
      isOver = true
      const left = (this.#bytes.get(network) ?? 0) - bytes
      if (left > 0) this.#bytes.set(network, left)
      else this.#bytes.delete(network)
    }
    response.on('finish', over)
    response.on('close', over)
    this.#queue.add(response)
  }
}
