import { CODES, type CommandBodies, type MessageBodies, MillraceError } from '@millrace/protocol'
import type { Core } from './core.js'
import { duration } from './options.js'
import type { CallRequestOptions, IncomingCall } from './types.js'

type Handler = (call: IncomingCall<unknown>) => unknown

/** Calls to the server, and the answers to its own. */
export class Calls {
  readonly #core: Core
  readonly #handlers = new Map<string, Handler>()
  /** What ends the calls that are being answered. */
  readonly #running = new Set<{ abort(): void }>()

  constructor(core: Core) {
    this.#core = core
  }

  async call(method: string, data: unknown, options: CallRequestOptions = {}): Promise<unknown> {
    const { payloads, requests, settings } = this.#core
    this.#core.use()
    const { to, timeout = settings.api?.calls[method]?.timeout ?? settings.timeouts.request } = options
    const codec = payloads.ofCall(method)
    // The server is told how long its answer is waited for.
    const body = { method, to, timeout: duration(timeout, 'timeout'), data: payloads.write(data, codec) }
    const reply = await requests.ask('call', body, { ...options, timeout, fate: 'once' })
    return payloads.read(reply.data, codec)
  }

  handle(method: string, handler: Handler): () => void {
    if (this.#handlers.has(method)) throw new TypeError(`'${method}' has a handler already`)
    this.#handlers.set(method, handler)
    this.#core.use()
    return () => {
      if (this.#handlers.get(method) === handler) this.#handlers.delete(method)
    }
  }

  /** The server calls. Answered once, unless nobody waits any more. */
  async answer({ call, method, timeout, data }: MessageBodies['call']): Promise<void> {
    const { payloads, ports, requests } = this.#core
    const aborter = ports.platform.aborter()
    const { signal } = aborter
    const cancel = ports.clock.schedule(timeout, () => aborter.abort())
    this.#running.add(aborter)
    let answer: Pick<CommandBodies['answer'], 'data' | 'error'>
    try {
      const handler = this.#handlers.get(method)
      if (handler === undefined)
        throw new MillraceError('unknown-method', { message: `This client does not handle '${method}'` })
      const codec = payloads.ofCall(method)
      answer = {
        data: payloads.write(await handler({ request: payloads.read(data, codec), signal }), codec),
      }
    } catch (error) {
      // A code of the table passes as it is, anything else as the application's own error.
      const { code } = error instanceof MillraceError ? error : CODES['application-error']
      const { message = String(error), field } = error as Partial<MillraceError>
      answer = { error: { code, message, field } }
    }
    cancel()
    this.#running.delete(aborter)
    if (!signal.aborted) requests.tell('answer', { call, ...answer })
  }

  /** The connection is lost, and with it those who wait for answers. */
  lost(): void {
    for (const aborter of this.#running) aborter.abort()
  }
}
