import {
  type CodecChoice,
  type Message,
  type MessageBodies,
  MillraceError,
  type Payload,
  type Publication,
} from '@millrace/protocol'
import { backoff } from './backoff.js'
import type { Handle, HandleEvents } from './channel.js'
import type { Core } from './core.js'
import { deliveryOf, type Payloads } from './payloads.js'
import { type Settle, told } from './pending.js'
import { atEndOfTurn } from './requests.js'
import { Roster } from './roster.js'
import { Stream } from './stream.js'
import type { ChannelState, Received, RequestOptions, SubscriptionOptions } from './types.js'

export const UNSUBSCRIBED: ChannelState = { name: 'unsubscribed' }
const SUBSCRIBING: ChannelState = { name: 'subscribing' }
const SUBSCRIBED: ChannelState = { name: 'subscribed' }

/** One channel's subscription, shared by the handles of its name: it lives while one of them, or the server, has use for it. */
export class Subscription {
  declare readonly name: string
  readonly handles = new Set<Handle>()
  state: ChannelState = UNSUBSCRIBED
  /** What this session enters presence with, after every cut again. */
  declare member: Payload | undefined
  /** How publications are written here: as the api says, or the server on subscribing. */
  declare codec: CodecChoice | undefined
  /** Of a state channel, the newest message of each key, and for how long one lasts, in milliseconds. */
  readonly values = new Map<string, Received>()
  ttl: number | undefined
  /** Whether the application was told that the server subscribed this session by itself. */
  announced = false
  declare stream: Stream
  readonly #core: Core
  readonly #waiting = new Set<Settle>()
  #roster = new Roster()
  #options: SubscriptionOptions = {}
  /** Whether it is the server's doing, which nobody here need have use for. */
  #byServer = false
  /** Whether the server was asked on this connection. */
  #asked = false
  /** Whether its token is on its way, before which nothing may be said of the channel. */
  isFetching = false
  /** Since when the server refuses it. */
  #refusedAt: number | undefined
  /** Ends the wait to ask again. */
  #cancel: (() => void) | undefined
  /** Grows with every subscription and its end; replies to an earlier one are void. */
  #generation = 0

  constructor(core: Core, name: string) {
    this.name = name
    this.codec = core.payloads.ofChannel(name)
    this.#core = core
    this.stream = this.#newStream()
  }

  get #wanted(): boolean {
    return [...this.handles].some((handle) => handle.active)
  }

  /** A handle has use for it. At the end of the turn it subscribes, with the options of all who came until then. */
  use(options: SubscriptionOptions): void {
    const { member, presence } = options
    const widens = this.#asked && presence && !this.#options.presence
    this.#options = { ...options, ...this.#options, ...(presence && { presence }) }
    if (member !== undefined) this.member ??= this.#core.payloads.write(member)
    this.#core.use()
    atEndOfTurn(() => {
      if (!this.#wanted) return
      if (widens) this.#restart()
      else if (this.state !== SUBSCRIBED && this.state !== SUBSCRIBING) {
        this.#become(SUBSCRIBING)
        if (this.#core.connected) this.#join()
      }
    })
  }

  /** A handle has no use for it any more. */
  release(): void {
    atEndOfTurn(() => {
      if (!this.#wanted && !this.#byServer) this.stop()
    })
  }

  /** Resolves when it stands. */
  async wait(options: RequestOptions): Promise<void> {
    if (this.state !== SUBSCRIBED) await this.#core.requests.wait('subscribe', options, this.#waiting)
  }

  /** Ends it, unless another handle has use for it: here at once, and there when the promise resolves. */
  async stop(): Promise<void> {
    if (this.#wanted) return
    const asked = this.#asked && !this.isFetching
    this.#void()
    this.stream = this.#newStream()
    this.values.clear()
    this.#roster = new Roster()
    this.#options = {}
    this.member = undefined
    this.#byServer = this.announced = false
    this.end(new MillraceError('aborted', { message: 'Unsubscribed' }))
    this.#become(UNSUBSCRIBED)
    this.forget()
    if (asked) await this.#leave()
  }

  /** Without handles and without a subscription there is nothing to remember. */
  forget(): void {
    if (this.handles.size === 0 && this.state === UNSUBSCRIBED) this.#core.subscriptions.delete(this.name)
  }

  /** The connection is lost; what the subscription stood at stays. */
  cut(): void {
    this.#void()
    if (this.state === SUBSCRIBED) this.#become(SUBSCRIBING)
  }

  /** There is a connection: subscribes, if anybody has use for it and it was not asked for yet. A refusal may have been of its time. */
  resume(): void {
    if (this.#wanted && !this.#asked) this.#join()
  }

  /** Nobody need wait: nothing more will come. False when nobody does. */
  end(error: MillraceError): boolean {
    const awaited = this.#waiting.size > 0
    for (const settle of [...this.#waiting]) settle(error)
    return this.#emit('end', error.kind === 'aborted' ? undefined : error) || awaited
  }

  /** The server subscribed this session. */
  made(body: MessageBodies['subscribed']): void {
    this.#byServer = this.#asked = true
    this.#generation++
    this.#joined(body)
    // What the server makes by itself has no presence.
    if (this.#options.presence && this.#wanted) this.#restart()
  }

  /** A push that names this channel. */
  receive({ kind, body }: Message): void {
    if (kind === 'unsubscribed') this.#ended(body)
    if (this.state !== SUBSCRIBED) return
    switch (kind) {
      case 'publication':
      case 'gap':
        this.stream.receive(body as Publication)
        break
      case 'ephemeral':
        this.#guard(() => this.#emit('ephemeral', this.#core.payloads.read(body.data), { from: body.from }))
        break
      case 'joined':
      case 'updated':
      case 'departed':
        this.#present((roster, payloads) => roster.change(kind, payloads.member(body.member)))
    }
  }

  #newStream(): Stream {
    const { requests, settings } = this.#core
    return new Stream(settings.limits.held, {
      publication: (publication, recovered) => this.#guard(() => this.#published(publication, recovered)),
      snapshot: () => {
        this.values.clear()
        this.#emit('snapshot')
      },
      gap: (gap) => this.#emit('gap', gap),
      read: (since, done) =>
        requests.send('history', { body: { channel: this.name, since }, fate: 'bound' }, done),
      restart: () => this.#restart(),
    })
  }

  /** Makes void what is under way and what stands. */
  #void(): void {
    this.#generation++
    this.#asked = this.isFetching = false
    this.#cancel?.()
    this.stream.cut()
  }

  /** Asks anew from the position on, in place of the subscription there is. */
  #restart(): void {
    this.cut()
    this.#leave()
    this.#join()
  }

  #leave(): Promise<void> {
    // Whatever comes of it, the subscription is over: a lost connection ends it too.
    return new Promise((resolve) => {
      const body = { channel: this.name }
      this.#core.requests.send('unsubscribe', { body, fate: 'bound' }, () => resolve())
    })
  }

  #join(): void {
    const { token } = this.#options
    this.#generation++
    this.#asked = true
    this.#byServer = false
    this.#become(SUBSCRIBING)
    if (typeof token === 'function') void this.#fetch(token)
    else this.#ask(token)
  }

  /** Asks the application for the token, for as long as a request may take. */
  async #fetch(token: () => string | Promise<string>): Promise<void> {
    const { ports, settings } = this.#core
    const generation = this.#generation
    const late = new MillraceError('timeout', { message: 'The token did not come' })
    this.isFetching = true
    try {
      const said = await new Promise<string>((resolve, reject) => {
        this.#cancel = ports.clock.schedule(settings.timeouts.request, () => reject(late))
        Promise.resolve().then(token).then(resolve, reject)
      })
      if (generation === this.#generation) this.#ask(said)
    } catch (error) {
      const { code, message } = told(error, 'unavailable')
      if (generation === this.#generation) this.#give(new MillraceError(code, { message }))
    }
  }

  #ask(token: string | undefined): void {
    const generation = this.#generation
    const { history, presence, since } = this.#options
    this.#cancel?.()
    this.isFetching = false
    this.stream.position ??= since
    // Of an earlier life it is gone on from once: who begins anew later has nothing to do with it.
    this.#options = { ...this.#options, since: undefined }
    const { position } = this.stream
    const body = {
      channel: this.name,
      since: position,
      history: position === undefined ? history : undefined,
      presence,
      data: this.member,
      token,
    }
    this.#core.requests.send('subscribe', { body, fate: 'bound' }, (error, reply) => {
      if (generation !== this.#generation) return
      if (reply !== undefined) this.#joined(reply)
      else if (error !== undefined) this.#give(error)
    })
  }

  /** Hands on what came with it, and then says that it stands: who waited for that finds everything there. */
  #joined(body: MessageBodies['subscribed']): void {
    const generation = this.#generation
    const { members = [], ttl } = body
    this.ttl = ttl
    this.#refusedAt = undefined
    this.codec ??= body.codec as CodecChoice | undefined
    if (this.#options.presence)
      this.#present((roster, payloads) => roster.replace(members.map((member) => payloads.member(member))))
    if (generation === this.#generation) this.stream.joined(body)
    if (generation !== this.#generation) return
    this.#become(SUBSCRIBED)
    for (const settle of [...this.#waiting]) settle()
  }

  #published(publication: Publication, recovered: boolean): void {
    const { key, removed, data, time } = publication
    const delivery = deliveryOf(publication, recovered)
    if (!recovered) this.#core.heard(time)
    // The newest comes last.
    if (key !== undefined) this.values.delete(key)
    if (key !== undefined && removed) {
      this.#emit('removed', key, delivery)
      return
    }
    const message = this.#core.payloads.read(data, this.codec)
    if (key !== undefined) this.values.set(key, { message, ...delivery })
    this.#emit('message', message, delivery)
  }

  #present(change: (roster: Roster, payloads: Payloads) => ReturnType<Roster['replace']>): void {
    this.#guard(() => {
      const event = change(this.#roster, this.#core.payloads)
      if (event !== undefined) this.#emit('presence', event)
    })
  }

  #ended({ code, reason }: MessageBodies['unsubscribed']): void {
    this.cut()
    this.#byServer = false
    this.stop()
    if (this.#wanted) this.#give(new MillraceError(code ?? 'disconnected', { message: reason }))
  }

  /** It does not stand: tries again, where that may help, or gives up. */
  #give(error: MillraceError): void {
    // Subscribed by an earlier command, or by the server: then it is not known from where, and a restart helps.
    if (error.retry !== 'never' || error.kind === 'already-subscribed') {
      const { clock } = this.#core.ports
      this.#refusedAt ??= clock.now()
      const ms = error.retryAfter ?? backoff(this.#core, this.#refusedAt)
      this.#cancel = clock.schedule(ms, () => {
        if (this.#wanted) this.#restart()
      })
      return
    }
    this.#void()
    this.#become({ name: 'failed', error })
    const told = this.end(error)
    if (!this.#emit('error', error) && !told) this.#core.fail(error)
  }

  #become(state: ChannelState): void {
    if (this.state === state) return
    this.state = state
    this.#emit('state', state)
  }

  /** What cannot be read is told, and is otherwise as if it had not come. */
  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!this.#emit('error', error as Error)) this.#core.fail(error)
    }
  }

  /** False when no handle has a listener for it. */
  #emit<E extends keyof HandleEvents>(event: E, ...args: HandleEvents[E]): boolean {
    let heard = false
    for (const handle of [...this.handles]) if (handle.emit(event, ...args)) heard = true
    return heard
  }
}
