import type { Member, MillraceError, Position, Publication } from '@millrace/protocol'
import type { Core } from './core.js'
import { Emitter } from './emitter.js'
import { iterate } from './iterate.js'
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
  PublishOptions,
  Received,
  RequestOptions,
  SubscriptionOptions,
} from './types.js'

/** What a handle tells: the channel's events, and that it is over for iterations. */
export interface HandleEvents extends ChannelEvents {
  end: [error: MillraceError | undefined]
}

const USES: readonly string[] = ['message', 'ephemeral', 'presence']

/** A channel as one part of the application sees it: its listeners, and its share in the subscription. */
export class Handle implements Channel {
  readonly name: string
  readonly #core: Core
  #options: SubscriptionOptions
  readonly #emitter: Emitter<HandleEvents>
  /** One for every use: a listener, an iteration, a call of subscribe(), membership. */
  readonly #uses = new Set<object>()
  #subscription: Subscription | undefined
  #leaveMembership: () => void = () => {}

  constructor(core: Core, name: string, options: SubscriptionOptions) {
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
    return this.#core.subscriptions.get(this.name)?.state ?? UNSUBSCRIBED
  }

  get position(): Position | undefined {
    return this.#core.subscriptions.get(this.name)?.position
  }

  on<E extends keyof HandleEvents>(
    event: E,
    listener: (...args: HandleEvents[E]) => void,
    { signal }: ListenOptions = {},
  ): () => void {
    this.#attach()
    const remove = this.#emitter.on(event, listener)
    const release = USES.includes(event) ? this.#use(event === 'presence') : remove
    const off = () => {
      signal?.removeEventListener('abort', off)
      remove()
      release()
      this.#detach()
    }
    if (signal?.aborted) off()
    else signal?.addEventListener('abort', off)
    return off
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
    const subscription = this.#subscription ?? this.#core.subscriptions.get(this.name)
    this.#uses.clear()
    this.end()
    this.#detach()
    for (const other of subscription?.handles ?? []) if (other.active) return
    await subscription?.stop()
  }

  async publish(data: unknown, options: PublishOptions = {}): Promise<Position> {
    const { core, codec } = this.#used()
    const body = {
      channel: this.name,
      id: options.id ?? core.id(),
      excludeSelf: options.excludeSelf,
      data: core.payloads.write(data, codec),
    }
    return (await core.requests.ask('publish', body, { ...options, fate: 'again' })).position
  }

  sendEphemeral(data: unknown, options: { readonly excludeSelf?: boolean | undefined } = {}): void {
    const { core } = this.#used()
    // Late is worse than never for what is of the moment.
    if (core.buffered() > core.settings.limits.congestion) return
    const { excludeSelf } = options
    core.requests.tell('ephemeral', { channel: this.name, excludeSelf, data: core.payloads.write(data) })
  }

  async enter(data: unknown, options: RequestOptions = {}): Promise<void> {
    const { core } = this.#used()
    const payload = core.payloads.write(data)
    this.#leaveMembership()
    const release = this.#use()
    this.#leaveMembership = release
    const subscription = this.#attach()
    const before = subscription.member
    // Commands of a channel are carried out in order, so this comes after the subscribe command [P5.1].
    if (core.connected()) subscription.resume()
    subscription.member = payload
    try {
      await core.requests.ask('enter', { channel: this.name, data: payload }, { ...options, fate: 'again' })
    } catch (error) {
      if (subscription.member === payload) subscription.member = before
      if (before === undefined) release()
      throw error
    }
  }

  async leave(options: RequestOptions = {}): Promise<void> {
    const { core } = this.#used()
    const subscription = this.#attach()
    subscription.member = undefined
    try {
      await core.requests.ask('leave', { channel: this.name }, { ...options, fate: 'again' })
    } finally {
      this.#leaveMembership()
      this.#detach()
    }
  }

  async members(options: RequestOptions = {}): Promise<MemberList> {
    const { core } = this.#used()
    const { members = [], silent = [] } = await core.requests.ask(
      'presence',
      { channel: this.name },
      { ...options, fate: 'again' },
    )
    const list = members.map(({ session, user, since, data }: Member) => ({
      session,
      user,
      since,
      data: core.payloads.read(data),
    }))
    return Object.assign(list, { silent })
  }

  async history(request: HistoryRequest = {}): Promise<HistoryPage> {
    const { core, codec } = this.#used()
    const { since, before, limit } = request
    const reply = await core.requests.ask(
      'history',
      { channel: this.name, since, before, limit },
      { ...request, fate: 'again' },
    )
    const read = ({ data, offset, time, from, id }: Publication): Received => ({
      message: core.payloads.read(data, codec),
      offset,
      time,
      from,
      id,
      recovered: true,
    })
    const { position, more = false, gap } = reply
    return { publications: reply.publications.map(read), position, more, gap }
  }

  messages(options: IterateOptions = {}): AsyncIterableIterator<Iterated> {
    return iterate(this, options, this.#core.settings.limits.iterator)
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Iterated> {
    return this.messages()
  }

  /** Tells an event; false when there is no listener. A handle without use for the subscription hears only how it fares. */
  emit<E extends keyof HandleEvents>(event: E, ...args: HandleEvents[E]): boolean {
    return (this.active || !USES.includes(event)) && this.#emitter.emit(event, ...args)
  }

  /** Ends iterations: because the subscription failed, or because it is not wanted any more. False when there are none. */
  end(error?: MillraceError): boolean {
    return this.#emitter.emit('end', error)
  }

  #used(): { readonly core: Core; readonly codec: ReturnType<Core['payloads']['ofChannel']> } {
    const core = this.#core
    core.use()
    const codec = core.subscriptions.get(this.name)?.codec ?? core.payloads.ofChannel(this.name)
    return { core, codec }
  }

  #attach(): Subscription {
    const { subscriptions } = this.#core
    if (this.#subscription === undefined) {
      this.#subscription = subscriptions.get(this.name) ?? new Subscription(this.#core, this.name)
      subscriptions.set(this.name, this.#subscription)
      this.#subscription.handles.add(this)
    }
    return this.#subscription
  }

  /** A handle that listens to nothing and uses nothing is forgotten, so that handles cost nothing to make. */
  #detach(): void {
    if (this.active || !this.#emitter.idle) return
    this.#subscription?.handles.delete(this)
    this.#subscription?.forget()
    this.#subscription = undefined
  }

  #use(presence = false): () => void {
    const subscription = this.#attach()
    const use = {}
    this.#uses.add(use)
    subscription.use({ ...this.#options, presence: this.#options.presence || presence })
    // A position of an earlier life is gone on from once.
    this.#options = { ...this.#options, since: undefined }
    return () => {
      if (!this.#uses.delete(use)) return
      subscription.release()
      this.#detach()
    }
  }
}
