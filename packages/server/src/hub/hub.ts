import { CODES, type Command, channelTable, MillraceError, PROTOCOL_VERSION } from '@millrace/protocol'
import { Admission } from './admission.js'
import {
  type DecodedHistory,
  type DecodedMember,
  history,
  type PublishOptions,
  presence,
  publish,
  sendEphemeral,
} from './application.js'
import type { Appended, StreamRange } from './broker-ports.js'
import type { CallHandlers } from './call-handlers.js'
import { type Calling, makeCalling } from './calling.js'
import { ChannelGrants } from './channel-grants.js'
import type { Cluster } from './cluster/cluster.js'
import { Silence } from './cluster/silence.js'
import { execute } from './commands/index.js'
import type { Services } from './commands/services.js'
import { end, join, leaveAll } from './commands/subscribe.js'
import { withhold } from './commands/withhold.js'
import { newCounters } from './counters.js'
import type { DeviceCommands } from './device-commands.js'
import { Directory } from './directory.js'
import { Disconnections } from './disconnections.js'
import { dispatch } from './dispatch.js'
import { Doorkeeper, REFUSALS } from './doorkeeper.js'
import { FanOutTurns } from './fan-out-turns.js'
import type { HubOptions } from './hub-options.js'
import { Leaving } from './leaving.js'
import { Lingering } from './lingering.js'
import { push } from './outgoing.js'
import { Policy } from './policy.js'
import type { Link, LinkInfo, MaybePromise } from './ports.js'
import { isSubject, type Subject } from './revocation/revocable.js'
import { concerns, type Revocation } from './revocation/revocation-list.js'
import { Revocations } from './revocation/revocations.js'
import { type Reply, Session, type SessionHost, type SessionLimits } from './session.js'
import { SingleUseTickets } from './single-use-tickets.js'
import { StartOnce } from './start-once.js'
import type { Subscription } from './subscription.js'
import { makeTelling, type Telling } from './telling/telling.js'
import { TicketOffice } from './ticket-office.js'
import { Tickets } from './tickets.js'
import { Topics } from './topics.js'
import { Turns } from './turns.js'
import { Validator } from './validation.js'
import { Wheel } from './wheel.js'

/** The domain: sessions, subscriptions, fan-out, presence and calls, over a broker and any transport. */
export class Hub implements SessionHost {
  readonly policy = new Policy()
  readonly directory = new Directory()
  readonly counters = newCounters()
  /** The sessions of those who only read. */
  readonly readers = new Directory()
  readonly #options: HubOptions
  readonly #services: Services
  readonly #calling: Calling
  readonly #telling: Telling
  /** What was taken away from users, sessions and tokens. */
  readonly revocations: Revocations
  /** Gives out single-use tickets. */
  readonly tickets: TicketOffice
  /** Sessions that the application ends, on whichever node. */
  readonly disconnections: Disconnections
  readonly #wheel: Wheel
  readonly #door: Doorkeeper
  /** For what takes a while. */
  readonly turns: Turns
  readonly #sessions = new Set<Session>()
  /** Those that have not said connect, the oldest first. */
  readonly #waiting = new Set<Session>()
  #closing = false
  readonly #starting = new StartOnce(() => this.#start())

  constructor(options: HubOptions) {
    const { api, broker, clock, logger, limits } = options
    const { counters, directory, policy } = this
    this.#options = options
    this.#door = new Doorkeeper(limits.door ?? {})
    this.turns = new Turns(clock)
    const validator = new Validator(options.codecs)
    const failed = (what: string, error: unknown): void => this.failed(what, error)
    const calling = makeCalling({ ...options, directory, validator, failed })
    const { calls, handlers, commands } = calling
    this.#calling = calling
    const topics = new Topics({ streams: broker, presence: broker, clock, logger, counters })
    const channels = channelTable(api)
    this.#telling = makeTelling({
      ...{ events: options.events, streams: broker, cluster: calling.cluster, clock, logger },
      subscribers: (channel) => topics.subscribers(channel),
    })
    const call: Services['call'] = (incoming) => handlers.call(incoming)
    const command: Services['command'] = (incoming) => commands.relay(incoming)
    const lingering = new Lingering({ clock, logger, presence: broker, grace: limits.grace })
    const silence = new Silence(calling.cluster, clock)
    this.#wheel = new Wheel(clock)
    this.revocations = new Revocations({
      ...{ streams: broker, cluster: calling.cluster, clock, logger },
      ...{ end: (revocation) => this.#end(revocation), withhold: (from) => this.#withhold(from) },
    })
    const admission = new Admission({
      ...{ authenticate: options.authenticate, clock, wheel: this.#wheel },
      ...{ revocations: this.revocations, tickets: new Tickets(options.signer) },
      singleUse: new SingleUseTickets({ ...options, streams: broker }),
    })
    this.tickets = new TicketOffice({ admission, revocations: this.revocations, door: this.#door, clock })
    const grants = new ChannelGrants({ read: options.channelTokens, clock, wheel: this.#wheel })
    this.#services = {
      ...{ append: this.#telling.append, watch: this.#telling.watch },
      ...{ grants, broker, channels, topics, directory, policy, validator, calls, call, command },
      ...{ admission, revocations: this.revocations, lingering, silence, clock, limits },
      fanOut: new FanOutTurns(clock),
      leaving: new Leaving({ clock, topics, watch: this.#telling.watch }),
    }
    this.disconnections = new Disconnections({
      cluster: calling.cluster,
      directories: [directory, this.readers],
    })
    calling.cluster.hear('superseded', ({ session, generation }) => {
      const here = directory.session(session)
      if (here !== undefined && here.taken.generation < generation) here.close('superseded')
    })
  }

  /** The application's answers to calls, and its calls of clients. */
  get handlers(): CallHandlers {
    return this.#calling.handlers
  }

  /** Calls that wait for their users. */
  get commands(): DeviceCommands {
    return this.#calling.commands
  }

  /** The other nodes. */
  get cluster(): Cluster {
    return this.#calling.cluster
  }

  get limits(): SessionLimits {
    return this.#options.limits
  }

  get maxMessage(): number {
    return this.#options.maxMessage
  }

  get time(): number {
    return this.#wheel.time
  }

  now(): number {
    return this.#options.clock.now()
  }

  holdBack(subscription: Subscription): () => void {
    return this.#services.topics.holdBack(subscription)
  }

  /** Sessions on this node, connecting ones included. */
  get size(): number {
    return this.#sessions.size
  }

  /** Connects to the broker, once. Rejects when it cannot; that is tried again by the next use, such as a client that connects. */
  start(): Promise<void> {
    return this.#starting.run()
  }

  async #start(): Promise<void> {
    const { broker, random } = this.#options
    const { topics, admission } = this.#services
    const { cluster, queues } = this.#calling
    const { revocations } = this
    await broker.start(dispatch({ topics, cluster, queues, revocations }))
    if (admission.asks) await revocations.start()
    topics.start()
    const secret = await broker.secret(random.id() + random.id())
    admission.tickets.use(secret)
    admission.singleUse.use(secret)
    await cluster.start()
    queues.start()
  }

  /** Tells every client to come back elsewhere, and stops. */
  async close(retryAfter: number): Promise<void> {
    this.#closing = true
    this.#wheel.stop()
    this.#services.topics.stop()
    this.#calling.queues.stop()
    this.revocations.stop()
    const reason = 'The node is going away'
    const notice = push('disconnect', { code: CODES.shutdown.code, reason, retryAfter })
    for (const session of [...this.#sessions]) {
      session.send(notice)
      session.close('shutdown', reason)
    }
    this.#services.lingering.stop()
    await this.#telling.occupancy?.close()
    await this.#calling.cluster.stop()
    this.#calling.queues.close()
    await this.#options.broker.close()
  }

  /** A new connection: the session to feed with what arrives. */
  accept(link: Link, info: LinkInfo): Session {
    const session = new Session(this.#options.random.id(), link, { host: this, info })
    this.#sessions.add(session)
    this.#waiting.add(session)
    session.visitor = this.#door.enter(info.remoteAddress, this.now())
    this.#wheel.add(session, Math.min(this.limits.connectTimeout, this.limits.heartbeat))
    const refused = this.#door.refuses(session.visitor, { now: this.now(), isRequest: link.onlyReads })
    if (this.#closing) session.close('shutdown')
    else if (refused !== undefined)
      this.#turnAway(refused === 'unauthenticated' ? this.#oldest(session) : session, refused)
    return session
  }

  /** Who has waited longest without a word gives way, or silence would keep out those who speak. [H11.2] */
  #oldest(session: Session): Session {
    const [oldest = session] = this.#waiting
    return oldest
  }

  async connect(session: Session, { body }: Extract<Command, { kind: 'connect' }>): Promise<Reply> {
    const { node, server, maxMessage, limits } = this.#options
    this.#waiting.delete(session)
    if (body.version !== PROTOCOL_VERSION) {
      const message = `This server speaks protocol version ${PROTOCOL_VERSION}, not ${body.version}`
      throw new MillraceError('unsupported-version', { message, field: 'connect.version' })
    }
    if (!this.#starting.isDone) await this.#starting.needed()
    const admitted = await this.#services.admission.admit(session, body)
    withhold(this.#services, session)
    session.readsParts = body.parts === true
    const { heartbeat, patience } = limits
    const user = session.user?.id
    const time = this.#options.clock.now()
    return {
      kind: 'connected',
      body: {
        session: session.id,
        node,
        user,
        server,
        heartbeat,
        patience,
        maxMessage,
        time,
        ...admitted,
      },
    }
  }

  execute(session: Session, command: Command): MaybePromise<Reply | undefined> {
    return execute(this.#services, session, command)
  }

  opened(session: Session): void {
    this.#door.authenticated()
    // It may have been taken away while the connect command was decided.
    if (this.revocations.forbids({ identity: session.identity, session: session.id })) {
      session.close('access-revoked')
      return
    }
    if (session.link.onlyReads) {
      this.readers.add(session, this.#options.clock.now())
      return
    }
    const other = this.directory.session(session.id)
    if (
      other === undefined &&
      this.#door.hasTooMany(session.user && this.directory.ofUser(session.user.id))
    ) {
      this.#turnAway(session, 'connectionsPerUser')
      return
    }
    if (other !== undefined && other.taken.generation > session.taken.generation) {
      session.close('superseded')
      return
    }
    other?.close('superseded')
    this.directory.add(session, this.#options.clock.now())
    if (session.isResumed) this.cluster.tell('superseded', session.taken)
    this.#options.onSession('connect', session, 0)
    void this.#subscribeByServer(session)
    this.#calling.queues.attach(session)
  }

  ended(session: Session, code: number): void {
    if (code === CODES['slow-consumer'].code) this.counters.disconnected++
    const wasLetIn = this.#sessions.delete(session)
    if (wasLetIn && code === CODES['rate-exceeded'].code) this.#door.flooded(session.visitor, this.now())
    this.#waiting.delete(session)
    this.#door.leave(session.visitor, session.wasOpen)
    leaveAll(this.#services, session)
    this.#services.calls.lost(session)
    this.#calling.queues.detach(session)
    this.readers.remove(session)
    if (this.directory.session(session.id) !== session) return
    this.directory.remove(session)
    this.#options.onSession('disconnect', session, code)
  }

  #turnAway(session: Session, why: keyof typeof REFUSALS): void {
    const [code, reason] = REFUSALS[why]
    this.#sessions.delete(session)
    session.close(code, reason)
  }

  #end(revocation: Revocation): number {
    if (revocation.user !== undefined) this.policy.forget(revocation.user)
    const concerned = [...this.#sessions].filter(({ identity, id }) =>
      concerns(revocation, { identity, session: id }),
    )
    for (const session of concerned) session.close('access-revoked')
    return concerned.length
  }

  #withhold(from: Subject): number {
    if (from.user !== undefined) this.policy.forget(from.user)
    const concerned = [...this.#sessions].filter(({ identity, id }) =>
      isSubject(from, { identity, session: id }),
    )
    for (const session of concerned) withhold(this.#services, session)
    return concerned.length
  }

  /** Whether somebody asks who it is that connects. */
  get asksWho(): boolean {
    return this.#services.admission.asks
  }

  /** Whether everybody may read a channel, for nobody asks who it is that wants to. */
  isPublic(channel: string): boolean {
    const resolved = this.#services.channels.find(channel)
    if (resolved === undefined || this.asksWho) return false
    return !this.policy.has(resolved.pattern)
  }

  failed(what: string, error: unknown): void {
    this.#options.logger.error(`${what} failed`, { error })
  }

  /** Publishes for the application. Rejects with `invalid-payload`, `conflict` and the other codes of publish. */
  publish(channel: string, message: unknown, options?: PublishOptions): Promise<Appended> {
    return publish(this.#services, channel, { message, ...options })
  }

  /** Sends an ephemeral message for the application. */
  sendEphemeral(channel: string, message: unknown): Promise<void> {
    return sendEphemeral(this.#services, channel, message)
  }

  /** A part of a channel's past, with values decoded. */
  history(channel: string, range: StreamRange): Promise<DecodedHistory> {
    return history(this.#services, channel, range)
  }

  /** Who is in a channel, with their data decoded. */
  presence(channel: string): Promise<readonly DecodedMember[]> {
    return presence(this.#services, channel)
  }

  /** Subscribes a session by the server's own decision: no hook is asked. [P5.13] Rejects with `revoked` where that was taken away from it. */
  async subscribe(session: Session, channel: string): Promise<void> {
    const resolved = this.#services.channels.resolve(channel)
    const reply = await join(this.#services, session, { body: { channel }, resolved })
    session.sendAll(push('subscribed', reply.body))
    reply.after?.()
  }

  /** Ends a session's subscription, and tells it. */
  unsubscribe(session: Session, channel: string, why: MillraceError): Promise<void> {
    return end(this.#services, session, { channel, why })
  }

  async #subscribeByServer(session: Session): Promise<void> {
    try {
      const channels = (await this.#options.subscriptions?.({ user: session.user })) ?? []
      // A client that comes back may have asked for some of them itself, and others may have been taken away from it.
      const fresh = channels.filter(
        (channel) =>
          !session.subscriptions.has(channel) &&
          !session.withheld?.has({ action: 'subscribe', name: channel }),
      )
      await Promise.all(fresh.map((channel) => this.subscribe(session, channel)))
    } catch (error) {
      if (session.state !== 'ended') this.failed('subscribing a session', error)
    }
  }
}
