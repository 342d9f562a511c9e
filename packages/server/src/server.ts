/** The composition root: the one file that knows every class. */
import type { AddressInfo } from 'node:net'
import { type Api, type Duration, milliseconds, type OpenApi } from '@millrace/protocol'
import * as msgpack from '@msgpack/msgpack'
import { brokerByUrl } from './broker-url.js'
import { PlatformEndpoint } from './endpoint.js'
import {
  type Authorizer,
  type CallHandler,
  checkRevocable,
  Hub,
  type Identity,
  type Logger,
  type RelayRule,
  type Revocable,
  type Revoked,
  type Session,
  type User,
} from './hub/index.js'
import { type ListenOptions, type ResolvedListen, resolveListen } from './listen-options.js'
import type {
  ChannelRules,
  MillraceServer,
  Peers,
  ServerEvents,
  ServerPublishOptions,
  ServerStats,
  SingleUseTicket,
  TicketOptions,
  UserPeers,
} from './millrace.js'
import type { SocketDoor } from './node/accepted-sockets.js'
import type { HttpServerLike } from './node/http-server-like.js'
import { type Answer, listening, type OwnServer, plainServer } from './node/own-server.js'
import { awake, consoleLogger, systemClock, systemRandom, systemSigner } from './node/platform.js'
import { systemSealer } from './node/sealer.js'
import { secureServer } from './node/secure-server.js'
import { type ResolvedOptions, resolveOptions, type ServerOptions } from './options.js'
import { infoOf, peersOf, userPeersOf } from './peers.js'
import type { ServerEndpoint, ServerPorts } from './ports.js'
import { socketDoor } from './socket-door.js'
import { VERSION } from './version.js'
import { platformWebhooks, warnOfPlainHttp } from './webhook-ports.js'
import { Webhooks } from './webhooks/index.js'

/** How long clients are given to come back after `close()`, in milliseconds: it spreads them. */
const RETURN_WITHIN = 2_000
/** How long `close()` tells backends what waits for them, in milliseconds. */
const FLUSH_WITHIN = 5_000
/** Milliseconds for a request with its body, beyond those that an endpoint gives it. */
const REQUEST_WITHIN = 60_000

/**
 * Makes a server: `createServer({ api, auth })`. It does nothing until `attach` or `listen`.
 * Throws a TypeError that names the option that is wrong.
 */
export function createServer<A extends Api = OpenApi, U extends User | undefined = undefined>(
  options: ServerOptions<A, U> = {},
): MillraceServer<A, U> {
  return composeServer(options, PLATFORM)
}

/** Makes a server as `createServer` does, on ports of your own. Throws a TypeError that names the option that is wrong. */
export function composeServer<A extends Api = OpenApi, U extends User | undefined = undefined>(
  options: ServerOptions<A, U>,
  ports: ServerPorts,
): MillraceServer<A, U> {
  // Inside, the application's types are not known; the schemas have the say at run time.
  const known = options as unknown as ServerOptions<Api, User>
  return new ComposedServer(known, ports) as unknown as MillraceServer<A, U>
}

const PLATFORM: ServerPorts = {
  clock: systemClock,
  random: systemRandom,
  endpoint: (inside) => new PlatformEndpoint(inside),
  webhooks: platformWebhooks,
}

type Listener<E extends keyof ServerEvents<User>> = (...args: ServerEvents<User>[E]) => void

class ComposedServer implements MillraceServer<Api, User> {
  readonly #api: Api | undefined
  readonly #options: ResolvedOptions
  readonly #logger: Logger
  readonly #hub: Hub
  readonly #endpoint: ServerEndpoint
  readonly #webhooks: Webhooks
  readonly #listeners: { readonly [E in keyof ServerEvents<User>]: Set<Listener<E>> } = {
    connect: new Set(),
    disconnect: new Set(),
  }
  /** Those of `listen`, and who may open sockets to them. */
  readonly #own: OwnServer[] = []
  #door: SocketDoor | undefined

  constructor(options: ServerOptions<Api, User>, ports: ServerPorts) {
    const { clock, random, endpoint } = ports
    const resolved = resolveOptions(options)
    if (options.api !== undefined && typeof options.api.codecOf !== 'function')
      throw new TypeError('api must be what defineApi() returns')
    const logger = options.logger ?? consoleLogger('warn')
    const { broker = 'memory:', node = random.id() } = options
    const { limits, heartbeat, patience, connectTimeout, grace } = resolved
    if (options.api === undefined)
      logger.warn('no api is defined: every client may use any channel and any payload')
    this.#api = options.api
    this.#options = resolved
    this.#logger = logger
    const { deliver, jitter } = ports.webhooks ?? platformWebhooks
    const told = ports.webhooks === undefined ? [] : resolved.webhooks
    warnOfPlainHttp(told, logger)
    this.#webhooks = new Webhooks(told, node, { clock, random, deliver, jitter, logger })
    this.#hub = new Hub({
      api: options.api,
      broker: typeof broker === 'string' ? brokerByUrl(broker, { clock, random, logger }) : broker,
      codecs: { msgpack, ...options.codecs },
      authenticate: options.auth,
      channelTokens: options.channelTokens as ConstructorParameters<typeof Hub>[0]['channelTokens'],
      subscriptions: options.subscriptions as ConstructorParameters<typeof Hub>[0]['subscriptions'],
      limits: {
        heartbeat,
        patience,
        connectTimeout,
        pendingCommands: limits.pendingCommands,
        subscriptions: limits.subscriptions,
        memberData: limits.memberData,
        outbox: limits.outbox,
        rates: resolved.rates,
        door: { ...limits, handshakes: resolved.handshakes, reads: resolved.reads },
        recovery: limits.recovery,
        grace,
      },
      maxMessage: limits.message,
      node,
      server: `millrace/${VERSION}`,
      clock,
      random,
      signer: systemSigner,
      sealer: systemSealer,
      logger,
      onSession: (event, session, code) => this.#tell(event, session, code),
      events: this.#webhooks.hubEvents,
    })
    this.#endpoint = endpoint({ hub: this.#hub, options: resolved })
  }

  channel(pattern: string): ChannelRules<never, User> {
    if (this.#api === undefined) {
      throw new TypeError(
        `channel('${pattern}') needs an api: createServer({ api: defineApi({ channels: { '${pattern}': channel() } }) })`,
      )
    }
    if (!Object.hasOwn(this.#api.channels, pattern)) {
      const known = Object.keys(this.#api.channels).join(', ') || 'none'
      throw new TypeError(`The api has no channel pattern '${pattern}'; it defines: ${known}`)
    }
    const rules: ChannelRules<never, User> = {
      authorize: (hook) => {
        this.#hub.policy.authorize(pattern, hook as unknown as Authorizer)
        return rules
      },
    }
    return rules
  }

  handle(method: string, handler: unknown): void {
    this.#hub.handlers.handle(method, handler as CallHandler)
  }

  relay(method: string, hook: unknown): void {
    this.#hub.handlers.relay(method, hook as RelayRule)
  }

  async publish(
    channel: string,
    message: unknown,
    options?: ServerPublishOptions,
  ): ReturnType<Hub['publish']> {
    await this.#hub.start()
    return this.#hub.publish(channel, message, options)
  }

  async remove(channel: string, key: string, options?: ServerPublishOptions): ReturnType<Hub['publish']> {
    await this.#hub.start()
    return this.#hub.publish(channel, null, { ...options, remove: key })
  }

  async sendEphemeral(channel: string, message: unknown): Promise<void> {
    await this.#hub.start()
    return this.#hub.sendEphemeral(channel, message)
  }

  async history(
    channel: string,
    options: { readonly limit?: number; readonly before?: number } = {},
  ): Promise<never> {
    await this.#hub.start()
    const range = { before: options.before ?? Number.MAX_SAFE_INTEGER, limit: options.limit ?? 100 }
    return (await this.#hub.history(channel, range)) as never
  }

  async presence(channel: string): Promise<never> {
    await this.#hub.start()
    return (await this.#hub.presence(channel)) as never
  }

  async revoke(what: Revocable, options: { readonly for?: Duration } = {}): Promise<Revoked> {
    if (!this.#hub.asksWho) throw new TypeError('revoke() needs auth: without it nobody is known by anything')
    const revocable = checkRevocable(what)
    await this.#hub.start()
    const lasts = options.for === undefined ? undefined : milliseconds(options.for, 'for')
    return this.#hub.revocations.revoke(revocable, lasts)
  }

  async ticket(who: User | Identity, { ttl }: TicketOptions = {}): Promise<SingleUseTicket> {
    if (!this.#hub.asksWho)
      throw new TypeError('ticket() needs auth: without it everybody may connect as they are')
    const lasts = ttl === undefined ? undefined : milliseconds(ttl, 'ttl')
    await this.#hub.start()
    return this.#hub.tickets.make(who, lasts)
  }

  user(id: string): UserPeers<Api, User> {
    return userPeersOf(this.#hub, id)
  }

  session(id: string): Peers<Api, User> {
    return peersOf(this.#hub, { session: id })
  }

  on<E extends keyof ServerEvents<User>>(event: E, listener: Listener<E>): () => void {
    this.#listeners[event].add(listener)
    return () => {
      this.#listeners[event].delete(listener)
    }
  }

  attach(server: HttpServerLike): void {
    this.#endpoint.attach(server)
    // A broker that cannot be reached is told to whoever uses it; here nobody waits for an answer.
    this.#hub.start().catch((error: unknown) => this.#hub.failed('starting the broker', error))
  }

  async listen(where: number | ListenOptions = {}): Promise<AddressInfo> {
    const { port, host, ...how } = resolveListen(where)
    const own = await this.#makeServer(how)
    try {
      await this.#hub.start()
      this.#endpoint.attach(own.server)
      await listening(own.server, port, host)
    } catch (error) {
      await own.close()
      throw error
    }
    this.#own.push(own)
    return own.server.address() as AddressInfo
  }

  async #makeServer({ tls, hsts }: Pick<ResolvedListen, 'tls' | 'hsts'>): Promise<OwnServer> {
    const { connectTimeout, limits, path } = this.#options
    const answer: Answer = (_request, response) => {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
      response.end(`Millrace ${VERSION}: the endpoint is a WebSocket at ${path}\n`)
    }
    const requestWithin = REQUEST_WITHIN
    const { headers } = limits
    const logger = this.#logger
    // One for all that it listens on: an address has so many sockets of this node.
    this.#door ??= socketDoor(this.#options, systemClock, logger)
    const door = this.#door
    if (tls === undefined)
      return plainServer({ headers, headersWithin: connectTimeout, requestWithin }, door, answer)
    return secureServer(
      { tls, hsts, handshakeMs: connectTimeout, requestWithin, maxHeaderSize: headers, door, logger },
      answer,
    )
  }

  async reloadTls(): Promise<void> {
    const secure = this.#own.filter(({ reload }) => reload !== undefined)
    if (secure.length === 0)
      throw new TypeError('reloadTls() needs a server that listens with TLS: listen({ tls: { cert, key } })')
    await Promise.all(secure.map((own) => own.reload?.()))
  }

  stats(): ServerStats {
    const { size: sessions, counters } = this.#hub
    return { sessions, slow: { ...counters }, webhooks: this.#webhooks.stats() }
  }

  async close(): Promise<void> {
    // From now on every answer ends its connection.
    for (const own of this.#own) own.drain()
    await this.#hub.close(RETURN_WITHIN)
    await Promise.all([this.#endpoint.close(), awake(this.#webhooks.close(FLUSH_WITHIN))])
    await Promise.all(this.#own.map((own) => own.close()))
  }

  #tell(event: keyof ServerEvents<User>, session: Session, code: number): void {
    if (event === 'connect') this.#webhooks.connected(session)
    else this.#webhooks.disconnected(session, code)
    try {
      if (event === 'connect') for (const listener of this.#listeners.connect) listener(infoOf(session))
      else for (const listener of this.#listeners.disconnect) listener(infoOf(session), code)
    } catch (error) {
      this.#hub.failed(`a '${event}' listener`, error)
    }
  }
}
