import {
  type Api,
  type Message,
  type MessageBodies,
  MillraceError,
  PROTOCOL_VERSION,
} from '@millrace/protocol'
import { Calls } from './calls.js'
import { Handle } from './channel.js'
import type { ClientState } from './client-states.js'
import type { Core } from './core.js'
import { Emitter } from './emitter.js'
import { Life, NORMAL } from './life.js'
import { resolveOptions } from './options.js'
import { Payloads } from './payloads.js'
import type { Settle } from './pending.js'
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
export class CoreClient implements Client<Api> {
  session: string | undefined
  user: string | undefined
  readonly #core: Core
  readonly #life: Life
  readonly #calls: Calls
  readonly #connecting = new Set<Settle>()
  readonly #emitter = new Emitter<ClientEvents>((error) => this.#fail(error))
  /** Whether a listener for errors is at work: what it throws cannot be told to it. */
  #failing = false

  constructor(options: CoreOptions<Api>, ports: Ports) {
    const settings = resolveOptions(options)
    const { api, autoConnect = true, codecs } = settings
    // 52 random bits: enough for what has to be unique in one channel for some minutes.
    const prefix = ports.random().toString(36).slice(2)
    let ids = 0
    const life = new Life(ports, settings, {
      ready: (token) => this.#greet(token),
      message: (message) => this.#receive(message),
      ping: () => this.#core.requests.tell('ping', {}),
      lost: () => this.#lost(),
      changed: (state) => this.#changed(state),
    })
    this.#life = life
    this.#core = {
      ports,
      settings,
      requests: new Requests(ports.clock, settings),
      payloads: new Payloads(api, codecs),
      subscriptions: new Map(),
      connected: () => this.#connected,
      buffered: () => life.buffered,
      use() {
        if (autoConnect && life.state.name === 'closed' && life.state.code === undefined) life.open()
      },
      id: () => `${prefix}-${(++ids).toString(36)}`,
      fail: (error) => this.#fail(error),
    }
    this.#calls = new Calls(this.#core)
  }

  get state(): ClientState {
    return this.#life.state
  }

  connect(options: RequestOptions = {}): Promise<void> {
    const { requests } = this.#core
    requests.refusal = undefined
    const connected = this.#connected
      ? Promise.resolve()
      : requests.wait('connect', options, this.#connecting)
    // Who does not await it follows 'state': then a failure is no unhandled rejection.
    connected.catch(() => {})
    this.#life.open()
    return connected
  }

  close(reason = 'Closed by the application'): void {
    if (this.state.code !== undefined) return
    // Before the connection goes, so that what is in flight learns why.
    this.#cut()
    this.#core.requests.close(new MillraceError('aborted', { message: reason }))
    this.#life.close(NORMAL, reason)
  }

  channel(name: string, options?: SubscriptionOptions): Channel {
    return new Handle(this.#core, name, options)
  }

  call(method: string, data: unknown, options?: CallRequestOptions): Promise<unknown> {
    this.#core.use()
    return this.#calls.call(method, data, options)
  }

  handle(method: string, handler: (call: IncomingCall<unknown>) => unknown): () => void {
    this.#core.use()
    return this.#calls.handle(method, handler)
  }

  on<E extends keyof ClientEvents>(
    event: E,
    listener: (...args: ClientEvents[E]) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#emitter.on(event, listener, options)
  }

  get #connected(): boolean {
    const { name } = this.state
    return name === 'connected' || name === 'degraded'
  }

  #fail(error: unknown): void {
    const first = !this.#failing
    this.#failing = true
    if (!first || !this.#emitter.emit('error', error as Error)) this.#core.ports.platform.report(error)
    if (first) this.#failing = false
  }

  /** The first frame: connect and all subscriptions in one [P1.4]. */
  #greet(token: string | undefined): void {
    const { requests, settings } = this.#core
    const body = {
      version: PROTOCOL_VERSION,
      token,
      session: this.session,
      client: `millrace-js/${VERSION}`,
    }
    requests.first(this.#send, () => {
      const timeout = settings.timeouts.connect
      requests.send('connect', { body, timeout, fate: 'bound' }, (error, said) => {
        if (said !== undefined) this.#established(said)
        // The server closes after that, with a code of its own [P1.5].
        else if (error !== undefined) this.#life.farewell = { reason: error.message, wait: error.retryAfter }
      })
      this.#resume()
    })
  }

  #established(said: MessageBodies['connected']): void {
    this.session = said.session
    this.user = said.user
    this.#life.maxMessage = said.maxMessage
    this.#core.requests.open(this.#send)
    this.#life.established(said)
    // Those that came into use since the first frame.
    this.#resume()
  }

  readonly #send: Parameters<Requests['open']>[0] = (commands) => this.#life.send(commands)

  #resume(): void {
    for (const subscription of [...this.#core.subscriptions.values()]) subscription.resume()
  }

  #receive(message: Message): void {
    try {
      if (message.id === 0) this.#push(message)
      else this.#core.requests.receive(message)
    } catch (error) {
      this.#fail(error)
    }
  }

  #push(message: Message): void {
    const { requests, subscriptions } = this.#core
    const { kind, body } = message
    switch (kind) {
      case 'ping':
        requests.tell('pong', {})
        break
      case 'call':
        void this.#calls.answer(body)
        break
      case 'error':
        this.#fail(new MillraceError(body.code, body))
        break
      case 'disconnect':
        this.#leaving(body)
        break
      case 'subscribed':
        this.#subscribed(body)
        break
      default:
        if ('channel' in body) subscriptions.get(body.channel)?.receive(message)
    }
  }

  /** The server is about to close; `retryAfter` is the time over which everybody's return is spread [P1.9]. */
  #leaving({ code, reason, retryAfter }: MessageBodies['disconnect']): void {
    const wait = retryAfter && retryAfter * this.#core.ports.random()
    this.#life.farewell = { code, reason, wait }
  }

  #subscribed(body: MessageBodies['subscribed']): void {
    const { channel } = body
    const { subscriptions } = this.#core
    const subscription = subscriptions.get(channel) ?? new Subscription(this.#core, channel)
    subscriptions.set(channel, subscription)
    // Told once, and first, so that a listener set up there misses nothing.
    if (!subscription.announced) this.#emitter.emit('subscription', this.channel(channel))
    subscription.announced = true
    subscription.made(body)
  }

  #lost(): void {
    this.#cut()
    this.#core.requests.lost()
    this.#calls.lost()
  }

  /** Before requests fail, so that no subscription takes that for the server's word. */
  #cut(): void {
    for (const subscription of [...this.#core.subscriptions.values()]) subscription.cut()
  }

  #changed(state: ClientState): void {
    const { requests, subscriptions } = this.#core
    if (state.name === 'connected') for (const settle of [...this.#connecting]) settle()
    if (state.name === 'closed') {
      const { code = NORMAL, reason } = state
      const error = requests.refusal ?? new MillraceError(code, { message: reason })
      requests.close(error)
      for (const subscription of [...subscriptions.values()]) subscription.end(error)
      if (error.kind !== 'aborted') this.#fail(error)
    }
    this.#emitter.emit('state', state)
  }
}
