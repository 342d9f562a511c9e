import type { EventEmitter } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { CLOSE_CODE } from '../websocket/index.js'
import {
  type AcceptOptions,
  type AcceptSettings,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  type Refusal,
  resolveAcceptSettings,
} from './accept.js'
import { createHttpServer } from './http-server.js'
import type { HttpServerLike } from './http-server-like.js'
import { answerConnect, isExtendedConnect, refuseConnect } from './http2.js'
import { answerUpgradeInTurn, refuseUpgrade } from './upgrade.js'
import type { WebSocketLink } from './websocket-link.js'

export interface WebSocketServerOptions extends AcceptOptions {
  /** Only requests for this path are answered, whatever their query. Default: every path. */
  readonly path?: string
}

const NOT_FOUND: Refusal = { status: 404, reason: 'there is no WebSocket endpoint at this path' }
/** Marks what listens to 'stream' as an endpoint: Node itself listens there, for requests. */
const ENDPOINT = Symbol('WebSocket endpoint')
const UPGRADE_REQUIRED = 'this is a WebSocket endpoint: connect with a WebSocket client\n'

/**
 * The engine on its own: WebSocket links, without channels or sessions. It sends no heartbeats: call `link.ping()`.
 * @throws {RangeError} naming an option that cannot be.
 */
export function createWebSocketServer(options: WebSocketServerOptions): WebSocketServer {
  return new WebSocketServer(options)
}

export class WebSocketServer {
  readonly #path: string | null
  readonly #timeoutMs: number
  readonly #settings: AcceptSettings
  #attached: EventEmitter[] = []
  #own: Server | null = null

  constructor(options: WebSocketServerOptions) {
    this.#path = options.path ?? null
    this.#timeoutMs = options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS
    this.#settings = resolveAcceptSettings(options)
  }

  /** The links that are open or closing. */
  get links(): ReadonlySet<WebSocketLink> {
    return this.#settings.link.links.all
  }

  /**
   * Answers the WebSocket handshakes of a server: `upgrade` over HTTP/1.1, and extended CONNECT over HTTP/2, which this
   * switches on for the sessions to come (RFC 8441 §3). Other requests are left to the server's own listeners.
   */
  attach(server: HttpServerLike): this {
    const emitter: EventEmitter = server
    this.#attached.push(emitter)
    emitter.on('upgrade', this.#onUpgrade)
    if ('updateSettings' in server) {
      server.updateSettings({ enableConnectProtocol: true })
      emitter.on('stream', this.#onStream)
      emitter.on('connect', this.#onConnect)
    }
    return this
  }

  /** Listens with an HTTP/1.1 server of its own, and answers the port: the one chosen, if 0 was asked for. */
  async listen(port = 0, host?: string): Promise<number> {
    const server = createHttpServer({ headersWithin: this.#timeoutMs }, requireUpgrade)
    this.#own = server
    this.attach(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
    return (server.address() as AddressInfo).port
  }

  /**
   * Closes every link with this code (default 1001) and refuses new ones with 503 meanwhile. Resolves when the last one
   * has gone, at the latest after the closing timeout; then the server is detached, and its own one has stopped.
   */
  async close(code: number = CLOSE_CODE.goingAway, reason = ''): Promise<void> {
    this.#settings.isClosing = true
    const { links } = this.#settings.link
    for (const link of [...links.all]) link.close(code, reason)
    await links.whenEmpty()
    for (const server of this.#attached) this.#detach(server)
    this.#attached = []
    const own = this.#own
    if (own === null) return
    this.#own = null
    await new Promise((resolve) => {
      own.close(resolve)
      own.closeAllConnections()
    })
  }

  #detach(server: EventEmitter): void {
    server.off('upgrade', this.#onUpgrade)
    server.off('stream', this.#onStream)
    server.off('connect', this.#onConnect)
  }

  /** Whether the request is for us; null if another listener may be the one it is for. */
  #isOurs(url: string, isAlone: boolean): boolean | null {
    if (this.#path === null || url.split('?', 1)[0] === this.#path) return true
    return isAlone ? false : null
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const event = { request, socket, head }
    const isAlone = this.#attached.every((server) => server.listenerCount('upgrade') <= 1)
    const isOurs = this.#isOurs(request.url ?? '', isAlone)
    if (isOurs === true) answerUpgradeInTurn(event, this.#settings)
    else if (isOurs === false) refuseUpgrade(event, NOT_FOUND, this.#settings)
  }

  /**
   * Where there is a request listener, Node answers 405 to every CONNECT nobody listens for, ours included. So we listen,
   * and answer in its place those that are neither ours nor somebody else's.
   */
  readonly #onConnect = ({ headers }: IncomingMessage, answer: ServerResponse | Duplex): void => {
    if (isExtendedConnect(headers) || this.#attached.some((server) => server.listenerCount('connect') > 1))
      return
    if ('writeHead' in answer) answer.writeHead(405).end()
    else answer.destroy()
  }

  readonly #onStream = Object.assign(
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
      if (!isExtendedConnect(headers)) return
      const event = { stream, headers }
      const isAlone = this.#attached.every((server) => endpointsOn(server) <= 1)
      const isOurs = this.#isOurs(headers[':path'] ?? '', isAlone)
      if (isOurs === true) answerConnect(event, this.#settings)
      else if (isOurs === false) refuseConnect(event, NOT_FOUND, this.#settings)
    },
    { [ENDPOINT]: true },
  )
}

const endpointsOn = (server: EventEmitter): number =>
  server.listeners('stream').filter((listener) => ENDPOINT in listener).length

/** RFC 9110 §15.5.22: a 426 says in Upgrade what it wants. */
function requireUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'content-type': 'text/plain; charset=utf-8',
  })
  response.end(UPGRADE_REQUIRED)
}
