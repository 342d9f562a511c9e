import { Hub, type Link, type LinkInfo, type Logger, type Session } from '@millrace/server/hub'
import { RequestLinks } from '@millrace/server/requests'
import { openSealer, openSigner, TEST_LIMITS } from '@millrace/server/testing'
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
  sizeOf,
} from '@millrace/testing/parts'
import { api } from './api.js'
import type { Arrived } from './balancer.js'
import type { Answering } from './forwarding.js'
import { OverheardLink, type Transcript } from './transcript.js'
import { WireJudge } from './wire-judge.js'

/** Frames that may be on their way to a client before it counts as too slow. */
const MOST_UNDER_WAY = 300

/** Bytes that may wait for a client whose connection is made of requests. */
const OUTBOX = 100_000

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
  /** Answers that are being written. */
  readonly #answering = new Set<Answering>()
  readonly lives: Life[] = []
  isMachineGone = false
  readonly #links: RequestLinks
  readonly #transcripts: Transcript[]
  readonly #broker: NodeBroker
  readonly #failed: (message: string, details?: object) => void

  constructor(parts: {
    readonly name: string
    readonly network: BrokerNetwork
    readonly rng: Rng
    /** Bytes of publications in one reply. */
    readonly recovery: number
    /** What goes over connections of requests. */
    readonly transcripts: Transcript[]
    readonly failed: (message: string, details?: object) => void
    /** It could not start, and is gone. */
    readonly unstarted: () => void
  }) {
    const { name, network, rng } = parts
    const host = new Host(name, network.timeline)
    this.host = host
    this.#failed = parts.failed
    this.#transcripts = parts.transcripts
    this.#broker = new NodeBroker(network, host)
    let ids = 0
    const id = () => `${++ids}.${rng.int(0, 1e9)}`
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
      random: { id: () => `${name}.${id()}` },
      ...{ signer: openSigner, sealer: openSealer },
      logger,
      onSession: (event, session, code) => {
        if (event === 'connect') this.lives.push({ session, startedAt: host.now() })
        else this.#over(session, code)
      },
    })
    this.hub.handlers.handle('echo', ({ request }) => request)
    const { cluster, maxMessage } = this.hub
    this.#links = new RequestLinks({
      ...{ node: name, clock: host, outbox: OUTBOX, sizeOf },
      // What follows the last dot is the connection's own name.
      random: { id: () => id().replace('.', '-') },
      hub: { cluster, maxMessage, accept: (link, info) => this.#overhear(link, info) },
      soon: (run) => void host.schedule(0, run),
    })
    // A server that cannot start ends, and is started again.
    this.hub.start().catch(() => {
      this.crash(false)
      parts.unstarted()
    })
  }

  accept(connection: () => Connection, protocol: string): End {
    const judge = this.#wireJudge()
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

  /** Takes a request: of a connection that is here, or of one that is not. */
  take({ kind, body, page }: Arrived, answering: Answering): void {
    this.#answering.add(answering)
    const info = () => ({ headers: { 'x-page': page }, remoteAddress: '192.0.2.1' })
    this.host.run(() => {
      if (kind !== 'stream') {
        void this.#links.answer(kind, body, info).then((answer) => this.#answer(answering, answer))
        return
      }
      const opened = this.#links.stream(body, info, answering)
      if ('status' in opened) this.#answer(answering, opened)
      else
        answering.onGone(() => {
          this.#answering.delete(answering)
          this.host.run(() => opened.broken())
        })
    })
  }

  #answer(answering: Answering, { status, body }: { readonly status: number; readonly body: string }): void {
    if (this.#answering.delete(answering)) answering.whole(status, body)
  }

  #overhear(link: Link, info: LinkInfo): Session {
    const page = String(info.headers['x-page'])
    const judge = this.#wireJudge(` by requests of ${page}`)
    const overheard = new OverheardLink(link, {
      page,
      list: this.#transcripts,
      sent: (outgoing) => {
        // Of one that goes in parts it is heard when the last is sent. [P3.11]
        if (!String(outgoing.wire(link.dialect)).startsWith('+')) judge.hear(outgoing.message)
      },
    })
    return overheard.listenTo(this.hub.accept(overheard, info))
  }

  #wireJudge(by = ''): WireJudge {
    return new WireJudge((what) => this.#failed(`${this.host.name} sent ${what}${by}`))
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
    this.isMachineGone = isMachineGone
    this.#broker.die()
    for (const { session } of this.lives) this.#over(session, 1006)
    for (const connection of this.connections)
      connection().cut({ tellsClient: !isMachineGone, tellsNode: false })
    for (const answering of this.#answering) answering.died(isMachineGone)
    this.#answering.clear()
  }
}
