import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdminApi } from '../admin/index.js'
import { readBody } from './http-answer.js'
import { intercept } from './intercept.js'
import { giveAnswer, headAnswer } from './reader-response.js'

export interface AdminEndpointOptions {
  /** Loads it, once. */
  api(): Promise<AdminApi>
  failed(what: string, error: unknown): void
  readonly path: string
  /** Bytes of a request. */
  readonly maxBody: number
}

/** Serves what backends ask below a path. [H12.1] */
export class AdminEndpoint {
  readonly #options: AdminEndpointOptions
  readonly #detach: (() => void)[] = []
  readonly #open = new Set<Promise<void>>()

  constructor(options: AdminEndpointOptions) {
    this.#options = options
  }

  attach(server: EventEmitter): void {
    this.#detach.push(
      intercept(server, (request, response) => {
        const { path } = this.#options
        const [pathname = ''] = (request.url ?? '').split('?', 1)
        if (!pathname.startsWith(`${path}/`)) return false
        const answered = this.#answer(pathname.slice(path.length), request, response).catch(
          (error: unknown) => {
            this.#options.failed('a backend’s request', error)
            response.destroy()
          },
        )
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

  async #answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { api, maxBody } = this.#options
    const { method = '', url = '', headers } = request
    // A peer that goes away takes nothing with it.
    response.on('error', () => {})
    headAnswer(response)
    const query = [...new URLSearchParams(url.split('?').slice(1).join('?'))]
    const answer = await (await api()).answer({
      ...{ method, path, query, headers },
      body: () => readBody(request, maxBody),
    })
    // What is not read of a body would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close')
    giveAnswer(response, answer)
  }
}
