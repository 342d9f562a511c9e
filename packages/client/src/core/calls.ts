import { type CommandBodies, type MessageBodies, MillraceError } from '@millrace/protocol'
import type { Core } from './core.js'
import { duration } from './options.js'
import { told } from './pending.js'
import type { CallRequestOptions, IncomingCall } from './types.js'

/** How long after everybody's time is over the server knows what became of a call, in milliseconds. */
const LATEST = 30_000

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

  /** Whether nobody waits for an answer of this client. */
  get idle(): boolean {
    return this.#running.size === 0
  }

  async call(method: string, data: unknown, options: CallRequestOptions = {}): Promise<unknown> {
    const { payloads, requests, settings } = this.#core
    this.#core.use()
    const {
      to,
      key,
      ttl,
      timeout = settings.api?.calls[method]?.timeout ?? settings.timeouts.request,
    } = options
    const codec = payloads.ofCall(method)
    const ms = duration(timeout, 'timeout')
    const waits = ttl && { id: options.id ?? this.#core.id(), ttl: duration(ttl, 'ttl'), key }
    // The server is told how long its answer is waited for.
    const body = { method, to, timeout: ms, data: payloads.write(data, codec), ...waits }
    // One that waits at the server is known there by its id, so it may be sent again.
    const reply = await requests.ask('call', body, {
      ...options,
      timeout: waits ? waits.ttl + ms + LATEST : ms,
      fate: waits ? 'again' : 'once',
    })
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
        throw new MillraceError('unknown-method', { message: `No handler for '${method}'` })
      const codec = payloads.ofCall(method)
      answer = {
        data: payloads.write(await handler({ request: payloads.read(data, codec), signal, id: call }), codec),
      }
    } catch (error) {
      answer = { error: told(error, 'application-error') }
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
