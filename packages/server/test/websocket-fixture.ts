import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net'
import type { ServerHandler } from '../src/node/accept.js'
import type { WebSocketLink } from '../src/node/websocket-link.js'
import {
  createWebSocketServer,
  type WebSocketServer,
  type WebSocketServerOptions,
} from '../src/node/websocket-server.js'
import { encodeFrame, type FrameEvents, FrameParser, type MessageKind } from '../src/websocket/index.js'
import { CLIENT_RULES } from './frame-recorder.js'

/** For tests over real sockets: a server, a peer made by hand, and waiting without sleeping. */

/** Echoes every message and writes down every end. */
export class EchoHandler implements ServerHandler {
  readonly opened: WebSocketLink[] = []
  readonly closed: string[] = []

  onOpen(link: WebSocketLink): void {
    this.opened.push(link)
  }

  onMessage(link: WebSocketLink, kind: MessageKind, bytes: Uint8Array): void {
    link.send(kind, bytes)
  }

  onClose(_link: WebSocketLink, code: number, reason: string, wasClean: boolean): void {
    this.closed.push(`${code} ${reason} ${wasClean ? 'clean' : 'unclean'}`)
  }
}

export interface Fixture<Handler> {
  readonly server: WebSocketServer
  readonly handler: Handler
  readonly port: number
  readonly url: string
}

/** A server on a free port of the loopback; whoever starts it closes it. */
export async function startServer<Handler extends ServerHandler>(
  handler: Handler,
  options: Omit<WebSocketServerOptions, 'handler'> = {},
): Promise<Fixture<Handler>> {
  const server = createWebSocketServer({ ...options, handler })
  const port = await server.listen(0, '127.0.0.1')
  return { server, handler, port, url: `ws://127.0.0.1:${port}/` }
}

export interface Attached {
  readonly port: number
  /** The server's ends of the connections. */
  readonly sockets: readonly Socket[]
  stop(): Promise<void>
}

/** Like `startServer`, attached to a server of node:http, whose sockets it keeps. */
export async function startAttached(options: WebSocketServerOptions): Promise<Attached> {
  const server = createWebSocketServer({ closeTimeoutMs: 100, ...options })
  const http = createServer()
  const sockets: Socket[] = []
  http.on('connection', (socket) => sockets.push(socket))
  server.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const stop = async (): Promise<void> => {
    await server.close()
    http.close()
  }
  return { port: (http.address() as AddressInfo).port, sockets, stop }
}

/** Resolves as soon as the condition holds; fails after ten seconds, saying what it waited for. */
export async function until(condition: () => boolean, what = String(condition)): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

const HEADERS: Readonly<Record<string, string>> = {
  Host: '127.0.0.1',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
}

/** A handshake as text. An empty header is left out. */
export function handshakeText(
  headers: Readonly<Record<string, string>> = {},
  line = 'GET / HTTP/1.1',
): string {
  const lines = Object.entries({ ...HEADERS, ...headers }).filter(([, value]) => value !== '')
  return `${line}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** A client made by hand: sends whatever bytes it is told to, and parses what it gets. */
export class RawPeer implements FrameEvents {
  readonly socket: Socket
  /** The response to the handshake, with its body if it was refused. */
  response = ''
  /** Messages and control frames, as `kind text`. */
  readonly events: string[] = []
  hasEnded = false
  readonly #parser = new FrameParser(this, CLIENT_RULES)
  #isUpgraded = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('end', () => {
      this.hasEnded = true
    })
  }

  /** Connects, sends these bytes, and waits for the head of a response. */
  static async connect(port: number, request: string | Uint8Array = handshakeText()): Promise<RawPeer> {
    return RawPeer.#ask(RawPeer.dial(port), request)
  }

  /** Like `connect`, with a peer that does not end its side when the server ends its own. */
  static async connectHalfOpen(
    port: number,
    request: string | Uint8Array = handshakeText(),
  ): Promise<RawPeer> {
    return RawPeer.#ask(new RawPeer(connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true })), request)
  }

  static async #ask(peer: RawPeer, request: string | Uint8Array): Promise<RawPeer> {
    await once(peer.socket, 'connect')
    peer.socket.write(request)
    await until(() => peer.response.includes('\r\n\r\n') || peer.hasEnded, 'a response')
    return peer
  }

  static dial(port: number): RawPeer {
    return new RawPeer(connectSocket({ port, host: '127.0.0.1' }))
  }

  /** The status of the response. */
  get status(): number {
    return Number(this.response.split(' ')[1])
  }

  send(head: number, payload: string | Uint8Array = ''): void {
    this.socket.write(encodeFrame(head, Buffer.from(payload), 0x0a0b0c0d))
  }

  #receive(bytes: Buffer): void {
    if (this.#isUpgraded) {
      this.#parser.receive(bytes)
      return
    }
    this.response += bytes.toString('latin1')
    const end = this.response.indexOf('\r\n\r\n')
    if (end === -1 || !this.response.startsWith('HTTP/1.1 101')) return
    this.#isUpgraded = true
    const rest = Buffer.from(this.response.slice(end + 4), 'latin1')
    this.response = this.response.slice(0, end + 4)
    this.#parser.receive(rest)
  }

  onMessage(kind: MessageKind, payload: Uint8Array): void {
    this.events.push(`${kind} ${Buffer.from(payload).toString()}`)
  }
  onPing(payload: Uint8Array): void {
    this.events.push(`ping ${Buffer.from(payload).toString()}`)
  }
  onPong(payload: Uint8Array): void {
    this.events.push(`pong ${Buffer.from(payload).toString()}`)
  }
  onPeerClose({ code, reason }: { code: number; reason: string }): void {
    this.events.push(`close ${code} ${reason}`.trimEnd())
  }
  onFailure({ code, message }: { code: number; message: string }): void {
    this.events.push(`failure ${code} ${message}`)
  }
}
