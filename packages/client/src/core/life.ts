import {
  CODES,
  type CodeName,
  type Command,
  type Dialect,
  describeCode,
  jsonDialect,
  type Message,
  type MessageBodies,
  MillraceError,
} from '@millrace/protocol'
import { backoff } from './backoff.js'
import { type ClientEvent, type ClientState, initialState, transition } from './client-states.js'
import { Liveness } from './liveness.js'
import type { Settings } from './options.js'
import type { Frame, Link, PlatformEvent, Ports } from './ports.js'

export interface LifeEvents {
  /** A socket is open and the token is at hand: time for the first frame. */
  ready(token: string | undefined): void
  message(message: Message): void
  /** A command is larger than the server reads; it was not sent. */
  oversized(id: number, error: MillraceError): void
  ping(): void
  /** The connection, or the attempt at one, is gone. */
  lost(): void
  changed(state: ClientState): void
}

/** How a connection ended. */
interface Ending {
  readonly code: number
  readonly reason: string
  /** Milliseconds to wait at least before the next. */
  readonly after?: number | undefined
  /** Milliseconds to spread the next over. */
  readonly spread?: number | undefined
}

/** An attempt so young, in milliseconds, is not given up for a fresh one when the network comes back. */
const YOUNG = 1000
/** A close code that leaves the session to be taken up again; 1000 would end it [P1.8]. */
const SUSPENDED = 3000
/** RFC 6455 §7.4.1: the purpose of the connection is fulfilled. */
export const NORMAL = 1000

/** The client's life from connection to connection: when to try, when to wait, when to stop. Its states are in client-states.ts. */
export class Life {
  state: ClientState
  /** Why the server is about to close, when it said so. */
  farewell: Ending | undefined
  /** The largest frame the server reads, in bytes. */
  maxMessage = Number.POSITIVE_INFINITY
  readonly #ports: Ports
  readonly #settings: Settings
  readonly #events: LifeEvents
  #dialect: Dialect = jsonDialect
  #link: Link | undefined
  #liveness: Liveness | undefined
  #startedAt = 0
  #connectedAt = Number.POSITIVE_INFINITY
  #failures = 0
  /** There from the beginning of an attempt to the end of its connection; tells the token function to stop. */
  #aborter: ReturnType<Ports['platform']['aborter']> | undefined
  /** Ends the wait for the next attempt, or the deadline of this one. */
  #cancel: (() => void) | undefined
  #unwatch: (() => void) | undefined

  constructor(ports: Ports, settings: Settings, events: LifeEvents) {
    this.#ports = ports
    this.#settings = settings
    this.#events = events
    this.state = initialState(ports.clock.now())
  }

  get buffered(): number {
    return this.#link?.buffered ?? 0
  }

  /** Begins, from `closed`; between connections, tries at once. */
  open(): void {
    if (this.state.name === 'closed') {
      this.#failures = 0
      this.#unwatch = this.#ports.platform.watch((event) => this.#onPlatform(event))
      this.#move({ type: 'open' })
      this.#attempt()
    } else this.#retryNow()
  }

  /** The server accepted the connection: from now on liveness watches, not the attempt's deadline. */
  established(said: MessageBodies['connected']): void {
    const { clock } = this.#ports
    this.#cancel?.()
    this.#connectedAt = clock.now()
    this.#liveness = new Liveness(clock, said, {
      ping: () => this.#events.ping(),
      doubt: (reason) => {
        const { name } = this.state
        if (reason === undefined && name === 'degraded') this.#move({ type: 'heard' })
        if (reason !== undefined && name === 'connected') this.#move({ type: 'late', reason })
      },
      dead: () => this.#cut('heartbeat-timeout', 'The server fell silent'),
    })
    this.#move({ type: 'established' })
  }

  /** Sends commands as one frame, or as few as the server's limit allows. */
  send(commands: readonly Command[]): void {
    const [command, ...others] = commands
    if (command === undefined || this.#link === undefined) return
    const frame = this.#dialect.encodeCommands(commands)
    const size = this.maxMessage < frame.length * 3 ? this.#link.sizeOf(frame) : 0
    if (size <= this.maxMessage) this.#link.send(frame)
    else if (others.length > 0) {
      const half = commands.length >> 1
      this.send(commands.slice(0, half))
      this.send(commands.slice(half))
    } else {
      const message = `The message has ${size} bytes; the server reads at most ${this.maxMessage}`
      this.#events.oversized(command.id, new MillraceError('message-too-large', { message }))
    }
  }

  /** Closes for good: nothing is tried until `open()`. */
  close(code: number, reason: string): void {
    if (this.state.code !== undefined) return
    this.#cancel?.()
    this.#unwatch?.()
    // The connection ends before anybody hears of it: a listener may well connect again.
    this.state = transition(this.state, { type: 'close', code, reason }, this.#ports.clock.now())
    this.#end({ code, reason })
    this.#events.changed(this.state)
  }

  async #attempt(): Promise<void> {
    const { clock, platform } = this.#ports
    const { dialect = jsonDialect, timeouts, token } = this.#settings
    const { name, attempt = 0, reason = '' } = this.state
    if (name === 'closed') return
    const aborter = platform.aborter()
    // A connection that ended is deaf: whatever its socket or its token still bring belongs to the past.
    const live = () => this.#aborter === aborter
    this.#aborter = aborter
    this.#startedAt = clock.now()
    this.#after(timeouts.connect, () =>
      this.#cut('connect-timeout', `No connection within ${timeouts.connect} ms`),
    )
    if (name !== 'connecting') {
      const type = name === 'offline' && platform.online() ? 'wentOnline' : 'attempt'
      this.#move({ type, attempt, reason })
    }
    try {
      if (!live()) return
      const opened = this.#open(dialect, live)
      const source = typeof token === 'function' ? token({ signal: aborter.signal }) : token
      const [said] = await Promise.all([source, opened])
      if (live()) this.#events.ready(said)
    } catch (error) {
      if (!live()) return
      // A token function decides with its error whether to try again.
      const code = error instanceof MillraceError ? error.code : CODES['connection-lost'].code
      this.#end({ code, reason: error instanceof Error ? error.message : String(error) })
    }
  }

  #open(dialect: Dialect, live: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#link = this.#ports.transport.open(`millrace.${dialect.name}`, {
        opened: (protocol) => {
          // A server that chose no subprotocol speaks JSON [P1.2].
          if (live()) this.#dialect = protocol === '' ? jsonDialect : dialect
          resolve()
        },
        frame: (frame) => {
          if (live()) this.#receive(frame, live)
        },
        closed: (code, reason) => {
          if (!live()) return
          const { farewell } = this
          // Proxies lose close codes; what the server announced stands then.
          if (farewell !== undefined && code < 4000) this.#end(farewell)
          else this.#end({ ...farewell, code, reason: farewell?.reason || reason })
        },
      })
    })
  }

  #receive(frame: Frame, live: () => boolean): void {
    this.#liveness?.heard()
    let messages: Message[]
    try {
      messages = this.#dialect.decodeMessages(frame)
    } catch (error) {
      // The server is told that it broke the protocol; the next connection may find it healed.
      this.#link?.close(CODES['protocol-error'].code, '')
      this.#cut('connection-lost', `A frame could not be read: ${error}`)
      return
    }
    for (const message of messages) if (live()) this.#events.message(message)
  }

  #cut(code: CodeName, reason: string): void {
    this.#end({ code: CODES[code].code, reason })
  }

  #end({ code, reason, after = 0, spread }: Ending): void {
    if (this.#aborter === undefined) return
    this.#aborter.abort()
    this.#liveness?.stop()
    // What closes by this side's own decision may say 1000, or 3000 and above (WHATWG WebSockets, close()).
    this.#link?.close(code < 3000 ? NORMAL : code, reason)
    this.#aborter = this.#liveness = this.#link = this.farewell = undefined
    this.#events.lost()
    if (this.state.name === 'closed') return
    if (describeCode(code).retry === 'never') {
      this.close(code, reason)
      return
    }
    const { clock, platform, random } = this.#ports
    const { backoff: series } = this.#settings
    // Only a connection that held for a while proves that trying at once is harmless again.
    if (clock.now() - this.#connectedAt >= series.stableAfter) this.#failures = 0
    this.#connectedAt = Number.POSITIVE_INFINITY
    const attempt = ++this.#failures
    const offline = !platform.online()
    const delay = spread === undefined ? this.#delay(offline) : spread * random()
    const retryAt = this.#after(after + delay, () => this.#attempt())
    this.#move({ type: offline ? 'lostOffline' : 'lost', reason, attempt, retryAt })
  }

  /** Waits, for one thing at a time; gives when it will be. */
  #after(ms: number, run: () => void): number {
    const { clock } = this.#ports
    this.#cancel?.()
    this.#cancel = clock.schedule(ms, run)
    return Math.round(clock.now() + ms)
  }

  /** Before the next attempt; without a network the longest there is, because no attempt is likely to succeed. */
  #delay(offline: boolean): number {
    const { random } = this.#ports
    const { backoff: series } = this.#settings
    return offline ? (series.cap * (1 + random())) / 2 : backoff(this.#failures, series, random)
  }

  #onPlatform(event: PlatformEvent): void {
    if (event === 'suspend') this.#end({ code: SUSPENDED, reason: 'The page was put aside' })
    else if (event !== 'offline') this.#retryNow()
    else if (this.#liveness !== undefined) {
      this.#liveness.probe()
      if (this.state.name === 'connected') this.#move({ type: 'late', reason: NO_NETWORK })
    } else if (this.state.name === 'reconnecting' && this.#aborter === undefined) {
      const retryAt = this.#after(this.#delay(true), () => this.#attempt())
      this.#move({ type: 'wentOffline', attempt: this.#failures, reason: NO_NETWORK, retryAt })
    }
  }

  /** The network or the page came back: probes the connection, or tries anew. */
  #retryNow(): void {
    if (this.#liveness !== undefined) {
      this.#liveness.probe()
      return
    }
    if (this.#aborter !== undefined) {
      // An attempt that began before the network came back may hang on the old one.
      if (this.#ports.clock.now() - this.#startedAt < YOUNG) return
      this.#cut('connection-lost', 'Trying afresh')
    }
    this.#attempt()
  }

  #move(event: ClientEvent): void {
    this.state = transition(this.state, event, this.#ports.clock.now())
    this.#events.changed(this.state)
  }
}

const NO_NETWORK = 'The platform reports no network'
