import {
  CODES,
  type Command,
  type Dialect,
  jsonDialect,
  type Message,
  MillraceError,
} from '@millrace/protocol'
import type { Settings } from './options.js'
import type { Frame, Link, Ports } from './ports.js'

/** How a connection ended. */
export interface Ending {
  readonly code: number
  readonly reason: string
  /** Milliseconds to wait at least before the next. */
  readonly after?: number | undefined
  /** Milliseconds to spread the next over. */
  readonly spread?: number | undefined
}

export interface ConnectionEvents {
  /** The socket is open and the token is at hand: time for the first frame. */
  ready(token: string | undefined): void
  /** A frame came, whatever is in it. */
  heard(): void
  message(message: Message): void
  /** A command is larger than the server reads; it was not sent. */
  tooLarge(id: number, error: MillraceError): void
  /** Once, and nothing after it. */
  ended(ending: Ending): void
}

/**
 * One attempt to connect and, when it succeeds, one connection. A connection that ended is deaf: whatever its socket
 * still says belongs to the past.
 */
export class Connection {
  readonly startedAt: number
  /** Why the server is about to close, when it said so. */
  farewell: Ending | undefined
  /** The largest frame the server reads, in bytes. */
  maxMessage: number
  readonly #ports: Ports
  readonly #events: ConnectionEvents
  readonly #aborter: ReturnType<Ports['platform']['aborter']>
  readonly #settings: Settings
  #cancelTimeout: () => void = () => {}
  #dialect: Dialect = jsonDialect
  #link: Link | undefined
  #over = false

  constructor(
    from: { readonly ports: Ports; readonly settings: Settings; readonly maxMessage: number },
    events: ConnectionEvents,
  ) {
    this.startedAt = from.ports.clock.now()
    this.maxMessage = from.maxMessage
    this.#ports = from.ports
    this.#settings = from.settings
    this.#events = events
    this.#aborter = from.ports.platform.aborter()
  }

  get buffered(): number {
    return this.#link?.buffered ?? 0
  }

  /** Opens the socket and asks for the token, both at once. */
  async start(): Promise<void> {
    if (this.#over) return
    const { dialect = jsonDialect, timeouts, token } = this.#settings
    this.#cancelTimeout = this.#ports.clock.schedule(timeouts.connect, () =>
      this.end({
        code: CODES['connect-timeout'].code,
        reason: `No connection within ${timeouts.connect} ms`,
      }),
    )
    try {
      const opened = this.#open(dialect)
      const source = typeof token === 'function' ? token({ signal: this.#aborter.signal }) : token
      const [said] = await Promise.all([source, opened])
      if (!this.#over) this.#events.ready(said)
    } catch (error) {
      // A token function decides with its error whether to try again.
      const code = error instanceof MillraceError ? error.code : CODES['connection-lost'].code
      this.end({ code, reason: error instanceof Error ? error.message : String(error) })
    }
  }

  /** The server has accepted: from now on liveness watches, not the attempt's deadline. */
  established(maxMessage: number): void {
    this.maxMessage = maxMessage
    this.#cancelTimeout()
  }

  /** Sends commands as one frame, or as few as the server's limit allows. */
  send(commands: readonly Command[]): void {
    const frame = this.#dialect.encodeCommands(commands)
    const size = this.maxMessage / 3 < frame.length ? byteLength(frame) : 0
    const [command, ...others] = commands
    if (command === undefined || this.#over) return
    if (size <= this.maxMessage) this.#link?.send(frame)
    else if (others.length > 0) {
      const half = commands.length >> 1
      this.send(commands.slice(0, half))
      this.send(commands.slice(half))
    } else {
      const message = `The message has ${size} bytes, the server reads at most ${this.maxMessage}`
      this.#events.tooLarge(command.id, new MillraceError('message-too-large', { message }))
    }
  }

  end(ending: Ending): void {
    if (this.#over) return
    this.#over = true
    this.#cancelTimeout()
    this.#aborter.abort()
    // What closes with a status of this side's own may be 1000 or from 3000 on (RFC 6455 §7.4, WHATWG WebSockets).
    this.#link?.close(ending.code < 3000 ? 1000 : ending.code, ending.reason)
    this.#events.ended(ending)
  }

  #open(dialect: Dialect): Promise<void> {
    return new Promise((resolve) => {
      this.#link = this.#ports.transport.open(`millrace.${dialect.name}`, {
        opened: (protocol) => {
          // A server that chose no subprotocol speaks JSON [P1.2].
          if (protocol !== '') this.#dialect = dialect
          resolve()
        },
        frame: (frame) => this.#receive(frame),
        closed: (code, reason) => this.#closed(code, reason),
      })
    })
  }

  #receive(frame: Frame): void {
    if (this.#over) return
    this.#events.heard()
    let messages: Message[]
    try {
      messages = this.#dialect.decodeMessages(frame)
    } catch (error) {
      // The server is told that it broke the protocol; the next connection may find it healed.
      this.#link?.close(CODES['protocol-error'].code, '')
      this.end({ code: CODES['connection-lost'].code, reason: `A frame could not be read: ${error}` })
      return
    }
    for (const message of messages) if (!this.#over) this.#events.message(message)
  }

  #closed(code: number, reason: string): void {
    const { farewell } = this
    // Proxies lose close codes; what the server announced stands then.
    if (farewell !== undefined && code < 4000) this.end(farewell)
    else this.end({ ...farewell, code, reason: farewell?.reason || reason })
  }
}

/** How many bytes a frame takes. Text counts as UTF-8, which the language cannot encode. */
function byteLength(frame: Frame): number {
  let bytes = frame.length
  if (typeof frame !== 'string') return bytes
  for (let i = 0; i < frame.length; i++) {
    const unit = frame.charCodeAt(i)
    // Two units of a surrogate pair make four bytes together.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1
  }
  return bytes
}
