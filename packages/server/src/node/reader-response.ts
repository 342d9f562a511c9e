import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2ServerResponse } from 'node:http2'
import type { ReaderAnswer, ReaderStream } from '../readers/index.js'
import type { DeadlineQueue } from './deadline-queue.js'
import { type AllowOrigin, EVENTS, isGone, PRIVATE } from './http-answer.js'

/** What a preflight allows of a request, and lets a page see of an answer. Fetch standard §3.2.3. */
const PREFLIGHT = {
  'access-control-allow-headers': 'authorization, cache-control, if-none-match, last-event-id',
  'access-control-max-age': '7200',
}
const EXPOSED = 'etag, retry-after'

/**
 * Heads every answer: pages of other origins get nothing of it but by CORS, not even as an image or a script (Fetch standard
 * §3.7), and a cache knows that answers differ by origin.
 */
export function headAnswer(response: ServerResponse): void {
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('cross-origin-resource-policy', 'same-origin')
  response.setHeader('vary', 'origin')
}

/** Lets a page of this origin read the answer. False when it may not. Fetch standard §3.2. */
export function admitPage(
  { headers, httpVersion, method = '', url = '' }: IncomingMessage,
  response: ServerResponse,
  allowOrigin: AllowOrigin,
): boolean {
  const { origin } = headers
  if (origin === undefined) return true
  if (!allowOrigin(origin, { method, httpVersion, url, headers })) return false
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-allow-credentials', 'true')
  response.setHeader('access-control-expose-headers', EXPOSED)
  return true
}

export function answerPreflight(response: ServerResponse, methods: string): void {
  response.writeHead(204, { 'access-control-allow-methods': methods, ...PREFLIGHT }).end()
}

/** Ends a response so that nobody takes it for whole. */
export function cut(response: ServerResponse | Http2ServerResponse): void {
  // RFC 9113 §5.4.2: what is only destroyed ends without an error, as if that had been all.
  if ('stream' in response) response.stream.close(constants.NGHTTP2_CANCEL)
  else response.destroy()
}

/** Answers whole. One that is being answered already is cut. */
export function giveAnswer(response: ServerResponse, { status, headers, body }: ReaderAnswer): void {
  if (response.headersSent) cut(response)
  // RFC 9110 §8.6: a 304 has no content to tell the length of.
  else if (status === 304) response.writeHead(status, headers).end()
  else response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

/** A response that goes on. It begins with what is written first; of a HEAD, that is all of it. */
export class ResponseEvents implements ReaderStream {
  readonly #response: ServerResponse
  readonly #ending: DeadlineQueue<ServerResponse>
  readonly #isHead: boolean

  /** `ending` destroys what does not end by itself. */
  constructor(
    response: ServerResponse,
    { isHead, ending }: { readonly isHead: boolean; readonly ending: DeadlineQueue<ServerResponse> },
  ) {
    this.#response = response
    this.#isHead = isHead
    this.#ending = ending
  }

  get buffered(): number {
    return this.#response.writableLength
  }

  refuse(answer: ReaderAnswer): void {
    giveAnswer(this.#response, answer)
  }

  write(events: string, taken?: () => void): void {
    const response = this.#response
    if (response.writableEnded || isGone(response)) return
    if (!response.headersSent) response.writeHead(200, { ...EVENTS, ...PRIVATE })
    if (this.#isHead) this.end()
    else if (taken === undefined) response.write(events)
    else {
      response.write(events, (error) => {
        // It is called for what was lost as well.
        if (!error) taken()
      })
    }
  }

  end(): void {
    this.#response.end()
    this.#ending.add(this.#response)
  }

  cut(): void {
    cut(this.#response)
  }
}
