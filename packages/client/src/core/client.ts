import {
  type Api,
  type Command,
  type Message,
  type MessageBodies,
  MillraceError,
  PROTOCOL_VERSION,
} from '@millrace/protocol'
import { Calls } from './calls.js'
import { Handle } from './channel.js'
import type { ClientState } from './client-states.js'
import type { Connection } from './connection.js'
import type { Core } from './core.js'
import { Emitter } from './emitter.js'
import { Life } from './life.js'
import { resolveOptions, type Settings } from './options.js'
import { Payloads } from './payloads.js'
import { Waiting } from './pending.js'
import type { Ports } from './ports.js'
import { Requests } from './requests.js'
import { Subscription } from './subscription.js'
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
import { VERSION } from './version.js'

/** A client of any api, over any platform: what `createClient` gives its types and its ports. Throws a TypeError that names a wrong option. */
export class CoreClient implements Client<Api>, Core {
  readonly ports: Ports
  readonly settings: Settings
  readonly requests: Requests
  readonly payloads: Payloads
  readonly subscriptions = new Map<string, Subscription>()
  session: string | undefined
  user: string | undefined
  readonly #life: Life
  readonly #calls: Calls
  readonly #waiting: Waiting
  readonly #emitter = new Emitter<ClientEvents>((error) => this.fail(error))
  #failing = false
  #ids = 0
  readonly #idPrefix: string

  constructor(options: CoreOptions<Api>, ports: Ports) {
    const { clock, random } = ports
    this.ports = ports
    this.settings = resolveOptions(options)
    this.payloads = new Payloads(this.settings.api, this.settings.codecs)
    this.requests = new Requests(clock, this.settings)
    this.#calls = new Calls(this)
    this.#waiting = new Waiting(clock)
    this.#idPrefix = [random(), random()].map((part) => part.toString(36).slice(2, 12)).join('')
    this.#life = new Life(ports, this.settings, {
      ready: (token) => this.#greet(token),
      message: (message) => this.#route(message),
      tooLarge: (id, error) => this.requests.fail(id, error),
      ping: () => this.requests.tell('ping', {}),
      lost: () => this.#lost(),
      changed: (state) => this.#changed(state),
    })
  }

  get state(): ClientState {
    return this.#life.state
  }

  connect(options: RequestOptions = {}): Promise<void> {
    this.requests.refusal = undefined
    this.#life.open()
    const timeout = options.timeout ?? this.settings.timeouts.request
    const connected = this.connected()
      ? Promise.resolve()
      : this.#waiting.wait({ what: 'connect', timeout, signal: options.signal })
    // Who does not await it follows 'state': then a failure is no unhandled rejection.
    connected.catch(() => {})
    return connected
  }

  close(reason = 'Closed by the application'): void {
    // Before the connection goes, so that what is in flight learns why.
    if (this.state.code === undefined) this.requests.close(new MillraceError('aborted', { message: reason }))
    this.#life.close(NORMAL, reason)
  }

  channel(name: string, options: SubscriptionOptions = {}): Channel {
    return new Handle(this, name, options)
  }

  call(method: string, data: unknown, options?: CallRequestOptions): Promise<unknown> {
    this.use()
    return this.#calls.call(method, data, options)
  }

  handle(method: string, handler: (call: IncomingCall<unknown>) => unknown): () => void {
    this.use()
    return this.#calls.handle(method, handler)
  }

  on<E extends keyof ClientEvents>(
    event: E,
    listener: (...args: ClientEvents[E]) => void,
    { signal }: ListenOptions = {},
  ): () => void {
    const remove = this.#emitter.on(event, listener)
    const off = () => {
      signal?.removeEventListener('abort', off)
      remove()
    }
    if (signal?.aborted) off()
    else signal?.addEventListener('abort', off)
    return off
  }

  connected(): boolean {
    const { name } = this.state
    return name === 'connected' || name === 'degraded'
  }

  buffered(): number {
    return this.#life.connection?.buffered ?? 0
  }

  use(): void {
    if (this.settings.autoConnect && this.state.name === 'closed' && this.state.code === undefined)
      this.#life.open()
  }

  id(): string {
    return `${this.#idPrefix}-${(++this.#ids).toString(36)}`
  }

  fail(error: unknown): void {
    // An error of the listener for errors cannot be told to it.
    const told = !this.#failing && this.#emitFailure(error)
    if (!told) this.ports.platform.report(error)
  }

  #emitFailure(error: unknown): boolean {
    this.#failing = true
    try {
      return this.#emitter.emit('error', error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#failing = false
    }
  }

  /** The first frame: connect and all subscriptions in one [P1.4]. */
  #greet(token: string | undefined): void {
    const connection = this.#life.connection
    if (connection === undefined) return
    const { session, settings } = this
    const body = { version: PROTOCOL_VERSION, token, session, client: `millrace-js/${VERSION}` }
    this.requests.first(this.#sender(connection), () => {
      const how = { fate: 'bound', timeout: settings.timeouts.connect } as const
      this.requests.send('connect', { body, how }, (error, said) => {
        if (said !== undefined) this.#established(connection, said)
        // The server closes after that, with a code of its own [P1.5].
        else if (error !== undefined)
          connection.farewell = { code: error.code, reason: error.message, after: error.retryAfter }
      })
      for (const subscription of this.subscriptions.values()) subscription.resume()
    })
  }

  #established(connection: Connection, said: MessageBodies['connected']): void {
    this.session = said.session
    this.user = said.user
    this.requests.open(this.#sender(connection))
    this.#life.established(said)
    // Those that came into use since the first frame.
    for (const subscription of this.subscriptions.values()) subscription.resume()
  }

  #sender(connection: Connection): (commands: readonly Command[]) => void {
    return (commands) => connection.send(commands)
  }

  #route(message: Message): void {
    try {
      if (message.id === 0) this.#push(message)
      else this.requests.receive(message)
    } catch (error) {
      this.fail(error)
    }
  }

  #push(message: Message): void {
    const { kind, body } = message
    switch (kind) {
      case 'ping':
        return this.requests.tell('pong', {})
      case 'call':
        void this.#calls.answer(body)
        return
      case 'error':
        return this.fail(new MillraceError(body.code, body))
      case 'disconnect': {
        const connection = this.#life.connection
        const { code, reason, retryAfter: spread } = body
        if (connection !== undefined) connection.farewell = { code, reason, spread }
        return
      }
      case 'subscribed':
        return this.#subscribed(body)
      default:
        if ('channel' in body) this.subscriptions.get(body.channel)?.receive(message)
    }
  }

  #subscribed(body: MessageBodies['subscribed']): void {
    const { channel } = body
    const subscription = this.subscriptions.get(channel) ?? new Subscription(this, channel)
    this.subscriptions.set(channel, subscription)
    // Told first, so that a listener set up there misses nothing.
    if (!subscription.byServer) this.#emitter.emit('subscription', this.channel(channel))
    subscription.made(body)
  }

  #lost(): void {
    this.requests.lost()
    this.#calls.lost()
    for (const subscription of [...this.subscriptions.values()]) subscription.cut()
  }

  #changed(state: ClientState): void {
    if (state.name === 'connected') this.#waiting.settle()
    if (state.name !== 'closed') {
      this.#emitter.emit('state', state)
      return
    }
    const { code = NORMAL, reason } = state
    const error =
      this.requests.refusal ??
      new MillraceError(code === NORMAL ? 'aborted' : code, { message: reason || undefined })
    this.requests.close(error)
    this.#waiting.settle(error)
    for (const subscription of [...this.subscriptions.values()]) subscription.end(error)
    this.#emitter.emit('state', state)
    if (error.kind !== 'aborted') this.fail(error)
  }
}

/** RFC 6455 §7.4.1: the purpose of the connection is fulfilled. */
const NORMAL = 1000
