import type { ConnectionOptions } from 'node:tls'
import { type ClientHandshake, handshakeHeaders } from '../websocket/index.js'
import { DEFAULT_HANDSHAKE_TIMEOUT_MS } from './accept.js'
import { type Answer, type Ask, type Asking, ConnectError } from './connect-attempt.js'
import { askHttp1 } from './connect-http1.js'
import { askHttp2 } from './connect-http2.js'
import { type LinkOptions, type LinkSettings, resolveLinkSettings } from './link-settings.js'
import { SocketLink } from './socket.js'
import type { LinkHandler, WebSocketLink } from './websocket-link.js'

export interface ConnectorOptions extends LinkOptions {
  /** Subprotocols to offer, the preferred one first. */
  readonly protocols?: readonly string[]
  /** Further request headers: Authorization, Cookie, Origin … */
  readonly headers?: Readonly<Record<string, string>>
  /** Use HTTP/2 (RFC 8441), over a session of the connection's own. Default false. */
  readonly http2?: boolean
  /** For wss: what node:tls takes, such as `ca` or `servername`. */
  readonly tls?: ConnectionOptions
  /** How long connecting and the handshake may take. In milliseconds, default 10,000. */
  readonly handshakeTimeoutMs?: number
}

/**
 * Connects to a WebSocket server: ws: or wss:, or http: or https: meaning the same. Messages are told from the next turn
 * of the event loop on, so whoever awaits the link has it before they come. The signal ends connecting, not the link.
 * @throws {SyntaxError} for a URL or subprotocol that cannot be. RFC 6455 §3, §4.1.
 * @throws {ConnectError} when there is no connection; the signal's reason when it was aborted.
 */
export function connect(
  url: string | URL,
  options: ConnectorOptions & { readonly handler: LinkHandler; readonly signal?: AbortSignal },
): Promise<WebSocketLink> {
  return new Connector(options).connect(url, options.handler, options.signal)
}

/** Makes any number of connections with the same settings; they share what can be shared. */
export class Connector {
  readonly #options: ConnectorOptions
  readonly #settings: LinkSettings
  readonly #handshake: ClientHandshake
  readonly #headers: Readonly<Record<string, string>>

  /**
   * @throws {RangeError} naming an option that cannot be.
   * @throws {SyntaxError} for a subprotocol that cannot be. RFC 6455 §4.1.
   */
  constructor(options: ConnectorOptions = {}) {
    this.#options = options
    this.#settings = resolveLinkSettings('client', options)
    this.#handshake = { protocols: options.protocols ?? [], deflate: this.#settings.deflate?.options ?? null }
    this.#headers = { ...options.headers, ...handshakeHeaders(this.#handshake) }
  }

  /** Like the function `connect`. */
  async connect(url: string | URL, handler: LinkHandler, signal?: AbortSignal): Promise<WebSocketLink> {
    const target = webSocketUrl(url)
    signal?.throwIfAborted()
    const ask: Ask = {
      url: target,
      headers: this.#headers,
      handshake: this.#handshake,
      tls: this.#options.tls ?? {},
    }
    const asking = this.#options.http2 === true ? askHttp2(ask) : askHttp1(ask)
    const timeoutMs = this.#options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS
    const { socket, head, verdict } = await withinLimits(asking, timeoutMs, signal)
    if (!verdict.ok) {
      socket.destroy()
      throw new ConnectError('handshake', verdict.reason)
    }
    const link = new SocketLink({ socket, ...verdict }, handler, this.#settings)
    setImmediate(() => link.start(head))
    return link
  }
}

/** RFC 6455 §3: ws or wss, and no fragment. */
export function webSocketUrl(url: string | URL): URL {
  const target = new URL(url)
  if (target.protocol === 'http:') target.protocol = 'ws:'
  if (target.protocol === 'https:') target.protocol = 'wss:'
  if (target.protocol !== 'ws:' && target.protocol !== 'wss:') {
    throw new SyntaxError(`a WebSocket URL begins with ws: or wss:, not ${target.protocol}`)
  }
  if (target.hash !== '' || target.href.endsWith('#')) {
    throw new SyntaxError('a WebSocket URL has no fragment: remove what follows the #')
  }
  return target
}

function withinLimits(asking: Asking, timeoutMs: number, signal: AbortSignal | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = (reason: unknown): void => {
      asking.cancel()
      reject(reason)
    }
    const onAbort = (): void => giveUp(signal?.reason)
    const timer = setTimeout(() => giveUp(new ConnectError('timeout', `${timeoutMs} ms`)), timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    asking.answer.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    })
  })
}
