import type { Duplex } from 'node:stream'
import {
  type Accepted,
  type HandshakeOptions,
  type HandshakeRequest,
  isSameOrigin,
  negotiate,
} from '../websocket/index.js'
import { DeadlineQueue } from './deadline-queue.js'
import { type LinkOptions, type LinkSettings, resolveLinkSettings } from './link-settings.js'
import { sha1Base64 } from './sha1.js'
import { SocketLink } from './socket.js'
import type { LinkHandler, WebSocketLink } from './websocket-link.js'

/** What an application that accepts links is told. */
export interface ServerHandler extends LinkHandler {
  /** The handshake is done. Messages follow; `link.data` is yours. */
  onOpen?(link: WebSocketLink, request: HandshakeRequest): void
}

/** Why an application does not want a connection. */
export interface Refusal {
  /** HTTP status, 400 to 599. */
  readonly status: number
  /** For the body of the response: what is wrong and how to mend it. */
  readonly reason: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers null to welcome a connection. */
export type Authorize = (request: HandshakeRequest) => Refusal | null | Promise<Refusal | null>

export interface AcceptOptions extends LinkOptions {
  readonly handler: ServerHandler
  /**
   * Which pages may connect: `same-origin` (the default), `any`, a list of origins such as `https://example.com`, or a
   * function. Requests without an Origin do not come from a browser and are not judged. RFC 6455 §10.2.
   */
  readonly origins?: 'same-origin' | 'any' | readonly string[] | HandshakeOptions['allowOrigin']
  /** Subprotocols spoken, the preferred one first, or a function that picks one of those offered. Default none. */
  readonly protocols?: readonly string[] | HandshakeOptions['selectProtocol']
  /** Asked last, when everything else about the handshake is in order. Default: everyone is welcome. */
  readonly authorize?: Authorize
  /** How long `authorize`, and sending the request, may take. In milliseconds, default 10,000. */
  readonly handshakeTimeoutMs?: number
}

/** Resolved options, shared by all handshakes of a server. */
export interface AcceptSettings {
  readonly link: LinkSettings
  readonly handshake: HandshakeOptions
  readonly handler: ServerHandler
  readonly authorize: Authorize | null
  readonly handshakes: DeadlineQueue<PendingHandshake>
  /** Set while the server closes: new connections are refused. */
  isClosing: boolean
}

/** How a transport answers a handshake: HTTP/1.1 and HTTP/2 differ in nothing else. */
export interface HandshakeTransport {
  readonly socket: Duplex
  /** What arrived behind the request. */
  readonly head: Buffer
  accept(accepted: Accepted): void
  refuse(refusal: Refusal): void
}

export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000
const CLOSING: Refusal = {
  status: 503,
  reason: 'the server is shutting down; connect again',
  headers: { 'retry-after': '1' },
}
const FAILED: Refusal = { status: 500, reason: 'the authorization failed' }
const TOO_SLOW: Refusal = { status: 503, reason: 'the authorization took too long; try again later' }

/**
 * Checks options once and fills in the defaults.
 * @throws {RangeError} naming an option that cannot be.
 */
export function resolveAcceptSettings(options: AcceptOptions): AcceptSettings {
  const link = resolveLinkSettings('server', options)
  const timeout = options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS
  if (!(timeout > 0)) throw new RangeError(`handshakeTimeoutMs must be a positive number, not ${timeout}`)
  return {
    link,
    handshake: {
      sha1Base64,
      allowOrigin: originPolicy(options.origins ?? 'same-origin'),
      selectProtocol: protocolPolicy(options.protocols ?? []),
      deflate: link.deflate?.options ?? null,
    },
    handler: options.handler,
    authorize: options.authorize ?? null,
    handshakes: new DeadlineQueue(timeout, (handshake) => handshake.expire()),
    isClosing: false,
  }
}

/** The function that an `origins` option stands for. */
export function originPolicy(
  origins: NonNullable<AcceptOptions['origins']>,
): HandshakeOptions['allowOrigin'] {
  if (typeof origins === 'function') return origins
  if (origins === 'any') return () => true
  if (origins === 'same-origin') return isSameOrigin
  const allowed = new Set(origins.map((origin) => origin.toLowerCase()))
  return (origin) => allowed.has(origin.toLowerCase())
}

function protocolPolicy(
  protocols: NonNullable<AcceptOptions['protocols']>,
): HandshakeOptions['selectProtocol'] {
  if (typeof protocols === 'function') return protocols
  return (offered) => protocols.find((protocol) => offered.includes(protocol)) ?? null
}

/** Answers one handshake: negotiates, asks the application, and opens the link or refuses it. */
export function answerHandshake(
  request: HandshakeRequest,
  transport: HandshakeTransport,
  settings: AcceptSettings,
): void {
  if (settings.isClosing) {
    transport.refuse(CLOSING)
    return
  }
  const result = negotiate(request, settings.handshake)
  if (!result.ok) {
    transport.refuse(result)
    return
  }
  const handshake = new PendingHandshake(request, transport, result)
  const { authorize } = settings
  if (authorize === null) handshake.settle(null, settings)
  else askApplication(handshake, () => authorize(request), settings)
}

/** An answer that is there at once is taken at once. */
function askApplication(
  handshake: PendingHandshake,
  ask: () => ReturnType<Authorize>,
  settings: AcceptSettings,
): void {
  let answer: ReturnType<Authorize>
  try {
    answer = ask()
  } catch {
    answer = FAILED
  }
  if (answer === null || !('then' in answer)) {
    handshake.settle(answer, settings)
    return
  }
  settings.handshakes.add(handshake)
  void answer.then(
    (refusal) => handshake.settle(refusal, settings),
    () => handshake.settle(FAILED, settings),
  )
}

/** A handshake in order that waits for the application's word. The peer may leave, or time may run out, before that. */
export class PendingHandshake {
  #isSettled = false
  readonly #request: HandshakeRequest
  readonly #transport: HandshakeTransport
  readonly #accepted: Accepted

  constructor(request: HandshakeRequest, transport: HandshakeTransport, accepted: Accepted) {
    this.#request = request
    this.#transport = transport
    this.#accepted = accepted
  }

  expire(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#transport.refuse(TOO_SLOW)
  }

  settle(refusal: Refusal | null, settings: AcceptSettings): void {
    if (this.#isSettled) return
    this.#isSettled = true
    const { socket, head } = this.#transport
    if (refusal !== null || settings.isClosing) {
      this.#transport.refuse(refusal ?? CLOSING)
      return
    }
    // The peer left while the application thought about it: nobody was connected, so nobody is told.
    if (!socket.writable) {
      socket.destroy()
      return
    }
    const { protocol, deflate } = this.#accepted
    this.#transport.accept(this.#accepted)
    const link = new SocketLink({ socket, protocol, deflate }, settings.handler, settings.link)
    settings.handler.onOpen?.(link, this.#request)
    link.start(head)
  }
}
