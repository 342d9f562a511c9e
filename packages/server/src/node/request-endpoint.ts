import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LinkInfo, RequestAnswer } from '../hub/index.js'
import type { EventStream, RequestKind, RequestLinks } from '../requests/index.js'
import { type AllowOrigin, admitOrigin, EVENTS, PRIVATE, preflight, readBody, refuse } from './http-answer.js'
import { intercept } from './intercept.js'

export interface RequestEndpointOptions {
  readonly links: RequestLinks
  /** The endpoint's path, below which requests are served. */
  readonly path: string
  /** What connections may be opened as. */
  readonly opens: { readonly poll: boolean; readonly stream: boolean }
  readonly allowOrigin: AllowOrigin
  /** Bytes of a request's body. */
  readonly maxBody: number
  failed(what: string, error: unknown): void
}

type Kind = RequestKind | 'stream'

/** Serves connections that are made of requests, at `path/poll`, `/send`, `/close` and `/stream`. [P8.1] */
export class RequestEndpoint {
  readonly #options: RequestEndpointOptions
  readonly #kinds: readonly string[]
  readonly #detach: (() => void)[] = []

  constructor(options: RequestEndpointOptions) {
    const { poll, stream } = options.opens
    this.#options = options
    this.#kinds = ['send', 'close', ...(poll ? ['poll'] : []), ...(stream ? ['stream'] : [])]
  }

  /** Takes the endpoint's requests out of the server's, whoever else listens to them and since when. */
  attach(server: EventEmitter): void {
    this.#detach.push(intercept(server, (request, response) => this.#take(request, response)))
  }

  close(): void {
    this.#options.links.close()
    for (const detach of this.#detach.splice(0)) detach()
  }

  #take(request: IncomingMessage, response: ServerResponse): boolean {
    const { path } = this.#options
    const [pathname = ''] = (request.url ?? '').split('?', 1)
    const kind = pathname.startsWith(`${path}/`) ? pathname.slice(path.length + 1) : ''
    if (!this.#kinds.includes(kind)) return false
    // A peer that goes away takes nothing with it.
    response.on('error', () => {})
    this.#serve(kind as Kind, request, response).catch((error: unknown) => {
      this.#options.failed(`a ${kind} request`, error)
      refuse(response, 500, 'The server failed to answer\n')
    })
    return true
  }

  async #serve(kind: Kind, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { allowOrigin, links, maxBody } = this.#options
    const { headers, method } = request
    if (!admitOrigin(request, response, allowOrigin)) return
    if (method === 'OPTIONS') return preflight(response, 'POST')
    if (method !== 'POST')
      return refuse(response, 405, 'Requests here are POST\n', { allow: 'POST, OPTIONS' })
    const body = await readBody(request, maxBody)
    if (body === undefined)
      return refuse(response, 413, `A body may have ${maxBody} bytes\n`, { connection: 'close' })
    const info: LinkInfo = { headers, remoteAddress: request.socket.remoteAddress ?? '' }
    if (kind !== 'stream') return finish(response, await links.answer(kind, body, info))
    const stream = new ResponseStream(response)
    const opened = links.stream(body, info, stream)
    if ('status' in opened) return finish(response, opened)
    response.on('close', () => opened.broken())
  }
}

/** A response that goes on. It begins with what is written first. */
class ResponseStream implements EventStream {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  get buffered(): number {
    return this.#response.writableLength
  }

  write(events: string): void {
    const response = this.#response
    if (!response.headersSent) response.writeHead(200, { ...EVENTS, ...PRIVATE })
    response.write(events)
  }

  end(): void {
    this.#response.end()
  }
}

function finish(response: ServerResponse, { status, body }: RequestAnswer): void {
  if (status === 200)
    response.writeHead(200, { ...EVENTS, ...PRIVATE, 'content-length': Buffer.byteLength(body) }).end(body)
  else refuse(response, status, body, status === 503 ? { 'retry-after': '1' } : {})
}
