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
import { Emitter } from './emitter.js'
import { Life, type LifeHost, NORMAL } from './life.js'
import { resolveOptions, type Settings } from './options.js'
import { Payloads } from './payloads.js'
import type { Settle } from './pending.js'
import type { Ports } from './ports.js'
import { Refresher } from './refresher.js'
import { Requests } from './requests.js'
import { Subscription } from './subscription.js'
import type { ClientEvents, CoreOptions } from './types.js'
import { VERSION } from './version.js'

/** What the parts of one client share, and where they meet: the connection's life, requests, subscriptions and calls. */
export class Core implements LifeHost {
  declare readonly ports: Ports
  declare readonly settings: Settings
  declare readonly requests: Requests
  declare readonly payloads: Payloads
  declare readonly life: Life
  declare readonly calls: Calls
  readonly subscriptions = new Map<string, Subscription>()
  readonly emitter = new Emitter<ClientEvents>((error) => this.fail(error))
  /** Who waits for a connection. */
  readonly connecting = new Set<Settle>()
  declare session: string | undefined
  /** Proves to the server, of whichever node, that the session was this client's. */
  declare resume: string | undefined
  declare user: string | undefined
  /** Milliseconds from storing to delivery, of the last publication. */
  declare lag: number | undefined
  /** By how much this clock is ahead of the server's, in milliseconds. */
  #ahead = 0
  /** When the last `connect` was sent. */
  #askedAt = 0
  /** Whether a listener for errors is at work: what it throws cannot be told to it. */
  #failing = false
  readonly #prefix: string
  readonly #refresher: Refresher
  /** Counts publications and connections: each has a number that none before it had. */
  #ids = 0

  constructor(options: CoreOptions<Api>, ports: Ports) {
    const settings = resolveOptions(options)
    this.ports = ports
    this.settings = settings
    this.requests = new Requests(this)
    this.payloads = new Payloads(settings.api, settings.codecs)
    this.life = new Life(this)
    this.calls = new Calls(this)
    this.#refresher = new Refresher(this)
    // 52 random bits: enough for what has to be unique in one channel for some minutes.
    this.#prefix = ports.random().toString(36).slice(2)
  }

  /** Whether commands are sent right now. */
  get connected(): boolean {
    const { name } = this.life.state
    return name === 'connected' || name === 'degraded'
  }

  get idle(): boolean {
    return this.requests.idle && this.calls.idle
  }

  /** The time at the server, as far as it is known. */
  get now(): number {
    return this.ports.clock.now() - this.#ahead
  }

  /** A publication has come, which was stored at this time. */
  heard(time: number): void {
    this.lag = Math.max(0, this.now - time)
  }

  /** Connects, if the client was never used and may do so by itself. */
  use(): void {
    const { name, code } = this.life.state
    if (name === 'closed' && code === undefined && this.settings.autoConnect !== false) this.life.open()
  }

  /** An id that no other publication has. */
  id(): string {
    return `${this.#prefix}-${(++this.#ids).toString(36)}`
  }

  /** Tells an error that has no better place. */
  fail(error: unknown): void {
    const first = !this.#failing
    this.#failing = true
    if (!first || !this.emitter.emit('error', error as Error)) this.ports.platform.report(error)
    if (first) this.#failing = false
  }

  /** The first frame: connect and all subscriptions in one [P1.4]. */
  ready(token: string | undefined): void {
    const { resume, settings, requests, life } = this
    const body = {
      version: PROTOCOL_VERSION,
      token,
      resume,
      client: `millrace-js/${VERSION}`,
      attempt: ++this.#ids,
      parts: true,
    }
    this.#askedAt = this.ports.clock.now()
    requests.first(life, () => {
      const timeout = settings.timeouts.connect
      requests.send('connect', { body, timeout, fate: 'bound' }, (error, said) => {
        if (said !== undefined) this.#established(said)
        // The server closes after that, with a code of its own [P1.5].
        else if (error !== undefined) life.farewell = { reason: error.message, wait: error.retryAfter }
      })
      this.#resume()
    })
  }

  message(message: Message): void {
    try {
      if (message.id === 0) this.#push(message)
      else this.requests.receive(message)
    } catch (error) {
      this.fail(error)
    }
  }

  ping(): void {
    this.requests.tell('ping', {})
  }

  lost(): void {
    this.#refresher.stop()
    this.cut()
    this.requests.lost()
    this.calls.lost()
  }

  /** Before requests fail, so that no subscription takes that for the server's word. */
  cut(): void {
    for (const subscription of this.#all) subscription.cut()
  }

  changed(state: ClientState): void {
    if (state.name === 'connected') for (const settle of [...this.connecting]) settle()
    if (state.name === 'closed') {
      const { code = NORMAL, reason } = state
      const error = this.requests.refusal ?? new MillraceError(code, { message: reason })
      this.requests.close(error)
      for (const subscription of this.#all) subscription.end(error)
      if (error.kind !== 'aborted') this.fail(error)
    }
    this.emitter.emit('state', state)
  }

  /** A list of its own: what is done to one may add or end another. */
  get #all(): Subscription[] {
    return [...this.subscriptions.values()]
  }

  #established(said: MessageBodies['connected']): void {
    const { life, requests } = this
    const now = this.ports.clock.now()
    // Half of the way there and back, since nobody knows better (RFC 5905 §8).
    if (said.time !== undefined) this.#ahead = (now + this.#askedAt) / 2 - said.time
    this.session = said.session
    this.resume = said.resume
    this.user = said.user
    life.maxMessage = said.maxMessage
    requests.open(life)
    life.established(said)
    this.#refresher.holds(said.expires)
    // Those that came into use since the first frame.
    this.#resume()
  }

  #resume(): void {
    for (const subscription of this.#all) subscription.resume()
  }

  #push(message: Message): void {
    const { kind, body } = message
    switch (kind) {
      case 'ping':
        this.requests.tell('pong', {})
        break
      case 'call':
        void this.calls.answer(body)
        break
      case 'error':
        this.fail(new MillraceError(body.code, body))
        break
      case 'disconnect':
        this.#leaving(body)
        break
      case 'subscribed':
        this.#subscribed(body)
        break
      default:
        if ('channel' in body) this.subscriptions.get(body.channel)?.receive(message)
    }
  }

  /** The server is about to close; `retryAfter` is the time over which everybody's return is spread [P1.9]. */
  #leaving({ code, reason, retryAfter }: MessageBodies['disconnect']): void {
    const wait = retryAfter && retryAfter * this.ports.random()
    this.life.farewell = { code, reason, wait }
  }

  #subscribed(body: MessageBodies['subscribed']): void {
    const { channel } = body
    const subscription = this.subscriptions.get(channel) ?? new Subscription(this, channel)
    this.subscriptions.set(channel, subscription)
    // Told once, and first, so that a listener set up there misses nothing.
    if (!subscription.announced) this.emitter.emit('subscription', new Handle(this, channel))
    subscription.announced = true
    subscription.made(body)
  }
}
