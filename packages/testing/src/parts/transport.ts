import type { Link, LinkEvents, Transport } from '@millrace/client/core'
import type { Dialect } from '@millrace/protocol'
import { dialectOf } from './dialects.js'
import type { Host } from './host.js'
import { Connection, type End, type Frame, sizeOf } from './network.js'
import type { Rng } from './rng.js'
import type { Timeline } from './timeline.js'

/** Where connections arrive: a node. */
export interface Door {
  readonly host: Host
  /** Takes a connection, which is there as soon as this has returned. What it answers is told what the client sends. */
  accept(connection: () => Connection, protocol: string): End
}

/** Hears what a client says and is told on its connections, while it cares for them. */
export interface Ear {
  opened(node: string): void
  said(frame: Frame, dialect: Dialect): void
  heard(frame: Frame, dialect: Dialect): void
  closed(code: number, reason: string): void
}

/** How one client's connections are made. */
export interface Dialing {
  readonly timeline: Timeline
  readonly rng: Rng
  /** The machine the client is on. */
  readonly host: Host
  /** Milliseconds until an attempt to connect arrives, and then each frame. */
  readonly attempt: (rng: Rng) => number
  readonly latency: (rng: Rng) => number
  /**
   * An attempt has arrived: passes on the node that takes it, or undefined when it is refused, now or later; never, when the attempt is
   * lost.
   */
  reach(go: (door: Door | undefined) => void): void
  /** A connection is made. */
  connected(connection: Connection): void
  readonly ear?: Ear | undefined
}

/** A client's transport over connections of this network. */
export const transportOf = (dialing: Dialing): Transport => ({
  open: (protocol, events) => new Attempt(dialing, protocol, events),
})

/** One attempt to connect, and the client's end of what comes of it. */
class Attempt implements Link {
  readonly sizeOf = sizeOf
  readonly #dialing: Dialing
  readonly #protocol: string
  readonly #dialect: Dialect
  readonly #events: LinkEvents
  #connection: Connection | undefined
  #isClosed = false

  constructor(dialing: Dialing, protocol: string, events: LinkEvents) {
    this.#dialing = dialing
    this.#protocol = protocol
    this.#dialect = dialectOf(protocol)
    this.#events = events
    const { timeline, rng, attempt } = dialing
    timeline.schedule(attempt(rng), () => dialing.reach((door) => this.#arrive(door)))
  }

  get buffered(): number {
    return this.#connection?.toNode.bytes ?? 0
  }

  send(frame: Frame): void {
    if (this.#isClosed || this.#connection === undefined) return
    this.#dialing.ear?.said(frame, this.#dialect)
    this.#connection.toNode.send(frame)
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const connection = this.#connection
    if (connection === undefined || connection.toClient.isOver) return
    this.#dialing.ear?.closed(code, reason)
    connection.toNode.close(code, reason)
  }

  #arrive(door: Door | undefined): void {
    const { host } = this.#dialing
    if (this.#isClosed || host.isDead) return
    if (door === undefined || door.host.isDead) host.run(() => this.#events.closed(1006, ''))
    else door.host.run(() => this.#connect(door))
  }

  #connect(door: Door): void {
    const { timeline, rng, latency, host, connected, ear } = this.#dialing
    const protocol = this.#protocol
    const nodeEnd = door.accept(() => this.#connection as Connection, protocol)
    const clientEnd = this.#end()
    const parts = { timeline, rng: rng.fork(), latency, client: host, node: door.host, clientEnd, nodeEnd }
    this.#connection = new Connection(parts)
    connected(this.#connection)
    host.run(() => {
      if (this.#isClosed) return
      ear?.opened(door.host.name)
      this.#events.opened(protocol)
    })
  }

  /** As with a WebSocket, what was under way still comes after close() was called here. */
  #end(): End {
    const { ear } = this.#dialing
    return {
      frame: (frame) => {
        if (!this.#isClosed) ear?.heard(frame, this.#dialect)
        this.#events.frame(frame)
      },
      closed: (code, reason) => {
        if (!this.#isClosed) ear?.closed(code, reason)
        this.#events.closed(code, reason)
      },
    }
  }
}
