import {
  type ClientDialect,
  CODES,
  type CodeName,
  type Command,
  describeCode,
  type Message,
  type MessageBodies,
} from '@millrace/protocol'
import { backoff } from './backoff.js'
import { type ClientEvent, type ClientState, initialState, transition } from './client-states.js'
import { type Liveness, watchOver } from './liveness.js'
import type { Settings } from './options.js'
import { whole } from './parts.js'
import { told } from './pending.js'
import type { Frame, Link, LinkEvents, Next, PlatformEvent, Ports, Via } from './ports.js'

/** What the client's life needs, and whom it tells. */
export interface LifeHost {
  readonly ports: Ports
  readonly settings: Settings
  /** Whether nothing is under way that a lost connection would harm. */
  readonly idle: boolean
  /** A socket is open and the token is at hand: time for the first frame. */
  ready(token: string | undefined): void
  message(message: Message): void
  ping(): void
  /** The connection, or the attempt at one, is gone. */
  lost(): void
  changed(state: ClientState): void
}

/** How a connection ended. */
interface Ending extends Next {
  readonly code: number
  readonly reason: string
}

/** An attempt so young, in milliseconds, is not given up for a fresh one when the network comes back. */
const YOUNG = 1000
/** A close code that leaves the session to be taken up again; 1000 would end it [P1.8]. */
const SUSPENDED = 3000
/** RFC 6455 §7.4.1: the purpose of the connection is fulfilled. */
export const NORMAL = 1000

/** The client's life from connection to connection: when to try, when to wait, when to stop. Its states are in client-states.ts. */
export class Life {
  declare state: ClientState
  /** Why the server is about to close, when it said so. */
  declare farewell: Partial<Ending> | undefined
  /** By which way the last connection was opened. */
  declare via: Via | undefined
  /** When anything else than a ping came last, if only a part of something. */
  arrivedAt = 0
  /** The largest frame the server reads, in bytes. */
  maxMessage = Number.POSITIVE_INFINITY
  readonly #host: LifeHost
  readonly #ports: Ports
  #dialect: ClientDialect
  #link: Link | undefined
  #liveness: Liveness | undefined
  #startedAt = 0
  #connectedAt = Number.POSITIVE_INFINITY
  /** Whether there has been a connection since it was opened. */
  #isKnown = false
  /** Of this series, and when its first was. */
  #failures = 0
  #lostAt = 0
  #reason = ''
  /** What came of a frame that comes in parts. */
  #parts: Frame[] = []
  /** There from the beginning of an attempt to the end of its connection; tells the token function to stop. */
  #aborter: ReturnType<Ports['platform']['aborter']> | undefined
  /** Ends the wait for the next attempt, or the deadline of this one. */
  #cancel: (() => void) | undefined
  #unwatch: (() => void) | undefined

  constructor(host: LifeHost) {
    this.#host = host
    this.#ports = host.ports
    this.#dialect = host.ports.json
    this.state = initialState(host.ports.clock.now())
  }

  get buffered(): number {
    return this.#link?.buffered ?? 0
  }

  /** Begins, from `closed`; between connections, tries at once. */
  open(): void {
    if (this.state.name === 'closed') {
      this.#failures = 0
      this.#isKnown = false
      this.#unwatch = this.#ports.platform.watch((event) => this.#onPlatform(event))
      this.#move({ type: 'open' })
      this.#attempt()
    } else this.#stir()
  }

  /** The server accepted the connection: from now on liveness watches, not the attempt's deadline. */
  established(said: MessageBodies['connected']): void {
    const { clock } = this.#ports
    this.#cancel?.()
    this.#connectedAt = clock.now()
    this.#isKnown = true
    this.#liveness = watchOver(clock, said, {
      ping: () => this.#host.ping(),
      doubt: (reason) => {
        const { name } = this.state
        if (reason === undefined && name === 'degraded') this.#well('heard')
        if (reason !== undefined && name === 'connected') this.#move({ type: 'late', reason })
      },
      dead: () => this.#cut('heartbeat-timeout', 'The server fell silent'),
    })
    this.#well('established')
  }

  /** Sends commands as one frame, or as few as the server's limit allows. */
  send(commands: readonly Command[]): void {
    const [command, ...others] = commands
    if (command === undefined || this.#link === undefined) return
    this.#liveness?.said()
    const frame = this.#dialect.encodeCommands(commands)
    const size = this.maxMessage < frame.length * 3 ? this.#link.sizeOf(frame) : 0
    if (size <= this.maxMessage) this.#link.send(frame)
    else if (others.length > 0) {
      const half = commands.length >> 1
      this.send(commands.slice(0, half))
      this.send(commands.slice(half))
    } else {
      // Answered here as the server would, had it an id to answer to [P3.9].
      const { code } = CODES['message-too-large']
      const message = `The message has ${size} bytes; the limit is ${this.maxMessage}`
      this.#host.message({ id: command.id, kind: 'error', body: { code, message } })
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
    this.#host.changed(this.state)
  }

  async #attempt(ahead?: string): Promise<void> {
    const { clock, platform, json } = this.#ports
    const { dialect = json, timeouts, token } = this.#host.settings
    const { name } = this.state
    if (name === 'closed') return
    const aborter = platform.aborter()
    // A connection that ended is deaf: whatever its socket or its token still bring belongs to the past.
    const live = () => this.#aborter === aborter
    const ask = typeof token === 'function' ? () => token({ signal: aborter.signal }) : undefined
    this.#aborter = aborter
    this.#startedAt = clock.now()
    this.#after(timeouts.connect, () =>
      this.#cut('connect-timeout', `No connection within ${timeouts.connect} ms`),
    )
    if (this.#failures > 0) this.#away()
    try {
      if (!live()) return
      const opened = this.#open(dialect, live, ask)
      const [said] = await Promise.all([ahead ?? (ask ? ask() : (token as string | undefined)), opened])
      if (live()) this.#host.ready(said)
    } catch (error) {
      if (!live()) return
      // A token function decides with its error whether to try again.
      const { code, message } = told(error, 'connection-lost')
      this.#end({ code, reason: message })
    }
  }

  #open(dialect: ClientDialect, live: () => boolean, ask: LinkEvents['ask']): Promise<void> {
    return new Promise((resolve) => {
      this.#link = this.#ports.transport.open(`millrace.${dialect.name}`, {
        opened: (protocol, via) => {
          if (live()) {
            // A server that chose no subprotocol speaks JSON [P1.2].
            this.#dialect = protocol === '' ? this.#ports.json : dialect
            this.via = via ?? { name: 'websocket' }
          }
          resolve()
        },
        frame: (frame) => {
          if (live()) this.#receive(frame, live)
        },
        closed: (code, reason, next) => {
          // Proxies lose close codes; what the server announced stands.
          if (live()) this.#end({ code, reason, ...next, ...this.farewell })
        },
        idle: () => this.#host.idle,
        ask,
      })
    })
  }

  #receive(frame: Frame, live: () => boolean): void {
    let messages: Message[]
    try {
      messages = this.#dialect.decodeMessages(whole(frame, this.#parts))
    } catch (error) {
      // The server is told that it broke the protocol; the next connection may find it healed.
      this.#link?.close(CODES['protocol-error'].code, '')
      this.#cut('connection-lost', `A frame could not be read: ${error}`)
      return
    }
    this.#liveness?.heard(messages.some(({ kind }) => kind === 'pong'))
    if (messages[0]?.kind !== 'ping') this.arrivedAt = this.#ports.clock.now()
    // What brings a ping by polling was asked for long ago: whether anything still goes up is known by an answer only [P8.7].
    else if (this.via?.slow) this.#liveness?.probe()
    for (const message of messages) if (live()) this.#host.message(message)
  }

  #cut(code: CodeName, reason: string): void {
    this.#end({ code: CODES[code].code, reason })
  }

  #end({ code, reason, wait, token }: Ending): void {
    if (this.#aborter === undefined) return
    this.#aborter.abort()
    this.#liveness?.stop()
    // What closes by this side's own decision may say 1000, which ends the session, or 3000 and above (WHATWG WebSockets, close()).
    this.#link?.close(code !== NORMAL && code < SUSPENDED ? SUSPENDED : code, reason)
    this.#aborter = this.#liveness = this.#link = undefined
    this.#parts = []
    this.#host.lost()
    // What was asked and has failed for this end, such as `connect`, says nothing about the next.
    this.farewell = undefined
    if (this.state.name === 'closed') return
    if (describeCode(code).retry === 'never') {
      this.close(code, reason)
      return
    }
    const { clock, platform } = this.#ports
    const lived = clock.now() - this.#connectedAt
    this.#connectedAt = Number.POSITIVE_INFINITY
    // Only a connection that held for a while proves that trying at once is harmless again. One that is left for another was not lost.
    if (lived >= (wait === 0 ? 0 : this.#host.settings.backoff.stableAfter)) this.#failures = 0
    // While it held, nothing was away.
    else if (lived > 0) this.#lostAt += lived
    if (this.#failures++ === 0) this.#lostAt = clock.now()
    this.#reason = reason
    // Without a network no attempt is likely to succeed: they are as rare as they become, as if it were lost for ever.
    const delay = wait ?? backoff(this.#host, platform.online() ? this.#lostAt : 0)
    this.#after(delay, () => this.#attempt(token))
    this.#away(Math.round(clock.now() + delay))
  }

  #away(retryAt?: number): void {
    const type = this.#ports.platform.online() ? (this.#isKnown ? 'away' : 'again') : 'awayOffline'
    this.#move({ type, reason: this.#reason, attempt: this.#failures, retryAt })
  }

  /** Waits, for one thing at a time. */
  #after(ms: number, run: () => void): void {
    this.#cancel?.()
    this.#cancel = this.#ports.clock.schedule(ms, run)
  }

  #onPlatform(event: PlatformEvent): void {
    if (event === 'suspend') this.#end({ code: SUSPENDED, reason: 'The page was put aside' })
    else this.#stir(event === 'offline' ? 'The platform reports no network' : undefined)
  }

  /** Something changed: the network, the page, or a person's patience. Finds out at once how things stand. */
  #stir(doubt?: string): void {
    if (this.#liveness !== undefined) {
      this.#liveness.probe(doubt)
      return
    }
    if (this.#aborter !== undefined) {
      // An attempt that began before the change may hang on what was.
      if (this.#ports.clock.now() - this.#startedAt < YOUNG) return
      this.#cut('connection-lost', 'Trying afresh')
    }
    this.#attempt()
  }

  /** As well as the way allows. */
  #well(type: 'established' | 'heard'): void {
    const { slow, reason = '' } = this.via ?? {}
    // A slow way stays one, whatever is heard by it, and has been since it was taken: that is told once, and again when there is another reason.
    if (type === 'established' || !slow) this.#move({ type })
    if (slow && this.state.reason !== reason) this.#move({ type: 'late', reason })
  }

  #move(event: ClientEvent): void {
    this.state = transition(this.state, event, this.#ports.clock.now())
    this.#host.changed(this.state)
  }
}
