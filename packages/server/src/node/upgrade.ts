import { type IncomingMessage, STATUS_CODES } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Accepted, HandshakeRequest } from '../websocket/index.js'
import { type AcceptSettings, answerHandshake, type HandshakeTransport, type Refusal } from './accept.js'
import type { DeadlineQueue } from './deadline-queue.js'
import type { Terminable } from './link-settings.js'

/** An 'upgrade' event of an HTTP/1.1 server, as node:http tells it. */
export interface UpgradeEvent {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** Answers an 'upgrade' event: opens a link, or refuses with a readable response and closes. RFC 6455 §4.2. */
export function answerUpgrade({ request, socket, head }: UpgradeEvent, settings: AcceptSettings): void {
  // From here on the socket is ours, and one that dies now must not take the process with it.
  socket.on('error', ignoreError)
  // And whatever time the HTTP server gave it is over: the handshake has a deadline of its own.
  if (socket instanceof Socket) socket.setTimeout(0)
  answerHandshake(requestOf(request), new UpgradeTransport(socket, head, settings.link.closing), settings)
}

/** Answers it as soon as there is time for somebody new. */
export function answerUpgradeInTurn(event: UpgradeEvent, settings: AcceptSettings): void {
  const { socket } = event
  const { turns } = settings.link
  if (turns.hasTime) {
    answerUpgrade(event, settings)
    return
  }
  socket.on('error', ignoreError)
  turns.add({
    proceed() {
      if (!socket.destroyed) answerUpgrade(event, settings)
    },
  })
}

/** Refuses an 'upgrade' event for a reason of the caller's. */
export function refuseUpgrade(
  { socket, head }: UpgradeEvent,
  refusal: Refusal,
  settings: AcceptSettings,
): void {
  socket.on('error', ignoreError)
  new UpgradeTransport(socket, head, settings.link.closing).refuse(refusal)
}

/** What the handshake needs of a request; the rest of it is let go. */
function requestOf({
  method,
  httpVersion,
  url,
  headers,
  headersDistinct,
}: IncomingMessage): HandshakeRequest {
  // Of several Hosts Node tells the first; the handshake wants to know about the others.
  const hosts = headersDistinct['host'] ?? []
  const fields = hosts.length > 1 ? { ...headers, host: hosts } : headers
  return { method: method ?? '', httpVersion, url: url ?? '', headers: fields }
}

function ignoreError(): void {}

class UpgradeTransport implements HandshakeTransport {
  readonly socket: Duplex
  readonly head: Buffer
  readonly #closing: DeadlineQueue<Terminable>

  constructor(socket: Duplex, head: Buffer, closing: DeadlineQueue<Terminable>) {
    this.socket = socket
    this.head = head
    this.#closing = closing
  }

  accept({ headers }: Accepted): void {
    const { socket } = this
    if (socket instanceof Socket) socket.setNoDelay(true)
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headerLines(headers)}\r\n`)
  }

  refuse({ status, reason, headers = {} }: Refusal): void {
    const { socket } = this
    const body = `${reason}\n`
    const fields = {
      ...headers,
      // A 426 names the protocol it wants in Upgrade, which Connection must then list. RFC 9110 §7.8.
      connection: 'upgrade' in headers ? 'Upgrade, close' : 'close',
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
    }
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\n${headerLines(fields)}\r\n${body}`)
    // What the peer still sends is read and dropped, so that its end is noticed; one that stays is cut off.
    socket.resume()
    this.#closing.add({ terminate: () => socket.destroy() })
  }
}

function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
}
