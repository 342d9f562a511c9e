import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Accepted } from '../websocket/index.js'
import { type AcceptSettings, answerHandshake, type HandshakeTransport, type Refusal } from './accept.js'
import type { DeadlineQueue } from './deadline-queue.js'
import type { Terminable } from './link-settings.js'

/** A 'stream' event of an HTTP/2 server, as node:http2 tells it. */
export interface StreamEvent {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
}

/** Whether a request over HTTP/2 wants another protocol on its stream: extended CONNECT. RFC 8441 §4. */
export function isExtendedConnect(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'CONNECT' && headers[':protocol'] !== undefined
}

/** Answers an extended CONNECT: opens a link on the stream, or refuses with a readable response. RFC 8441 §5. */
export function answerConnect({ stream, headers }: StreamEvent, settings: AcceptSettings): void {
  stream.on('error', ignoreError)
  const request = {
    method: headers[':method'] ?? '',
    httpVersion: '2.0',
    url: headers[':path'] ?? '',
    headers,
  }
  answerHandshake(request, new StreamTransport(stream, settings.link.closing), settings)
}

/** Refuses an extended CONNECT for a reason of the caller's. */
export function refuseConnect({ stream }: StreamEvent, refusal: Refusal, settings: AcceptSettings): void {
  stream.on('error', ignoreError)
  new StreamTransport(stream, settings.link.closing).refuse(refusal)
}

function ignoreError(): void {}

const NOTHING = Buffer.alloc(0)

class StreamTransport implements HandshakeTransport {
  readonly socket: ServerHttp2Stream
  /** Over HTTP/2 nothing can hide behind a request: data frames are frames of their own. */
  readonly head = NOTHING
  readonly #closing: DeadlineQueue<Terminable>

  constructor(stream: ServerHttp2Stream, closing: DeadlineQueue<Terminable>) {
    this.socket = stream
    this.#closing = closing
  }

  accept({ status, headers }: Accepted): void {
    this.socket.respond({ ':status': status, ...headers })
  }

  refuse({ status, reason, headers }: Refusal): void {
    const stream = this.socket
    if (stream.destroyed) return
    stream.respond({ ':status': status, ...headers, 'content-type': 'text/plain; charset=utf-8' })
    // RFC 9113 §8.1: after a whole response the rest of the request may be declined without an error.
    stream.end(`${reason}\n`, () => stream.close(constants.NGHTTP2_NO_ERROR))
    stream.resume()
    this.#closing.add({ terminate: () => stream.destroy() })
  }
}
