import { binaryDialect, type Dialect, jsonDialect } from '@millrace/protocol'
import { Hub, type Link, type Logger, type Outgoing, type Session } from '@millrace/server/hub'
import { openSigner, TEST_LIMITS } from '@millrace/server/testing'
import { api } from './api.js'
import { Host } from './host.js'
import type { Connection, End } from './network.js'
import { type BrokerNetwork, NodeBroker } from './node-broker.js'
import type { Rng } from './rng.js'
import { WireJudge } from './wire-judge.js'

const utf8 = {
  encoder: new TextEncoder(),
  decoder: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
}
export const binary = binaryDialect({
  encode: (text) => utf8.encoder.encode(text),
  decode: (bytes) => utf8.decoder.decode(bytes),
})

export const dialectOf = (protocol: string): Dialect =>
  (protocol === 'millrace.binary' ? binary : jsonDialect) as Dialect

/** One connection of a session, as its node saw it. */
export interface Life {
  readonly session: Session
  readonly startedAt: number
  /** When it was gone for the node, or the node was: milliseconds since 1970. */
  endedAt?: number
  /** The close code. */
  code?: number
}

/** A server process: from its start to its crash. */
export class Node {
  readonly host: Host
  readonly hub: Hub
  readonly connections = new Set<Connection>()
  readonly lives: Life[] = []
  readonly #broker: NodeBroker
  readonly #failed: (message: string, details?: object) => void

  constructor(parts: {
    readonly name: string
    readonly network: BrokerNetwork
    readonly rng: Rng
    /** Bytes of publications in one reply. */
    readonly recovery: number
    readonly failed: (message: string, details?: object) => void
    /** It could not start, and is gone. */
    readonly unstarted: () => void
  }) {
    const { name, network, rng } = parts
    const host = new Host(name, network.timeline)
    this.host = host
    this.#failed = parts.failed
    this.#broker = new NodeBroker(network, host)
    let ids = 0
    const logger: Logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (message, details) => parts.failed(`${name}: ${message}`, details),
    }
    this.hub = new Hub({
      api,
      broker: this.#broker,
      codecs: {},
      authenticate: undefined,
      subscriptions: undefined,
      limits: { ...TEST_LIMITS, recovery: parts.recovery },
      maxMessage: 65_536,
      node: name,
      server: 'millrace/simulation',
      clock: host,
      random: { id: () => `${name}.${++ids}.${rng.int(0, 1e9)}` },
      signer: openSigner,
      logger,
      onSession: (event, session, code) => {
        if (event === 'connect') this.lives.push({ session, startedAt: host.now() })
        else this.#over(session, code)
      },
    })
    this.hub.handlers.handle('echo', ({ request }) => request)
    // A server that cannot start ends, and is started again.
    this.hub.start().catch(() => {
      this.crash(false)
      parts.unstarted()
    })
  }

  /** Takes a connection; what it answers is told what the client sends. */
  accept(connection: () => Connection, protocol: string): End {
    const link = new NodeLink(connection, dialectOf(protocol), (what) =>
      this.#failed(`${this.host.name} sent ${what}`),
    )
    const session: Session = this.hub.accept(link, { headers: {}, remoteAddress: '192.0.2.1' })
    return {
      frame: (frame) => {
        if (!link.isOver) session.receive(frame)
      },
      closed: (code) => {
        link.isOver = true
        this.connections.delete(connection())
        session.closed(code)
      },
    }
  }

  #over(session: Session, code: number): void {
    for (const life of this.lives) {
      if (life.session !== session || life.endedAt !== undefined) continue
      life.endedAt = this.host.now()
      life.code = code
    }
  }

  /** Dies without a word: the kernel resets its connections, unless the machine is gone as well. */
  crash(isMachineGone: boolean): void {
    this.host.isDead = true
    this.#broker.die()
    for (const { session } of this.lives) this.#over(session, 1006)
    for (const connection of this.connections)
      connection.cut({ tellsClient: !isMachineGone, tellsNode: false })
  }
}

/** A node's end of a connection. */
class NodeLink implements Link {
  readonly dialect: Dialect
  readonly target = this
  readonly carrier = {
    send: (outgoing: Outgoing, targets: readonly object[]) => {
      for (const target of targets) (target as NodeLink).send(outgoing)
    },
  }
  isOver = false
  readonly #connection: () => Connection
  readonly #judge: WireJudge

  constructor(connection: () => Connection, dialect: Dialect, failed: (what: string) => void) {
    this.#judge = new WireJudge(failed)
    this.#connection = connection
    this.dialect = dialect
  }

  send(outgoing: Outgoing): void {
    if (this.isOver) return
    const connection = this.#connection()
    if (connection.isCongested) this.close(4001, 'slow')
    else {
      this.#judge.hear(outgoing.message)
      connection.toClient.send(outgoing.wire(this.dialect))
    }
  }

  close(code: number, reason: string): void {
    if (this.isOver) return
    this.isOver = true
    this.#connection().toClient.close(code, reason)
  }

  pause(): void {}
  resume(): void {}
}
