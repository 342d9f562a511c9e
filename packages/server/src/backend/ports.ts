/** What asking an application's backend needs from the world. It holds no code. */
import type { Clock, Logger, Random } from '../hub/index.js'

/** One request to a backend: a POST. */
export interface PostRequest {
  readonly url: string
  /** Lower-cased. What is the platform's own, such as the content type, it adds itself. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string
  /** Bytes of an answer that are read at most. */
  readonly maxAnswer: number
}

export interface PostAnswer {
  readonly status: number
  /** Undefined when it is longer than it may be, or is no text in UTF-8. */
  readonly text: string | undefined
  /** Milliseconds the backend asks to wait before the next request (RFC 9110 §10.2.3). */
  readonly retryAfter: number | undefined
}

/** A request that is under way. */
export interface Posting {
  /**
   * Whatever whole answer there is, also one that is a redirect, which is not followed. Rejects with an Error when there is none; its message
   * says why and has nothing of what was sent.
   */
  readonly answer: Promise<PostAnswer>
  /** Gives it up: `answer` rejects, whatever the network does. */
  cancel(): void
}

/** Sends a request. Does not throw. */
export type Post = (request: PostRequest) => Posting

/** HMAC-SHA-256 (RFC 2104, FIPS 180-4) of a text in UTF-8, in padded base64. */
export type HmacSha256 = (key: Uint8Array, text: string) => string

export interface BackendPorts {
  readonly clock: Clock
  /** Names for questions. */
  readonly random: Random
  /** At random, from 0 to below 1: spreads what would else come at once. */
  readonly jitter: () => number
  readonly hmac: HmacSha256
  readonly post: Post
  readonly logger: Logger
}
