import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MillraceError } from '@millrace/protocol'
import type { AuthRequest, IssuedTicket } from '../hub/index.js'
import { bearerOf, errorAnswer, JSON_TYPE, type ReaderAnswer } from '../readers/index.js'
import type { AddressOf } from './client-address.js'
import { type AllowOrigin, PRIVATE } from './http-answer.js'
import { intercept } from './intercept.js'
import { admitPage, answerPreflight, giveAnswer, headAnswer } from './reader-response.js'
import { refuseSecrets } from './secret-query.js'

export interface TicketEndpointOptions {
  /** Gives a ticket for what `auth` accepts. Rejects with a MillraceError that says why not. */
  exchange(request: AuthRequest): Promise<IssuedTicket>
  /** The endpoint's path, below which tickets are given out. */
  readonly path: string
  readonly allowOrigin: AllowOrigin
  readonly addressOf: AddressOf
  failed(what: string, error: unknown): void
}

const METHODS = 'POST, OPTIONS'

/** Gives single-use tickets to who shows a token or a cookie, at `path/ticket`. [P1.15] */
export class TicketEndpoint {
  readonly #options: TicketEndpointOptions
  readonly #path: string
  readonly #detach: (() => void)[] = []
  readonly #open = new Set<Promise<void>>()

  constructor(options: TicketEndpointOptions) {
    this.#options = options
    this.#path = `${options.path.replace(/\/$/, '')}/ticket`
  }

  attach(server: EventEmitter): void {
    this.#detach.push(
      intercept(server, (request, response) => {
        if ((request.url ?? '').split('?', 1)[0] !== this.#path) return false
        // A peer that goes away takes nothing with it.
        response.on('error', () => {})
        const answered = this.#answer(request, response)
        this.#open.add(answered)
        void answered.finally(() => this.#open.delete(answered))
        return true
      }),
    )
  }

  /** Takes no more, and resolves when what was asked is answered. */
  async close(): Promise<void> {
    for (const detach of this.#detach.splice(0)) detach()
    await Promise.all(this.#open)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers, url = '' } = request
    headAnswer(response)
    // No body is wanted; what comes of one must not be taken for the next request. HTTP/2 has no such header.
    if (!request.complete && request.httpVersionMajor < 2 && hasBody(headers))
      response.setHeader('connection', 'close')
    if (!admitPage(request, response, this.#options.allowOrigin))
      giveAnswer(response, foreign(headers.origin))
    else if (method === 'OPTIONS') answerPreflight(response, 'POST')
    else if (method !== 'POST') giveAnswer(response, wrongMethod(method))
    else {
      const secret = refuseSecrets({ url })
      giveAnswer(response, secret === null ? await this.#exchange(request) : malformed(secret.reason))
    }
  }

  async #exchange({ headers, socket }: IncomingMessage): Promise<ReaderAnswer> {
    const { exchange, addressOf, failed } = this.#options
    const info = { headers, remoteAddress: addressOf(socket.remoteAddress, headers) }
    const token = bearerOf(info)
    try {
      const { ticket, expiresIn } = await exchange({ ...info, token })
      const body = `${JSON.stringify({ ticket, expiresIn })}\n`
      return { status: 200, headers: { 'content-type': JSON_TYPE, ...PRIVATE }, body }
    } catch (error) {
      if (error instanceof MillraceError) return errorAnswer(error, token !== undefined)
      failed('giving a ticket', error)
      return errorAnswer(new MillraceError('internal-error'))
    }
  }
}

const hasBody = ({ 'content-length': length, 'transfer-encoding': coding }: IncomingMessage['headers']) =>
  Number(length ?? 0) > 0 || coding !== undefined

const malformed = (message: string): ReaderAnswer =>
  errorAnswer(new MillraceError('malformed-command', { message }))

const foreign = (origin: string | undefined): ReaderAnswer =>
  errorAnswer(
    new MillraceError('forbidden', {
      message: `Pages of ${origin} get no ticket here: see allowedOrigins`,
    }),
  )

/** RFC 9110 §15.5.6. */
function wrongMethod(method: string): ReaderAnswer {
  const { headers, body } = errorAnswer(
    new MillraceError('malformed-command', {
      message: `Tickets are asked for with POST, not ${method}`,
      field: 'method',
    }),
  )
  return { status: 405, headers: { ...headers, allow: METHODS }, body }
}
