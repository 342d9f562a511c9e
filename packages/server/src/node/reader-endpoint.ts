import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MillraceError } from '@millrace/protocol'
import {
  type Asked,
  errorAnswer,
  type OpenReader,
  type Readers,
  readEventsRequest,
  readPageRequest,
} from '../readers/index.js'
import type { AddressOf } from './client-address.js'
import { DeadlineQueue } from './deadline-queue.js'
import { type AllowOrigin, isGone } from './http-answer.js'
import { InputTurns } from './input-turns.js'
import { intercept } from './intercept.js'
import { admitPage, answerPreflight, cut, giveAnswer, headAnswer, ResponseEvents } from './reader-response.js'
import { UnreadAnswers } from './unread-answers.js'

export interface ReaderEndpointOptions {
  readonly readers: Readers
  /** The endpoint's path, below which readers are served. */
  readonly path: string
  readonly allowOrigin: AllowOrigin
  readonly addressOf: AddressOf
  /** Milliseconds that an answer which the server has ended may take to leave. Default 5 seconds. */
  readonly leavesWithin?: number
  /** Milliseconds within which a client must have read an answer that is whole. Default 30 seconds. */
  readonly readWithin?: number
  /** Bytes of pages that may wait for one address to read them. Default 32 MiB. */
  readonly mostUnread?: number
  failed(what: string, error: unknown): void
}

const METHODS = 'GET, HEAD, OPTIONS'
const LEAVES_WITHIN = 5_000
/** A page has about 256 KiB, of which the network holds some. */
const READ_WITHIN = 30_000
/** A hundred large pages: an office that reads at once. */
const MOST_UNREAD = 33_554_432
/** `CHANNEL/events` or `CHANNEL/publications`; a channel may have slashes. */
const VIEW = /^(.*)\/(events|publications)$/s

/** What of a channel is asked for, as the URL says it. */
interface Target {
  readonly channel: string
  readonly view: string
  readonly query: Asked['query']
}

/** Serves readers without the SDK, at `path/channels/CHANNEL/events` and `/publications`. [P9.1] */
export class ReaderEndpoint {
  readonly #options: ReaderEndpointOptions
  readonly #below: string
  readonly #detach: (() => void)[] = []
  readonly #open = new Set<ServerResponse>()
  readonly #ending: DeadlineQueue<ServerResponse>
  readonly #unread: UnreadAnswers
  readonly #turns = new InputTurns()
  #whenEmpty = (): void => {}

  constructor(options: ReaderEndpointOptions) {
    this.#options = options
    this.#ending = new DeadlineQueue(options.leavesWithin ?? LEAVES_WITHIN, (response) => {
      cut(response)
      // One behind another on its connection is not told when that breaks.
      this.#closed(response)
    })
    const { readWithin: within = READ_WITHIN, mostUnread: most = MOST_UNREAD } = options
    this.#unread = new UnreadAnswers({ within, most, cut })
    this.#below = `${options.path.replace(/\/$/, '')}/channels/`
  }

  /** Takes the readers' requests out of the server's, whoever else listens to them and since when. */
  attach(server: EventEmitter): void {
    this.#detach.push(intercept(server, (request, response) => this.#take(request, response)))
  }

  /** Takes no more, and resolves when the last answer has left or was given up. The hub has closed the sessions. */
  async close(): Promise<void> {
    for (const detach of this.#detach.splice(0)) detach()
    if (this.#open.size === 0) return
    for (const response of this.#open) this.#ending.add(response)
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve
    })
  }

  #take(request: IncomingMessage, response: ServerResponse): boolean {
    const target = this.#targetOf(request.url ?? '')
    if (target === undefined) return false
    // A peer that goes away takes nothing with it.
    response.on('error', () => {})
    this.#open.add(response)
    response.on('close', () => this.#closed(response))
    // A session of HTTP/2 may bring a hundred at once. [E36]
    this.#turns.soon(() => {
      if (!isGone(response)) this.#serve(target, request, response)
    })
    return true
  }

  #targetOf(url: string): Target | undefined {
    const [pathname = ''] = url.split('?', 1)
    if (!pathname.startsWith(this.#below)) return undefined
    const [, channel, view] = VIEW.exec(pathname.slice(this.#below.length)) ?? []
    if (channel === undefined || view === undefined) return undefined
    return { channel, view, query: [...new URLSearchParams(url.slice(pathname.length))] }
  }

  #closed(response: ServerResponse): void {
    this.#open.delete(response)
    if (this.#open.size === 0) this.#whenEmpty()
  }

  #serve(target: Target, request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#answer(target, request, response)
    } catch (error) {
      giveAnswer(response, errorAnswer(this.#blame(error)))
    }
  }

  #answer(target: Target, request: IncomingMessage, response: ServerResponse): void {
    const { method = '', headers } = request
    headAnswer(response)
    if (!admitPage(request, response, this.#options.allowOrigin)) throw foreign(headers.origin)
    if (method === 'OPTIONS') answerPreflight(response, 'GET, HEAD')
    else if (method === 'GET' || method === 'HEAD') this.#read(target, request, response)
    else giveAnswer(response, wrongMethod(method))
  }

  #read({ channel, view, query }: Target, request: IncomingMessage, response: ServerResponse): void {
    const { method, headers, socket } = request
    const remoteAddress = this.#options.addressOf(socket.remoteAddress, headers)
    const asked = { channel, query, info: { headers, remoteAddress } }
    const reader = view === 'events' ? this.#follow(asked, response, method) : this.#page(asked, response)
    response.on('close', () => reader.gone())
  }

  #follow(asked: Asked, response: ServerResponse, method: string | undefined): OpenReader {
    const stream = new ResponseEvents(response, { isHead: method === 'HEAD', ending: this.#ending })
    return this.#options.readers.follow(readEventsRequest(asked), stream)
  }

  #page(asked: Asked, response: ServerResponse): OpenReader {
    const { remoteAddress } = asked.info
    if (this.#unread.isFull(remoteAddress)) throw unread()
    return this.#options.readers.page(readPageRequest(asked), (answer) => {
      // Others may have been written while this one waited for its turn.
      giveAnswer(response, this.#unread.isFull(remoteAddress) ? errorAnswer(unread()) : answer)
      // Who does not read keeps neither memory nor the connection.
      this.#unread.add(response, remoteAddress)
    })
  }

  /** What the peer is told of an error: bad input in full, a fault of ours only that there was one. */
  #blame(error: unknown): MillraceError {
    if (error instanceof MillraceError) return error
    this.#options.failed('a reader’s request', error)
    return new MillraceError('internal-error')
  }
}

const unread = (): MillraceError =>
  new MillraceError('limit-exceeded', {
    message: 'Too many answers wait to be read at this address: read those first',
  })

const foreign = (origin: string | undefined): MillraceError =>
  new MillraceError('forbidden', { message: `Pages of ${origin} may not read here: see allowedOrigins` })

/** RFC 9110 §15.5.6. */
function wrongMethod(method: string): ReturnType<typeof errorAnswer> {
  const message = `Channels are read with GET, not ${method}`
  const { headers, body } = errorAnswer(new MillraceError('malformed-command', { message, field: 'method' }))
  return { status: 405, headers: { ...headers, allow: METHODS }, body }
}
