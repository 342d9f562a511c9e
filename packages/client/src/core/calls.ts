import { CODES, type ErrorBody, type MessageBodies, MillraceError } from '@millrace/protocol'
import type { Core } from './core.js'
import { duration } from './options.js'
import type { CallRequestOptions, IncomingCall } from './types.js'

type Handler = (call: IncomingCall<unknown>) => unknown

/** Calls to the server, and the answers to its own. */
export class Calls {
  readonly #core: Core
  readonly #handlers = new Map<string, Handler>()
  /** What ends the calls that are being answered. */
  readonly #running = new Set<() => void>()

  constructor(core: Core) {
    this.#core = core
  }

  async call(method: string, data: unknown, options: CallRequestOptions = {}): Promise<unknown> {
    const { payloads, requests, settings } = this.#core
    const timeout = options.timeout ?? settings.api?.calls[method]?.timeout ?? settings.timeouts.request
    const codec = payloads.ofCall(method)
    const ms = duration(timeout, 'timeout')
    const body = { method, to: options.to, timeout: ms, data: payloads.write(data, codec) }
    const reply = await requests.ask('call', body, { ...options, timeout: ms, fate: 'once' })
    return payloads.read(reply.data, codec)
  }

  handle(method: string, handler: Handler): () => void {
    if (this.#handlers.has(method)) throw new TypeError(`There is a handler for '${method}' already`)
    this.#handlers.set(method, handler)
    return () => {
      if (this.#handlers.get(method) === handler) this.#handlers.delete(method)
    }
  }

  /** The server calls. Answered once, unless nobody waits any more. */
  async answer({ call, method, timeout, data }: MessageBodies['call']): Promise<void> {
    const { payloads, ports, requests } = this.#core
    const { signal, abort } = ports.platform.aborter()
    const cancel = ports.clock.schedule(timeout, abort)
    this.#running.add(abort)
    const codec = payloads.ofCall(method)
    let body: { readonly data: ReturnType<typeof payloads.write> } | { readonly error: ErrorBody }
    try {
      const handler = this.#handlers.get(method)
      if (handler === undefined)
        throw new MillraceError('unknown-method', { message: `This client does not handle '${method}'` })
      const response = await handler({ request: payloads.read(data, codec), signal })
      body = { data: payloads.write(response, codec) }
    } catch (error) {
      body = { error: asBody(error) }
    }
    cancel()
    this.#running.delete(abort)
    if (!signal.aborted) requests.tell('answer', { call, ...body })
  }

  /** The connection is lost, and with it those who wait for answers. */
  lost(): void {
    for (const abort of this.#running) abort()
  }
}

/** What the caller is told: a code of the table as it is, anything else as the application's own error. */
function asBody(error: unknown): ErrorBody {
  const code = error instanceof MillraceError ? error.code : CODES['application-error'].code
  const { message = String(error), field } = error as { message?: string; field?: string }
  return { code, message, field }
}
