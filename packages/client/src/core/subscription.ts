import {
  type CodecChoice,
  describeCode,
  type Member,
  type Message,
  type MessageBodies,
  MillraceError,
  type Payload,
  type Position,
  type Publication,
} from '@millrace/protocol'
import { backoff } from './backoff.js'
import type { Handle, HandleEvents } from './channel.js'
import type { Core } from './core.js'
import { Waiting } from './pending.js'
import { Roster } from './roster.js'
import { Stream } from './stream.js'
import type { ChannelMember, ChannelState, RequestOptions, SubscriptionOptions } from './types.js'

export const UNSUBSCRIBED: ChannelState = { name: 'unsubscribed' }
const SUBSCRIBING: ChannelState = { name: 'subscribing' }
const SUBSCRIBED: ChannelState = { name: 'subscribed' }

/** One channel's subscription, shared by the handles of its name: it lives while one of them, or the server, has use for it. */
export class Subscription {
  readonly name: string
  readonly handles = new Set<Handle>()
  state: ChannelState = UNSUBSCRIBED
  /** What this session enters presence with, after every cut again. */
  member: Payload | undefined
  readonly #core: Core
  readonly #waiting: Waiting
  #stream: Stream
  #roster = new Roster()
  #options: SubscriptionOptions = {}
  /** How publications are written here: as the api says, or the server on subscribing. */
  codec: CodecChoice | undefined
  /** The server subscribed this session by itself. */
  byServer = false
  /** The server was asked on this connection. */
  #asked = false
  #tries = 0
  /** Grows with every subscription and its end; replies to an earlier one are void. */
  #generation = 0

  constructor(core: Core, name: string) {
    this.name = name
    this.codec = core.payloads.ofChannel(name)
    this.#core = core
    this.#waiting = new Waiting(core.ports.clock)
    this.#stream = this.#newStream()
  }

  get position(): Position | undefined {
    return this.#stream.position
  }

  get #wanted(): boolean {
    for (const handle of this.handles) if (handle.active) return true
    return false
  }

  /** A handle has use for it. At the end of the turn it subscribes, with the options of all who came until then. */
  use({ history, presence, since, member }: SubscriptionOptions): void {
    const before = this.#options
    this.#options = {
      history: before.history ?? history,
      since: before.since ?? since,
      presence: before.presence || presence,
    }
    if (member !== undefined) this.member ??= this.#core.payloads.write(member)
    const widened = this.#options.presence && !before.presence && this.#asked
    this.#core.use()
    later(() => {
      if (!this.#wanted) return
      if (this.state.name === 'unsubscribed' || this.state.name === 'failed') this.#start()
      else if (widened) this.#restart()
    })
  }

  /** A handle has no use for it any more. */
  release(): void {
    later(() => {
      if (!this.#wanted && !this.byServer) this.stop()
    })
  }

  /** Resolves when it stands. */
  wait(options: RequestOptions): Promise<void> {
    const { requests, settings } = this.#core
    if (requests.refusal !== undefined) return Promise.reject(requests.refusal)
    if (this.state === SUBSCRIBED) return Promise.resolve()
    return this.#waiting.wait({
      what: 'subscribe',
      timeout: options.timeout ?? settings.timeouts.request,
      signal: options.signal,
    })
  }

  /** Ends it, at once here, and when the promise resolves also there. */
  stop(): Promise<void> {
    const asked = this.#asked
    this.#void()
    this.#stream = this.#newStream()
    this.#roster = new Roster()
    this.#options = {}
    this.member = undefined
    this.byServer = false
    this.#become(UNSUBSCRIBED)
    this.#waiting.settle(new MillraceError('aborted', { message: 'Unsubscribed' }))
    this.forget()
    return asked ? this.#leave() : Promise.resolve()
  }

  /** Without handles and without a subscription there is nothing to remember. */
  forget(): void {
    if (this.handles.size === 0 && this.state.name === 'unsubscribed')
      this.#core.subscriptions.delete(this.name)
  }

  /** The connection is lost; what it stood at stays. */
  cut(): void {
    this.#void()
    if (this.state === SUBSCRIBED) this.#become(SUBSCRIBING)
  }

  /** There is a connection: subscribes, if anybody has use for it and it was not asked for yet. A refusal may have been of its time. */
  resume(): void {
    if (this.#wanted && !this.#asked) this.#join()
  }

  /** Nothing more will come. False when nobody waits. */
  end(error: MillraceError): boolean {
    let told = this.#waiting.settle(error)
    for (const handle of [...this.handles])
      if (handle.end(error.kind === 'aborted' ? undefined : error)) told = true
    return told
  }

  /** The server subscribed this session. */
  made(body: MessageBodies['subscribed']): void {
    this.byServer = true
    this.#generation++
    this.#asked = true
    this.#joined(body)
    // What it made has no presence.
    if (this.#options.presence && this.#wanted) this.#restart()
  }

  /** A push that names this channel. */
  receive({ kind, body }: Message): void {
    if (kind === 'unsubscribed') this.#ended(body)
    if (this.state !== SUBSCRIBED) return
    switch (kind) {
      case 'publication':
      case 'gap':
        this.#stream.receive(body as Publication)
        break
      case 'ephemeral':
        this.#decode(body.data, undefined, (message) => this.#emit('ephemeral', message, { from: body.from }))
        break
      case 'joined':
      case 'updated':
      case 'departed':
        this.#decode(body.member.data, undefined, (data) => {
          const event = this.#roster.change(kind, asMember(body.member, data))
          if (event !== undefined) this.#emit('presence', event)
        })
    }
  }

  #newStream(): Stream {
    const { ports, requests, settings } = this.#core
    return new Stream(ports.clock, settings.limits.held, {
      publication: ({ data, offset, time, from, id }, recovered) =>
        this.#decode(data, this.codec, (message) =>
          this.#emit('message', message, { offset, time, from, id, recovered }),
        ),
      gap: (gap) => this.#emit('gap', gap),
      read: (since, done) =>
        requests.send('history', { body: { channel: this.name, since }, how: { fate: 'bound' } }, done),
      restart: () => this.#restart(),
    })
  }

  /** Makes void what is under way and what stands. */
  #void(): void {
    this.#generation++
    this.#asked = false
    this.#stream.cut()
  }

  #start(): void {
    if (this.#core.connected()) this.#join()
    else this.#become(SUBSCRIBING)
  }

  /** Asks anew from the position on, in place of the subscription there is. */
  #restart(): void {
    this.cut()
    this.#leave()
    this.#join()
  }

  #leave(): Promise<void> {
    // Whatever comes of it, the subscription is over: a lost connection ends it too.
    return new Promise((resolve) =>
      this.#core.requests.send('unsubscribe', { body: { channel: this.name }, how: { fate: 'bound' } }, () =>
        resolve(),
      ),
    )
  }

  #join(): void {
    const generation = ++this.#generation
    const { history, presence, since } = this.#options
    this.#asked = true
    this.byServer = false
    this.#stream.position ??= since
    const { position } = this.#stream
    const body = {
      channel: this.name,
      since: position,
      history: position === undefined ? history : undefined,
      presence: presence || undefined,
      data: this.member,
    }
    this.#become(SUBSCRIBING)
    this.#core.requests.send('subscribe', { body, how: { fate: 'bound' } }, (error, reply) => {
      if (generation !== this.#generation) return
      if (reply !== undefined) this.#joined(reply)
      else if (error !== undefined) this.#refused(error)
    })
  }

  #joined(body: MessageBodies['subscribed']): void {
    const generation = this.#generation
    this.#tries = 0
    this.codec ??= body.codec as CodecChoice | undefined
    this.#become(SUBSCRIBED)
    this.#waiting.settle()
    if (this.#options.presence && generation === this.#generation) this.#welcome(body.members ?? [])
    if (generation === this.#generation) this.#stream.joined(body)
  }

  #welcome(list: readonly Member[]): void {
    const members: ChannelMember[] = []
    for (const member of list)
      this.#decode(member.data, undefined, (data) => members.push(asMember(member, data)))
    const event = this.#roster.replace(members)
    if (event !== undefined) this.#emit('presence', event)
  }

  #refused(error: MillraceError): void {
    // The connection went, or the client closed: whoever did that says what comes next.
    if (error.kind === 'connection-lost' || error.kind === 'aborted') return
    // It stands by an earlier command, or by the server's: then it is not known from where.
    if (error.kind === 'already-subscribed' || error.retry === 'later') this.#again(error)
    else this.#fail(error)
  }

  #ended({ code = 0, reason }: MessageBodies['unsubscribed']): void {
    this.cut()
    this.byServer = false
    const error = new MillraceError(code === 0 ? 'disconnected' : code, { message: reason })
    if (!this.#wanted) this.stop()
    else if (describeCode(error.code).retry === 'never') this.#fail(error)
    else this.#again(error)
  }

  #again({ retryAfter }: MillraceError): void {
    const generation = this.#generation
    const { clock, random } = this.#core.ports
    const ms = retryAfter ?? backoff(++this.#tries, this.#core.settings.backoff, random)
    clock.schedule(ms, () => {
      if (generation === this.#generation && this.#wanted) this.#restart()
    })
  }

  #fail(error: MillraceError): void {
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

  /** Reads a payload; one that cannot be read is told, and is otherwise as if it were not. */
  #decode(payload: Payload, codec: CodecChoice | undefined, hand: (value: unknown) => void): void {
    let value: unknown
    try {
      value = this.#core.payloads.read(payload, codec)
    } catch (error) {
      if (!this.#emit('error', error as Error)) this.#core.fail(error)
      return
    }
    hand(value)
  }

  /** False when no handle has a listener for it. */
  #emit<E extends keyof HandleEvents>(event: E, ...args: HandleEvents[E]): boolean {
    let heard = false
    for (const handle of [...this.handles]) if (handle.emit(event, ...args)) heard = true
    return heard
  }
}

const asMember = ({ session, user, since }: Member, data: unknown): ChannelMember => ({
  session,
  user,
  since,
  data,
})

/** At the end of the turn. */
const later = (run: () => void): void => {
  Promise.resolve().then(run)
}
