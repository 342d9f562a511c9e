import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LinkInfo, RequestAnswer } from '../hub/index.js'
import type { EventStream, RequestKind, RequestLinks } from '../requests/index.js'
import type { AddressOf } from './client-address.js'
import { DeadlineQueue } from './deadline-queue.js'
import {
  type AllowOrigin,
  admitOrigin,
  EVENTS,
  isGone,
  PRIVATE,
  preflight,
  readBody,
  refuse,
} from './http-answer.js'
import { InputTurns } from './input-turns.js'
import { intercept } from './intercept.js'
import { refuseSecrets } from './secret-query.js'

export interface RequestEndpointOptions {
  readonly links: RequestLinks
  /** The endpoint's path, below which requests are served. */
  readonly path: string
  /** What connections may be opened as. */
  readonly opens: { readonly poll: boolean; readonly stream: boolean }
  readonly allowOrigin: AllowOrigin
  readonly addressOf: AddressOf
  /** Bytes of a request's body. */
  readonly maxBody: number
  /** Milliseconds within which a client must have read what ends its response. Default 10 seconds. */
  readonly readWithin?: number
  /** Milliseconds within which a request's body must have come. Default 30 seconds. */
  readonly bodyWithin?: number
  failed(what: string, error: unknown): void
}

type Kind = RequestKind | 'stream'

const READ_WITHIN = 10_000
/** A client's frames have 64 KiB at a time, which a modem has sent by then. */
const BODY_WITHIN = 30_000
const ANSWERED = { ...EVENTS, ...PRIVATE }

/** Serves connections that are made of requests, at `path/poll`, `/send`, `/close` and `/stream`. [P8.1] */
export class RequestEndpoint {
  readonly #options: RequestEndpointOptions
  readonly #prefix: string
  readonly #kinds: readonly string[]
  readonly #detach: (() => void)[] = []
  readonly #unread: DeadlineQueue<ServerResponse>
  readonly #turns = new InputTurns()
  /** Those whose bodies did not come with their headers. */
  readonly #slow: DeadlineQueue<Exchange>

  constructor(options: RequestEndpointOptions) {
    const { poll, stream } = options.opens
    this.#options = options
    this.#unread = new DeadlineQueue(options.readWithin ?? READ_WITHIN, (response) => {
      if (!response.writableFinished) response.destroy()
    })
    const within = options.bodyWithin ?? BODY_WITHIN
    this.#slow = new DeadlineQueue(within, ({ request, response }) => {
      if (!request.complete && !response.headersSent) cutShort(request, response, [408, TOO_SLOW])
    })
    this.#prefix = `${options.path.replace(/\/$/, '')}/`
    this.#kinds = ['send', 'close', ...(poll ? ['poll'] : []), ...(stream ? ['stream'] : [])]
  }

  /** Takes the endpoint's requests out of the server's, whoever else listens to them and since when. */
  attach(server: EventEmitter): void {
    this.#detach.push(intercept(server, (request, response) => this.#take(request, response)))
  }

  async close(): Promise<void> {
    await this.#options.links.close()
    for (const detach of this.#detach.splice(0)) detach()
  }

  #take(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '' } = request
    if (!url.startsWith(this.#prefix)) return false
    const [kind = ''] = url.slice(this.#prefix.length).split('?', 1)
    if (!this.#kinds.includes(kind)) return false
    // A peer that goes away takes nothing with it.
    response.on('error', () => {})
    this.#serve(kind as Kind, request, response).catch((error: unknown) => {
      if (isGone(response) || !request.complete) return
      this.#options.failed(`a ${kind} request`, error)
      refuse(response, 500, 'The server failed to answer\n')
    })
    return true
  }

  async #serve(kind: Kind, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { addressOf, allowOrigin, maxBody } = this.#options
    const { headers, method } = request
    // Of who has gone by the time it is asked for Node does not know it any more.
    const { remoteAddress } = request.socket
    if (!admitOrigin(request, response, allowOrigin)) return
    if (method === 'OPTIONS') return preflight(response, 'POST')
    if (method !== 'POST') {
      response.setHeader('allow', 'POST, OPTIONS')
      return refuse(response, 405, 'Requests here are POST\n')
    }
    const secret = refuseSecrets({ url: request.url ?? '' })
    if (secret !== null) return refuse(response, secret.status, `${secret.reason}\n`)
    const reading = readBody(request, maxBody)
    // Most bodies have come by then.
    setImmediate(() => {
      if (!request.complete) this.#slow.add({ request, response })
    })
    const body = await reading
    if (response.headersSent) return
    if (body === undefined) return cutShort(request, response, [413, `A body may have ${maxBody} bytes\n`])
    // Asked for only by what opens a connection.
    const info = (): LinkInfo => ({ headers, remoteAddress: addressOf(remoteAddress, headers) })
    const brought = { kind, body, info }
    if (this.#turns.hasTime) return this.#hand(brought, response)
    // A session of HTTP/2 may bring a hundred at once. What came whole counts, whoever has left since: a page says goodbye as it goes. [E36]
    await new Promise<void>((resolve, reject) => {
      this.#turns.add({ proceed: () => void this.#hand(brought, response).then(resolve, reject) })
    })
  }

  async #hand({ kind, body, info }: Brought, response: ServerResponse): Promise<void> {
    const { links } = this.#options
    if (kind !== 'stream') return this.#finish(response, await links.answer(kind, body, info))
    const stream = new ResponseStream(response, () => this.#ended(response))
    const opened = links.stream(body, info, stream)
    if ('status' in opened) return this.#finish(response, opened)
    response.on('close', () => opened.broken())
    // It was gone before anybody listened.
    if (isGone(response)) opened.broken()
  }

  #finish(response: ServerResponse, { status, body }: RequestAnswer): void {
    if (status === 200)
      response.writeHead(200, { ...ANSWERED, 'content-length': Buffer.byteLength(body) }).end(body)
    else {
      if (status === 503) response.setHeader('retry-after', '1')
      refuse(response, status, body)
    }
    this.#ended(response)
  }

  /** Who does not read keeps neither memory nor the server. */
  #ended(response: ServerResponse): void {
    if (response.writableLength > 0) this.#unread.add(response)
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** What a request brings. */
interface Brought {
  readonly kind: Kind
  readonly body: string
  readonly info: () => LinkInfo
}

const TOO_SLOW = 'The body took too long: send less at a time\n'

/** Answers before the request has ended; what still comes of it is not waited for. */
function cutShort(
  request: IncomingMessage,
  response: ServerResponse,
  [status, reason]: readonly [number, string],
): void {
  // HTTP/2 has no such header.
  if (request.httpVersionMajor < 2) response.setHeader('connection', 'close')
  refuse(response, status, reason)
}

/** A response that goes on. It begins with what is written first. */
class ResponseStream implements EventStream {
  readonly #response: ServerResponse
  readonly #ended: () => void

  constructor(response: ServerResponse, ended: () => void) {
    this.#response = response
    this.#ended = ended
  }

  get buffered(): number {
    return this.#response.writableLength
  }

  write(events: string): void {
    const response = this.#response
    if (!response.headersSent) response.writeHead(200, ANSWERED)
    response.write(events)
  }

  end(): void {
    this.#response.end()
    this.#ended()
  }
}
