import {
  BadCommand,
  CODES,
  type CodeName,
  type Command,
  type Decoded,
  type Message,
  type MillraceError,
} from '@millrace/protocol'
import type { ChannelGrant } from './channel-grants.js'
import { type Bringing, CommandOrder } from './command-order.js'
import type { Visitor } from './doorkeeper.js'
import { bodyOf, closesWith, type Refused, refused, unreadable } from './failures.js'
import type { Identity } from './identity.js'
import { Incoming } from './incoming.js'
import { Outgoing } from './outgoing.js'
import { Pacing } from './pace/pacing.js'
import { sendAtPace } from './pace/send-at-pace.js'
import { isDuePong, isPing, NO_PING, PING, PONG } from './pings.js'
import type { Link, LinkHandler, LinkInfo } from './ports.js'
import { MOST_BEFORE_CONNECT } from './rates.js'
import type { Withheld } from './revocation/withheld.js'
import type { Reply, SessionHost, User } from './session-host.js'
import { comesBack, nextState, type SessionStateName } from './session-state.js'
import { settle } from './settle.js'
import type { Receiver, Subscription } from './subscription.js'
import type { Taken } from './tickets.js'
import type { WheelEntry } from './wheel.js'

export type { Reply, SessionHost, SessionLimits, User } from './session-host.js'

/** What reads nothing, and so does not wait for what else is read for the session. */
const ALONE: readonly Command['kind'][] = ['publish', 'ephemeral', 'answer', 'ping']

/** One client on one connection: its state, its subscriptions, and its commands in order. */
export class Session implements LinkHandler, Receiver, WheelEntry {
  #taken: Taken
  readonly link: Link
  readonly #host: SessionHost
  #state: SessionStateName = 'waiting'
  #identity: Identity | undefined
  /** The handshake's facts, until authentication has seen them. */
  #info: LinkInfo | undefined
  readonly subscriptions = new Map<string, Subscription>()
  /** Where it comes from, if that is counted; kept by the doorkeeper's caller. */
  visitor: Visitor | undefined
  wasOpen = false
  /** Channels in which the broker has it as a member by this connection, or may have, and how often it has wanted to be one. Absent for none. */
  memberOf: Map<string, number> | undefined
  /** What tokens of channels allow it there; and what was taken away from it. Absent for none. */
  grants: Map<string, ChannelGrant> | undefined
  withheld: Withheld | undefined
  /** While commands are under way. */
  #order: CommandOrder | undefined
  /** Commands that came before the connect command was decided. */
  #queued: Decoded<Command>[] | undefined
  #mayReturn = false
  #isResumed = false
  #heard: number
  #pinged = NO_PING
  /** Pings that were not answered by a pong yet. */
  #unanswered = 0
  /** Since it matters. */
  pacing: Pacing | undefined
  readonly #incoming: Incoming
  /** How many have asked that nothing more be read for now. */
  #holds = 0
  /** Whether the client puts together what comes in parts. [P3.11] */
  readsParts = false

  constructor(id: string, link: Link, wiring: { readonly host: SessionHost; readonly info: LinkInfo }) {
    this.#taken = { session: id, generation: 0 }
    this.link = link
    this.#host = wiring.host
    this.#info = wiring.info
    this.#heard = wiring.host.time
    this.#incoming = new Incoming(this, wiring.host)
  }

  get id(): string {
    return this.#taken.session
  }

  /** Which session it is, and at which of its connections. */
  get taken(): Taken {
    return this.#taken
  }

  get user(): User | undefined {
    return this.#identity?.user
  }

  /** It enters a channel's presence, or is about to. */
  wantsIn(channel: string): void {
    this.memberOf ??= new Map()
    this.memberOf.set(channel, (this.memberOf.get(channel) ?? 0) + 1)
  }

  get state(): SessionStateName {
    return this.#state
  }

  get info(): LinkInfo {
    return this.#info ?? { headers: {}, remoteAddress: '' }
  }

  get identity(): Identity | undefined {
    return this.#identity
  }

  /** Makes it the user's, for as long as the token holds. Called while the connect command is being decided, and when there is a newer token. */
  identify(identity: Identity): void {
    this.#identity = identity
  }

  /** Whether it was there before this connection. */
  get isResumed(): boolean {
    return this.#isResumed
  }

  /** Says which session it is. Called while the connect command is being decided. */
  takeUp(taken: Taken, isResumed: boolean): void {
    this.#taken = taken
    this.#isResumed = isResumed
  }

  receive(frame: string | Uint8Array): void {
    if (this.#state === 'ended') return
    this.#hear()
    this.#incoming.receive(frame)
  }

  get hasEnded(): boolean {
    return this.#state === 'ended'
  }

  isDue(command: Decoded<Command>): boolean {
    return isDuePong(command, this.#unanswered)
  }

  /** A frame came that is larger than the limit; an honest client is told, not cut. [P3.9] */
  tooLarge(size: number): void {
    this.heard()
    const message = `The message has ${size} bytes; at most ${this.#host.maxMessage} are read here`
    this.refuse(0, refused('message-too-large', { message }))
  }

  heard(): void {
    this.#hear()
    this.#incoming.ping()
  }

  /** Stops reading from the client, until all who have asked for it say `resume`. */
  pause(): void {
    if (++this.#holds === 1) this.link.pause()
  }

  resume(): void {
    if (--this.#holds === 0 && this.#state !== 'ended') this.link.resume()
  }

  closed(code: number): void {
    this.#end(code)
  }

  /** Reads what a reply brings, as soon as the client has read enough of what was sent before. [H9.4] */
  read<T>(run: () => Promise<T>, bringing: Bringing<T> = {}): Promise<T> {
    const read = (): Promise<T> => this.#incoming.rates?.bring(run, bringing, this.#host) ?? run()
    return this.#order?.read(read, bringing) ?? read()
  }

  /** Waits for something that comes when the client has read enough. */
  whileItReads<T>(wait: Promise<T>): Promise<T> {
    return this.#order?.whileItReads(wait) ?? wait
  }

  paced(): Pacing | undefined {
    if (this.pacing === undefined && this.link.written !== undefined && this.#state === 'open') {
      const { link, readsParts } = this
      this.pacing = new Pacing({
        ...{ link, readsParts, most: this.#host.limits.outbox },
        now: () => this.#host.now(),
        ping: () => this.#ping(),
        proceed: () => this.#order?.proceed(),
      })
      // They are answered before any that this pace will send.
      for (let i = 0; i < this.#unanswered; i++) this.pacing.pace.pinged()
      this.#ping()
    }
    return this.pacing
  }

  tooSlow(): void {
    this.close('slow-consumer')
  }

  /** Queues a message to the client. */
  send(outgoing: Outgoing): void {
    if (this.#state !== 'ended') this.link.send(outgoing)
  }

  /** Closes from this side, with a code of the table. */
  close(code: CodeName, reason: string = CODES[code].reason): void {
    if (this.#state === 'ended') return
    this.link.close(CODES[code].code, reason)
    this.#end(CODES[code].code)
  }

  /** The heartbeat: silence brings a ping, silence after the ping ends it. [P7.1] */
  due(time: number): number | undefined {
    const { connectTimeout, heartbeat, patience } = this.#host.limits
    if (this.#state === 'ended') return undefined
    const silent = time - this.#heard
    if (this.#state !== 'open') {
      if (this.#state === 'waiting' && silent >= connectTimeout) this.close('connect-timeout')
      return Math.max(connectTimeout - silent, 1)
    }
    if (this.#pinged !== NO_PING && this.#heard < this.#pinged) {
      if (time - this.#pinged < patience) return patience - (time - this.#pinged)
      this.close('heartbeat-timeout')
      return undefined
    }
    this.#pinged = NO_PING
    this.#incoming.settle()
    if (silent < heartbeat) return heartbeat - silent
    this.#pinged = time
    this.#ping()
    return patience
  }

  /** Whether it has ended in a way after which its client comes back by itself. [P1.8] */
  get mayReturn(): boolean {
    return this.#mayReturn
  }

  #ping(): void {
    this.send(PING)
    this.#unanswered++
    this.pacing?.pace.pinged()
  }

  #pong(): void {
    if (this.#unanswered === 0) return
    this.#unanswered--
    this.pacing?.pace.ponged()
  }

  #end(code: number): void {
    if (this.#state === 'ended') return
    this.#state = nextState(this.#state, 'end')
    this.#mayReturn = comesBack(code)
    this.#queued = undefined
    this.#info = undefined
    this.pacing?.stop()
    this.#host.ended(this, code)
  }

  take(command: Decoded<Command>): void {
    switch (this.#state) {
      case 'waiting':
        if (!(command instanceof BadCommand) && command.kind === 'connect') this.#connect(command)
        else if (this.#incoming.commands > MOST_BEFORE_CONNECT) this.close('rate-exceeded')
        else if (isPing(command)) this.#reply(command.id, PONG)
        else this.#decline(command, 'not-connected', 'The first command on a connection must be connect')
        break
      case 'authenticating':
        if (isPing(command)) this.#reply(command.id, PONG)
        else this.#queue(command)
        break
      case 'open':
        if (command instanceof BadCommand) this.refuse(command.id, unreadable(command))
        else if (command.kind === 'connect') this.#decline(command, 'already-connected')
        else if (command.kind === 'pong') this.#pong()
        else this.#carryOut(command)
        break
      case 'ended':
    }
  }

  /** There is life; but who has not said connect lives on no longer for anything else that is said. [P1.7] */
  #hear(): void {
    if (this.#state !== 'waiting') this.#heard = this.#host.time
  }

  #decline(command: Decoded<Command>, code: CodeName, message?: string): void {
    const why =
      command instanceof BadCommand
        ? unreadable(command)
        : refused(code, message === undefined ? {} : { message })
    this.refuse(command.id, why)
  }

  #queue(command: Decoded<Command>): void {
    this.#queued ??= []
    if (this.#queued.length < this.#host.limits.pendingCommands) this.#queued.push(command)
    else this.#decline(command, 'limit-exceeded')
  }

  #connect(command: Extract<Command, { kind: 'connect' }>): void {
    this.#state = nextState(this.#state, 'connect')
    this.#hear()
    settle({
      run: () => this.#host.connect(this, command),
      done: (reply) => {
        if (this.#state !== 'authenticating') return
        this.#state = nextState(this.#state, 'accept')
        this.wasOpen = true
        this.#info = undefined
        this.#reply(command.id, reply)
        this.#host.opened(this)
        const queued = this.#queued ?? []
        this.#queued = undefined
        for (const waiting of queued) this.take(waiting)
      },
      failed: (error) => {
        if (this.#state !== 'authenticating') return
        this.refuse(command.id, error)
        this.close(closesWith(error), error.message)
      },
      fault: (error) => this.#host.failed('a command', error),
    })
  }

  /** In order. What is done at once, as publishing mostly is, needs none where nothing is under way. */
  #carryOut(command: Command): void {
    if (this.#order === undefined && ALONE.includes(command.kind)) {
      const running = this.#execute(command)
      if (running !== undefined) this.#ordering().began(command, running)
    } else this.#ordering().take(command)
  }

  #ordering(): CommandOrder {
    this.#order ??= this.#newOrder()
    return this.#order
  }

  /** Undefined when it is done already; a promise that never rejects when it goes on. */
  #execute(command: Command): Promise<void> | undefined {
    if (this.#state !== 'open') return undefined
    return settle({
      run: () => this.#host.execute(this, command),
      done: (reply) => {
        if (reply !== undefined) this.#reply(command.id, reply)
      },
      failed: (error) => this.refuse(command.id, error),
      fault: (error) => this.#host.failed('a command', error),
    })
  }

  #newOrder(): CommandOrder {
    return new CommandOrder({
      ...{ limits: this.#host.limits, link: this, turns: this.#host.turns },
      isFull: () => this.pacing?.isFull === true,
      execute: (command) => this.#execute(command),
      refuse: (command) => this.#decline(command, 'limit-exceeded'),
      idle: () => {
        this.#order = undefined
      },
    })
  }

  #reply(id: number, reply: Reply): void {
    if (id !== 0) this.sendAll(new Outgoing({ id, kind: reply.kind, body: reply.body } as Message))
    reply.after?.()
  }

  /** Sends a message of any size. What is for the subscription that it brings follows it. */
  sendAll(outgoing: Outgoing): void {
    if (this.#state === 'ended') return
    sendAtPace(outgoing, this, (subscription) => this.#host.holdBack(subscription))
  }

  /** Errors are answered unless the command asked for no reply; one that could not even be read is answered without an id. */
  refuse(id: number, error: Refused | MillraceError): void {
    if (id === 0 && error.kind !== 'malformed-command' && error.kind !== 'message-too-large') return
    this.send(new Outgoing({ id, kind: 'error', body: bodyOf(error) }))
  }
}
