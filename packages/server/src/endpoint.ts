/** What a server's clients come by on this platform: WebSockets, connections that are made of requests, and plain requests of readers. */
import type { AdminApi } from './admin/index.js'
import type { Hub } from './hub/index.js'
import { originPolicy } from './node/accept.js'
import { AdminEndpoint } from './node/admin-endpoint.js'
import { addressBehind } from './node/client-address.js'
import { HubWebSockets, OVERFLOW_CODE, SUBPROTOCOLS } from './node/hub-link.js'
import { sha256, systemClock, systemRandom } from './node/platform.js'
import { ReaderEndpoint } from './node/reader-endpoint.js'
import { RequestEndpoint } from './node/request-endpoint.js'
import { refuseSecrets } from './node/secret-query.js'
import { sha1Base64 } from './node/sha1.js'
import { TicketEndpoint } from './node/ticket-endpoint.js'
import { createWebSocketServer, type WebSocketServer } from './node/websocket-server.js'
import type { AllowedOrigins, ResolvedOptions } from './options.js'
import type { ServerEndpoint, ServerInside } from './ports.js'
import { Readers } from './readers/index.js'
import { RequestLinks } from './requests/index.js'
import { VERSION } from './version.js'

/** A request brings several frames, each of which may take three bytes for what its sender counts as one character. */
const SMALLEST_BODY_LIMIT = 262_144

/** Serves the hub over the transports that are switched on, and to readers. */
export class PlatformEndpoint implements ServerEndpoint {
  readonly #webSockets: WebSocketServer | undefined
  readonly #requests: RequestEndpoint | undefined
  readonly #readers: ReaderEndpoint | undefined
  readonly #tickets: TicketEndpoint | undefined
  readonly #admin: AdminEndpoint | undefined

  constructor({ hub, options }: ServerInside) {
    const { transports } = options
    if (transports.includes('websocket')) this.#webSockets = webSockets(hub, options)
    if (transports.some((name) => name !== 'websocket')) this.#requests = requests(hub, options)
    if (options.readers) this.#readers = readers(hub, options)
    if (hub.asksWho) this.#tickets = tickets(hub, options)
    if (options.admin !== undefined) this.#admin = admin(hub, options.admin)
  }

  attach(server: Parameters<ServerEndpoint['attach']>[0]): void {
    this.#webSockets?.attach(server)
    this.#requests?.attach(server)
    this.#readers?.attach(server)
    this.#tickets?.attach(server)
    this.#admin?.attach(server)
  }

  async close(): Promise<void> {
    const served = [this.#requests, this.#webSockets, this.#readers, this.#tickets, this.#admin]
    await Promise.all(served.map((one) => one?.close()))
  }
}

function webSockets(hub: Hub, options: ResolvedOptions): WebSocketServer {
  const { allowedOrigins, compression, connectTimeout, limits, path, trustedProxies } = options
  // A message somewhat beyond the limit is read, and then answered with an error instead of a close. [P3.9]
  const most = limits.message * 2
  return createWebSocketServer({
    handler: new HubWebSockets(hub, { maxMessage: limits.message, addressOf: addressBehind(trustedProxies) }),
    path,
    origins: originsOf(allowedOrigins),
    protocols: SUBPROTOCOLS,
    authorize: refuseSecrets,
    deflate: compression === false ? false : { thresholdBytes: compression.threshold },
    handshakeTimeoutMs: connectTimeout,
    maxFrameBytes: most,
    maxMessageBytes: most,
    maxInflatedBytes: most,
    maxBufferedBytes: limits.outbox,
    overflowCode: OVERFLOW_CODE,
  })
}

function requests(hub: Hub, options: ResolvedOptions): RequestEndpoint {
  const { allowedOrigins, limits, path, transports, trustedProxies } = options
  return new RequestEndpoint({
    links: new RequestLinks({
      ...{ hub, clock: systemClock, random: systemRandom },
      node: hub.cluster.node,
      outbox: limits.outbox,
      sizeOf: (frame) => Buffer.byteLength(frame),
      soon: setImmediate,
    }),
    path,
    opens: { poll: transports.includes('poll'), stream: transports.includes('stream') },
    allowOrigin: originPolicy(originsOf(allowedOrigins)),
    addressOf: addressBehind(trustedProxies),
    maxBody: Math.max(SMALLEST_BODY_LIMIT, limits.message * 4),
    failed: (what, error) => hub.failed(what, error),
  })
}

function readers(
  hub: Hub,
  { allowedOrigins, limits, path, trustedProxies }: ResolvedOptions,
): ReaderEndpoint {
  return new ReaderEndpoint({
    readers: new Readers({ hub, clock: systemClock, outbox: limits.outbox, digest: sha1Base64 }),
    path,
    allowOrigin: originPolicy(originsOf(allowedOrigins)),
    addressOf: addressBehind(trustedProxies),
    failed: (what, error) => hub.failed(what, error),
  })
}

function tickets(hub: Hub, { allowedOrigins, path, trustedProxies }: ResolvedOptions): TicketEndpoint {
  return new TicketEndpoint({
    exchange: async (request) => {
      await hub.start()
      return hub.tickets.exchange(request)
    },
    path,
    allowOrigin: originPolicy(originsOf(allowedOrigins)),
    addressOf: addressBehind(trustedProxies),
    failed: (what, error) => hub.failed(what, error),
  })
}

function admin(hub: Hub, { keys, path, body }: NonNullable<ResolvedOptions['admin']>): AdminEndpoint {
  const { now, schedule } = systemClock
  // A server that is asked nothing by backends does without what describes and checks it.
  let made: Promise<AdminApi> | undefined
  const make = async (): Promise<AdminApi> => {
    const { AdminApi } = await import('./admin/index.js')
    const start = (): Promise<void> => hub.start()
    return new AdminApi({ hub, keys, start, now, schedule, path, version: VERSION, digest: sha256 })
  }
  const api = (): Promise<AdminApi> => (made ??= make())
  return new AdminEndpoint({ api, path, maxBody: body, failed: (what, error) => hub.failed(what, error) })
}

function originsOf(
  allowed: AllowedOrigins,
): NonNullable<Parameters<typeof createWebSocketServer>[0]['origins']> {
  if (allowed === '*') return 'any'
  if (allowed === 'same-origin') return allowed
  return (origin) =>
    allowed.some((one) =>
      typeof one === 'string' ? one.toLowerCase() === origin.toLowerCase() : one.test(origin),
    )
}
