/** The one place where the hub and the WebSocket engine meet. */
import { binaryDialect, CODES, type Dialect, jsonDialect, type Utf8 } from '@millrace/protocol'
import type { Carrier, Hub, Link, LinkInfo, Outgoing, Session } from '../hub/index.js'
import type { ServerHandler } from './accept.js'
import type { AddressOf } from './client-address.js'
import { owned } from './owned.js'
import { ticketIn } from './secret-query.js'
import { type SharedFrame, shareFrame } from './shared-frame.js'
import type { WebSocketLink } from './websocket-link.js'

const fatal = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8: Utf8 = { encode: (text) => Buffer.from(text, 'utf8'), decode: (bytes) => fatal.decode(bytes) }
const binary = binaryDialect(utf8)

/** A message to one link, or to many: framed once, whoever gets it. */
const frame = (wire: string | Uint8Array): SharedFrame =>
  shareFrame(typeof wire === 'string' ? 'text' : 'binary', wire)

/** Sends to many WebSockets that speak one dialect. */
class WebSocketCarrier implements Carrier {
  readonly dialect: Dialect

  constructor(dialect: Dialect) {
    this.dialect = dialect
  }

  send(outgoing: Outgoing, targets: readonly WebSocketLink[]): void {
    const shared = outgoing.framed(this.dialect, frame)
    for (const target of targets) target.sendFrame(shared)
  }
}

const JSON_CARRIER = new WebSocketCarrier(jsonDialect)

/** By the subprotocols that ask for a dialect, best first. [P1.2] */
const CARRIERS: Readonly<Record<string, WebSocketCarrier>> = {
  'millrace.json': JSON_CARRIER,
  'millrace.binary': new WebSocketCarrier(binary),
}
export const SUBPROTOCOLS: readonly string[] = Object.keys(CARRIERS)

const FLOOD_CODE = CODES['rate-exceeded'].code

/** A WebSocket as the hub's link. */
class HubLink implements Link {
  readonly carrier: WebSocketCarrier
  readonly target: WebSocketLink
  readonly session: Session

  constructor(hub: Hub, socket: WebSocketLink, info: LinkInfo) {
    this.target = socket
    this.carrier = CARRIERS[socket.protocol] ?? JSON_CARRIER
    this.session = hub.accept(this, info)
  }

  get dialect(): Dialect {
    return this.carrier.dialect
  }

  get written(): number {
    return this.target.bytesTaken
  }

  send(outgoing: Outgoing): void {
    if (outgoing.message.id === 0) this.target.sendFrame(outgoing.framed(this.dialect, frame))
    else {
      // A reply has one reader: nothing to share.
      const wire = outgoing.wire(this.dialect)
      this.target.send(typeof wire === 'string' ? 'text' : 'binary', wire)
    }
  }

  close(code: number, reason: string): void {
    // Who floods and was told to stop is not listened to meanwhile.
    if (code === FLOOD_CODE) this.target.fail(code, fitReason(reason))
    else this.target.close(code, fitReason(reason))
  }

  pause(): void {
    this.target.pause()
  }

  resume(): void {
    this.target.resume()
  }
}

/** A close reason has at most 123 bytes (RFC 6455 §5.5); longer ones are cut between characters. */
function fitReason(reason: string): string {
  let cut = reason
  while (Buffer.byteLength(cut) > 123) cut = [...cut].slice(0, -1).join('')
  return cut
}

/** Serves the hub over WebSockets: one handler for all links. */
export class HubWebSockets implements ServerHandler {
  /** Texts are decoded at once. */
  readonly borrows = true
  readonly #hub: Hub
  readonly #maxMessage: number
  readonly #addressOf: AddressOf

  constructor(
    hub: Hub,
    { maxMessage, addressOf }: { readonly maxMessage: number; readonly addressOf: AddressOf },
  ) {
    this.#hub = hub
    this.#maxMessage = maxMessage
    this.#addressOf = addressOf
  }

  onOpen(
    socket: WebSocketLink,
    { headers, url }: { readonly headers: LinkInfo['headers']; readonly url: string },
  ): void {
    const remoteAddress = this.#addressOf(socket.remoteAddress, headers)
    socket.data = new HubLink(this.#hub, socket, { headers, remoteAddress, ticket: ticketIn(url) })
  }

  onMessage(socket: WebSocketLink, kind: 'text' | 'binary', bytes: Uint8Array): void {
    const { session, dialect } = socket.data as HubLink
    const isText = dialect === jsonDialect
    if ((kind === 'text') !== isText) {
      session.close('protocol-error', `The ${dialect.name} dialect uses ${isText ? 'text' : 'binary'} frames`)
    } else if (bytes.length > this.#maxMessage) session.tooLarge(bytes.length)
    else session.receive(isText ? text(bytes) : owned(bytes))
  }

  onPing(socket: WebSocketLink): void {
    const { session } = socket.data as HubLink
    session.heard()
  }

  onPong(socket: WebSocketLink): void {
    const { session } = socket.data as HubLink
    session.heard()
  }

  onClose(socket: WebSocketLink, code: number): void {
    const { session } = socket.data as HubLink
    session.closed(code)
  }
}

/** The engine has checked that it is UTF-8. */
const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')

/** What the engine closes a link with when its outbox is full. */
export const OVERFLOW_CODE = CODES['slow-consumer'].code
