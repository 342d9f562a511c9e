import type { Clock } from '../core/index.js'

/** What a request is for, and so its path below the endpoint's. */
export type RequestKind = 'poll' | 'send' | 'close' | 'stream'

export interface Answer {
  /** The HTTP status. */
  readonly status: number
  /** The body, in pieces as they come. It may reject. */
  readonly pieces: AsyncIterable<string>
}

export interface RequestPorts {
  readonly clock: Clock
  /** From 0 up to but not including 1. */
  readonly random: () => number
  /** Sends a request; resolves when the answer's head has come, rejects when none comes, or on the call of `abort`. */
  post(kind: RequestKind, body: string): { readonly answer: Promise<Answer>; abort(): void }
  /** Bytes a text takes as UTF-8. */
  sizeOf(text: string): number
}
