import type { Clock } from '../core/index.js'

/** What a request is for, and so its path below the endpoint's. */
export type RequestKind = 'poll' | 'send' | 'close' | 'stream'

export interface Answer {
  /** The HTTP status. */
  readonly status: number
  /** Whether the body is a stream of events. Another one is not the server's, whatever its status. */
  readonly isEvents: boolean
  /** The body, in pieces as they come. It may reject. */
  readonly pieces: AsyncIterable<string>
}

export interface Posted {
  /** Resolves when the answer's head has come; rejects when none comes, or on the call of `abort`. */
  readonly answer: Promise<Answer>
  /** Ends the request, and its answer where that goes on. Again does nothing. */
  abort(): void
}

export interface RequestPorts {
  readonly clock: Clock
  /** From 0 up to but not including 1. */
  readonly random: () => number
  post(kind: RequestKind, body: string): Posted
  /** Bytes a text takes as UTF-8. */
  sizeOf(text: string): number
  /** Calls back when the page is about to go for good, until what it returns is called. */
  leaving(tell: () => void): () => void
}
