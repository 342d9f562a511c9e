import { CODES, describeCode, type MessageBodies, type MillraceError } from '@millrace/protocol'
import { backoff } from './backoff.js'
import { type ClientEvent, type ClientState, initialState, transition } from './client-states.js'
import { Connection, type ConnectionEvents, type Ending } from './connection.js'
import { Liveness } from './liveness.js'
import type { Settings } from './options.js'
import type { PlatformEvent, Ports } from './ports.js'

export interface LifeEvents extends Pick<ConnectionEvents, 'ready' | 'message'> {
  tooLarge(id: number, error: MillraceError): void
  ping(): void
  /** The connection, or the attempt at one, is gone. */
  lost(): void
  changed(state: ClientState): void
}

/** An attempt so young is not given up for a fresh one when the network comes back. */
const YOUNG = 1000

/** The client's life from connection to connection: when to try, when to wait, when to stop. Its states are in client-states.ts. */
export class Life {
  readonly #ports: Ports
  readonly #settings: Settings
  readonly #events: LifeEvents
  #state: ClientState
  #connection: Connection | undefined
  #liveness: Liveness | undefined
  #maxMessage = Number.POSITIVE_INFINITY
  #connectedAt = Number.POSITIVE_INFINITY
  #failures = 0
  #cancelRetry: () => void = () => {}
  #unwatch: () => void = () => {}

  constructor(ports: Ports, settings: Settings, events: LifeEvents) {
    this.#ports = ports
    this.#settings = settings
    this.#events = events
    this.#state = initialState(ports.clock.now())
  }

  get state(): ClientState {
    return this.#state
  }

  get connection(): Connection | undefined {
    return this.#connection
  }

  /** Begins, from `closed`. */
  open(): void {
    if (this.#state.name !== 'closed') return
    this.#failures = 0
    this.#unwatch = this.#ports.platform.watch((event) => this.#onPlatform(event))
    this.#move({ type: 'open' })
    this.#attempt()
  }

  /** The server accepted the connection. */
  established(said: MessageBodies['connected']): void {
    const { clock } = this.#ports
    this.#maxMessage = said.maxMessage
    this.#connectedAt = clock.now()
    this.#connection?.established(said.maxMessage)
    this.#liveness = new Liveness(clock, said, {
      ping: () => this.#events.ping(),
      late: (reason) => {
        if (this.#state.name === 'connected') this.#move({ type: 'late', reason })
      },
      heard: () => {
        if (this.#state.name === 'degraded') this.#move({ type: 'heard' })
      },
      dead: () =>
        this.#connection?.end({
          code: CODES['heartbeat-timeout'].code,
          reason: 'The server fell silent',
        }),
    })
    this.#move({ type: 'established' })
  }

  /** Closes for good: nothing is tried until `open()`. */
  close(code: number, reason: string): void {
    if (this.#state.code !== undefined) return
    this.#cancelRetry()
    this.#unwatch()
    // The connection ends before anybody hears of it: a listener may well connect again.
    this.#state = transition(this.#state, { type: 'close', code, reason }, this.#ports.clock.now())
    this.#connection?.end({ code, reason })
    this.#events.changed(this.#state)
  }

  #attempt(): void {
    this.#cancelRetry()
    if (this.#state.name === 'closed') return
    this.#connection = new Connection(
      { ports: this.#ports, settings: this.#settings, maxMessage: this.#maxMessage },
      {
        ready: (token) => this.#events.ready(token),
        heard: () => this.#liveness?.heard(),
        message: (message) => this.#events.message(message),
        tooLarge: (id, error) => this.#events.tooLarge(id, error),
        ended: (ending) => this.#ended(ending),
      },
    )
    const connection = this.#connection
    const { name, attempt = 0, reason = '' } = this.#state
    if (name !== 'connecting') this.#move({ type: 'attempt', attempt, reason })
    connection.start()
  }

  #ended({ code, reason, after = 0, spread }: Ending): void {
    this.#connection = undefined
    this.#liveness?.stop()
    this.#liveness = undefined
    this.#events.lost()
    if (this.#state.name === 'closed') return
    if (describeCode(code).retry === 'never') return this.close(code, reason)
    const { clock, platform, random } = this.#ports
    // Only a connection that held for a while proves that trying at once is harmless again.
    if (clock.now() - this.#connectedAt >= this.#settings.backoff.stableAfter) this.#failures = 0
    this.#connectedAt = Number.POSITIVE_INFINITY
    const attempt = ++this.#failures
    const offline = !platform.online()
    const delay = spread === undefined ? this.#delay(offline) : spread * random()
    const retryAt = this.#retryIn(after + delay)
    this.#move({ type: offline ? 'lostOffline' : 'lost', reason, attempt, retryAt })
  }

  #delay(offline: boolean): number {
    const { random } = this.#ports
    const { backoff: series } = this.#settings
    return offline ? (series.cap * (1 + random())) / 2 : backoff(this.#failures, series, random)
  }

  #retryIn(ms: number): number {
    this.#cancelRetry()
    this.#cancelRetry = this.#ports.clock.schedule(ms, () => this.#attempt())
    return this.#ports.clock.now() + ms
  }

  #onPlatform(event: PlatformEvent): void {
    if (event === 'suspend')
      return this.#connection?.end({ code: SUSPENDED, reason: 'The page was put aside' })
    if (this.#liveness !== undefined)
      return this.#liveness.probe(event === 'offline' ? 'The platform reports no network' : undefined)
    const { name, attempt = 0, reason = '' } = this.#state
    if (event === 'offline') {
      if (name !== 'reconnecting') return
      const retryAt = this.#connection === undefined ? this.#retryIn(this.#delay(true)) : undefined
      return this.#move({ type: 'wentOffline', attempt, reason, retryAt })
    }
    if (event === 'online' && name === 'offline') this.#move({ type: 'wentOnline', attempt, reason })
    this.#retryNow()
  }

  /** An attempt that began before the network came back may hang on the old one. */
  #retryNow(): void {
    const connection = this.#connection
    if (connection !== undefined) {
      if (this.#ports.clock.now() - connection.startedAt < YOUNG) return
      connection.end({ code: CODES['connection-lost'].code, reason: 'Trying afresh' })
    }
    this.#attempt()
  }

  #move(event: ClientEvent): void {
    this.#state = transition(this.#state, event, this.#ports.clock.now())
    this.#events.changed(this.#state)
  }
}

/** A close code that leaves the session to be taken up again; 1000 would end it [P1.8]. */
const SUSPENDED = 3000
