import { Hub, type Logger, type Session } from '@millrace/server/hub'
import { openSigner, TEST_LIMITS } from '@millrace/server/testing'
import {
  acceptLink,
  type BrokerNetwork,
  type Connection,
  type Door,
  dialectOf,
  type End,
  Host,
  NodeBroker,
  type Rng,
} from '@millrace/testing/parts'
import { api } from './api.js'
import { WireJudge } from './wire-judge.js'

/** Frames that may be on their way to a client before it counts as too slow. */
const MOST_UNDER_WAY = 300

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
export class Node implements Door {
  readonly host: Host
  readonly hub: Hub
  readonly connections = new Set<() => Connection>()
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

  accept(connection: () => Connection, protocol: string): End {
    const judge = new WireJudge((what) => this.#failed(`${this.host.name} sent ${what}`))
    this.connections.add(connection)
    return acceptLink(this.hub, {
      connection,
      dialect: dialectOf(protocol),
      info: { headers: {}, remoteAddress: '192.0.2.1' },
      isCongested: ({ toClient }) => toClient.underWay > MOST_UNDER_WAY,
      sent: (message) => judge.hear(message),
      over: () => this.connections.delete(connection),
    })
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
      connection().cut({ tellsClient: !isMachineGone, tellsNode: false })
  }
}
