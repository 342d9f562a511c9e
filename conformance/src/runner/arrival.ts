import type { Delivery, ResponseSpec } from '../model.js'
import type { Headers, HttpHead } from '../wire/http1.js'
import type { Link, LinkHandler } from '../wire/link.js'

/** Where a client subject is told to connect. */
export interface Listener {
  readonly url: string
  /** The next opening request; throws Mismatch when none comes in time. */
  accept(patience: number): Promise<Arrival>
  close(): void
}

/** An opening request that has come and waits for its answer. Until `listen` what the client sends is kept. */
export interface Arrival {
  /** Over HTTP/2 the start line is put together from the pseudo-headers. */
  readonly request: HttpHead
  readonly link: Link
  /** The fields every right answer has on this transport. */
  usualHeaders(spec: ResponseSpec): Headers
  /** Sends the answer, and what is to follow it in the same write; answers what was sent, for the transcript. */
  respond(answer: PlannedAnswer): Promise<readonly Uint8Array[]>
  listen(handler: LinkHandler): void
}

export interface PlannedAnswer {
  readonly spec: ResponseSpec
  readonly headers: Headers
  readonly delivery: Delivery
}
