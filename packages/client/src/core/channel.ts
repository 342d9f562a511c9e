import type { CommandBodies, MillraceError, Position } from '@millrace/protocol'
import type { Core } from './core.js'
import { Emitter } from './emitter.js'
import { iterate } from './iteration.js'
import { deliveryOf } from './payloads.js'
import type { Asked, Reply } from './requests.js'
import { Subscription, UNSUBSCRIBED } from './subscription.js'
import type {
  Channel,
  ChannelEvents,
  ChannelState,
  HistoryPage,
  HistoryRequest,
  Iterated,
  IterateOptions,
  ListenOptions,
  MemberList,
  Published,
  PublishOptions,
  Received,
  RequestOptions,
  SubscriptionOptions,
} from './types.js'

/** What a handle tells: the channel's events, and that it is over for iterations. */
export interface HandleEvents extends ChannelEvents {
  end: [error: MillraceError | undefined]
}

/** The events that a listener subscribes for. */
const USES: readonly string[] = ['message', 'removed', 'ephemeral', 'presence']

const NOTHING = new Map<string, Received>()

/** A channel as one part of the application sees it: its listeners, and its share in the subscription. */
export class Handle implements Channel {
  readonly name: string
  readonly #core: Core
  readonly #emitter: Emitter<HandleEvents>
  /** One for every use: a listener, an iteration, a call of subscribe(), membership. */
  readonly #uses = new Set<object>()
  #options: SubscriptionOptions
  #subscription: Subscription | undefined
  #leaveMembership: (() => void) | undefined

  constructor(core: Core, name: string, options: SubscriptionOptions = {}) {
    this.name = name
    this.#core = core
    this.#options = options
    this.#emitter = new Emitter((error) => core.fail(error))
  }

  /** Whether it has use for the subscription. */
  get active(): boolean {
    return this.#uses.size > 0
  }

  get state(): ChannelState {
    return this.#known?.state ?? UNSUBSCRIBED
  }

  get position(): Position | undefined {
    return this.#known?.stream.position
  }

  get values(): ReadonlyMap<string, Received> {
    const { values = NOTHING, ttl = 0 } = this.#known ?? {}
    for (const [key, { time }] of values) if (time + ttl < this.#core.now) values.delete(key)
    return values
  }

  on<E extends keyof HandleEvents>(
    event: E,
    listener: (...args: HandleEvents[E]) => void,
    options?: ListenOptions,
  ): () => void {
    this.#attach()
    const release = USES.includes(event) ? this.#use(event === 'presence' || undefined) : undefined
    const gone = () => {
      release?.()
      this.#detach()
    }
    return this.#emitter.on(event, listener, { ...options, gone })
  }

  async subscribe(options: RequestOptions = {}): Promise<void> {
    const release = this.#use()
    try {
      await this.#attach().wait(options)
    } catch (error) {
      release()
      throw error
    }
  }

  async unsubscribe(): Promise<void> {
    const subscription = this.#known
    this.#uses.clear()
    this.emit('end', undefined)
    this.#detach()
    await subscription?.stop()
  }

  async publish(data: unknown, options: PublishOptions = {}): Promise<Published> {
    return this.#publish({ data: this.#core.payloads.write(data, this.#codec) }, options)
  }

  async remove(key: string, options: PublishOptions = {}): Promise<Published> {
    return this.#publish({ remove: key, data: this.#core.payloads.write(null) }, options)
  }

  sendEphemeral(data: unknown, options: { readonly excludeSelf?: boolean | undefined } = {}): void {
    const { life, payloads, requests, settings } = this.#core
    const body = { channel: this.name, excludeSelf: options.excludeSelf, data: payloads.write(data) }
    this.#core.use()
    // Late is worse than never for what is of the moment.
    if (life.buffered <= settings.limits.congestion) requests.tell('ephemeral', body)
  }

  async enter(data: unknown, options: RequestOptions = {}): Promise<void> {
    const payload = this.#core.payloads.write(data)
    this.#leaveMembership?.()
    const release = this.#use()
    this.#leaveMembership = release
    const subscription = this.#attach()
    const before = subscription.member
    // Commands of a channel are carried out in order, so this comes after the subscribe command [P5.1].
    if (this.#core.connected) subscription.resume()
    subscription.member = payload
    try {
      if (subscription.isFetching) await subscription.wait(options)
      await this.#ask('enter', { data: payload }, options)
    } catch (error) {
      if (subscription.member === payload) subscription.member = before
      if (before === undefined) release()
      throw error
    }
  }

  async leave(options: RequestOptions = {}): Promise<void> {
    const subscription = this.#known
    if (subscription !== undefined) subscription.member = undefined
    try {
      await this.#ask('leave', {}, options)
    } finally {
      this.#leaveMembership?.()
    }
  }

  async members(options: RequestOptions = {}): Promise<MemberList> {
    const { members = [], silent = [] } = await this.#ask('presence', {}, options)
    const list = members.map((member) => this.#core.payloads.member(member))
    return Object.assign(list, { silent })
  }

  async history(request: HistoryRequest = {}): Promise<HistoryPage> {
    const { since, before, limit } = request
    const reply = await this.#ask('history', { since, before, limit }, request)
    const { publications, position, more = false, gap } = reply
    const received = publications.map((publication) => ({
      message: this.#core.payloads.read(publication.data, this.#codec),
      ...deliveryOf(publication, true),
    }))
    return { publications: received, position, more, gap }
  }

  messages({
    buffer = this.#core.settings.limits.iterator,
    signal,
  }: IterateOptions = {}): AsyncIterableIterator<Iterated> {
    return iterate(this, buffer, signal)
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Iterated> {
    return this.messages()
  }

  /** Tells an event; false when there is no listener. A handle without use for the subscription hears only how it fares. */
  emit<E extends keyof HandleEvents>(event: E, ...args: HandleEvents[E]): boolean {
    return (this.active || !USES.includes(event)) && this.#emitter.emit(event, ...args)
  }

  get #known(): Subscription | undefined {
    return this.#core.subscriptions.get(this.name)
  }

  get #codec() {
    return this.#known?.codec ?? this.#core.payloads.ofChannel(this.name)
  }

  async #publish(
    body: Pick<CommandBodies['publish'], 'data' | 'remove'>,
    options: PublishOptions,
  ): Promise<Published> {
    const { id = this.#core.id(), excludeSelf, version, expect } = options
    const whole = { id, excludeSelf, version, expect, ...body }
    const { position, skipped } = await this.#ask('publish', whole, options)
    return { ...position, skipped }
  }

  /** A request about this channel, which may be carried out twice without harm. */
  #ask<K extends Asked>(
    kind: K,
    body: Omit<CommandBodies[K], 'channel'>,
    options: RequestOptions,
  ): Promise<Reply<K>> {
    this.#core.use()
    const whole = { channel: this.name, ...body } as unknown as CommandBodies[K]
    return this.#core.requests.ask(kind, whole, { ...options, fate: 'again' })
  }

  #attach(): Subscription {
    this.#subscription ??= this.#known ?? new Subscription(this.#core, this.name)
    this.#core.subscriptions.set(this.name, this.#subscription)
    this.#subscription.handles.add(this)
    return this.#subscription
  }

  /** A handle that listens to nothing and uses nothing is forgotten, so that handles cost nothing to make. */
  #detach(): void {
    if (this.active || !this.#emitter.idle) return
    this.#subscription?.handles.delete(this)
    this.#subscription?.forget()
    this.#subscription = undefined
  }

  #use(presence?: true): () => void {
    const subscription = this.#attach()
    const use = {}
    this.#uses.add(use)
    // A position of an earlier life is gone on from once.
    const { since, ...options } = this.#options
    this.#options = options
    subscription.use({ ...options, ...(since && { since }), ...(presence && { presence }) })
    return () => {
      if (!this.#uses.delete(use)) return
      subscription.release()
      this.#detach()
    }
  }
}
