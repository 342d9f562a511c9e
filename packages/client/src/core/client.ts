import { type Api, MillraceError } from '@millrace/protocol'
import { Handle } from './channel.js'
import type { ClientState } from './client-states.js'
import { Core } from './core.js'
import { NORMAL } from './life.js'
import type { Ports, Via } from './ports.js'
import type {
  CallRequestOptions,
  Channel,
  Client,
  ClientEvents,
  CoreOptions,
  IncomingCall,
  ListenOptions,
  RequestOptions,
  SubscriptionOptions,
} from './types.js'

/** A client of any api, over any platform: what `createClient` gives its types and its ports. Throws a TypeError that names a wrong option. */
export class CoreClient implements Client<Api> {
  readonly #core: Core

  constructor(options: CoreOptions<Api>, ports: Ports) {
    this.#core = new Core(options, ports)
  }

  get state(): ClientState {
    return this.#core.life.state
  }

  get session(): string | undefined {
    return this.#core.session
  }

  get user(): string | undefined {
    return this.#core.user
  }

  get transport(): Via | undefined {
    return this.#core.life.via
  }

  get lag(): number | undefined {
    return this.#core.lag
  }

  connect(options: RequestOptions = {}): Promise<void> {
    const { connected, connecting, life, requests } = this.#core
    requests.refusal = undefined
    const done = connected ? Promise.resolve() : requests.wait('connect', options, connecting)
    // Who does not await it follows 'state': then a failure is no unhandled rejection.
    done.catch(() => {})
    life.open()
    return done
  }

  close(reason = 'Closed by the application'): void {
    const { life, requests } = this.#core
    if (life.state.code !== undefined) return
    // Before the connection goes, so that what is in flight learns why.
    this.#core.cut()
    requests.close(new MillraceError('aborted', { message: reason }))
    life.close(NORMAL, reason)
  }

  channel(name: string, options?: SubscriptionOptions): Channel {
    return new Handle(this.#core, name, options)
  }

  call(method: string, data: unknown, options?: CallRequestOptions): Promise<unknown> {
    return this.#core.calls.call(method, data, options)
  }

  handle(method: string, handler: (call: IncomingCall<unknown>) => unknown): () => void {
    return this.#core.calls.handle(method, handler)
  }

  on<E extends keyof ClientEvents>(
    event: E,
    listener: (...args: ClientEvents[E]) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#core.emitter.on(event, listener, options)
  }
}
