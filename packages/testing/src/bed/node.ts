import type { Api } from '@millrace/protocol'
import type { MillraceServer, ServerOptions, User } from '@millrace/server'
import { composeServer, type ServerEndpoint, type ServerInside } from '@millrace/server/compose'
import type { LinkInfo, Logger } from '@millrace/server/hub'
import { dialectOf } from '../parts/dialects.js'
import { Host } from '../parts/host.js'
import type { Connection } from '../parts/network.js'
import { type BrokerNetwork, NodeBroker } from '../parts/node-broker.js'
import { acceptLink } from '../parts/node-link.js'
import type { Door } from '../parts/transport.js'
import { Face } from './face.js'
import { TestbedError } from './troubles.js'
import type { Work } from './work.js'

/** How a server dies: its `process`, whose connections the kernel resets; or its `machine`, and nobody is told. */
export type Death = 'process' | 'machine'

/** One server process of a testbed. */
export interface TestNode<Server = MillraceServer> {
  /** `node-1` and so on. */
  readonly name: string
  readonly isRunning: boolean
  /** This node's server, through all its lives; otherwise as `Testbed.server`. */
  readonly server: Server
  /** Dies without a word, as by `kill -9`. What its clients have not heard by then, they never will. Default: its process. */
  crash(death?: Death): void
  /** Starts it, unless it runs: `setup` runs again, and what was registered since is registered again. */
  start(): Promise<void>
}

type OwnServer = MillraceServer<Api, User>
/** Registers something with a server; what it returns takes that back, where it can be. */
export type Registration = (server: OwnServer) => (() => void) | undefined

export interface BedNodeParts {
  readonly name: string
  readonly options: ServerOptions<Api, User>
  readonly setup: ((server: OwnServer) => unknown) | undefined
  readonly brokers: BrokerNetwork
  readonly work: Work
  readonly logger: Logger
  readonly note: (what: string) => void
}

/** From a start to the end of the process. */
interface Life {
  readonly host: Host
  readonly broker: NodeBroker
  readonly server: OwnServer
  readonly inside: ServerInside
  readonly connections: Set<() => Connection>
  /** Rejects when it is over. */
  readonly end: Promise<never>
  readonly die: (error: Error) => void
}

export class BedNode implements TestNode<OwnServer> {
  readonly name: string
  readonly server: OwnServer
  readonly #parts: BedNodeParts
  /** What was registered with this node from outside, and how it is taken back from the server there is. */
  readonly #registrations = new Map<Registration, (() => void) | undefined>()
  #lives = 0
  #life: Life | undefined
  #isRunning = false
  /** How the last life ended. */
  death: Death = 'process'

  constructor(parts: BedNodeParts) {
    this.name = parts.name
    this.#parts = parts
    this.server = new Face({
      work: parts.work,
      register: (registration) => this.register(registration),
      ask: (question) => this.ask(question),
      close: () => this.close(),
    })
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  async start(): Promise<void> {
    if (this.#life !== undefined) return
    const life = this.#newLife()
    this.#life = life
    try {
      await this.#setUp(life)
      await whileAlive(life, life.inside.hub.start())
    } catch (error) {
      this.#end(life)
      throw error
    }
    this.#isRunning = true
    this.#parts.note(`${life.host.name} has started`)
  }

  crash(death: Death = 'process'): void {
    const life = this.#life
    if (life === undefined) return
    this.#parts.note(`${life.host.name} has crashed${death === 'machine' ? ', with its machine' : ''}`)
    this.death = death
    this.#end(life)
    for (const connection of life.connections)
      connection().cut({ tellsClient: death === 'process', tellsNode: false })
  }

  /** Closes the server as a deploy does. */
  async close(): Promise<void> {
    const life = this.#life
    if (life === undefined) return
    this.#isRunning = false
    await life.server.close()
    this.#parts.note(`${life.host.name} has closed`)
    this.death = 'process'
    this.#end(life)
  }

  /** Registers something now and in each later life. */
  register(registration: Registration): () => void {
    this.#registrations.set(registration, this.#life && registration(this.#life.server))
    return () => {
      this.#registrations.get(registration)?.()
      this.#registrations.delete(registration)
    }
  }

  /** Asks the server something. Rejects when it dies before it has answered. */
  ask<T>(question: (server: OwnServer) => T): T {
    const life = this.#alive
    return whileAlive(life, question(life.server))
  }

  /** Where a client's connections arrive. */
  door(info: LinkInfo): Door {
    const { host, inside, connections } = this.#alive
    const { outbox } = inside.options.limits
    return {
      host,
      accept: (connection, protocol) => {
        connections.add(connection)
        return acceptLink(inside.hub, {
          connection,
          dialect: dialectOf(protocol),
          info,
          isCongested: ({ toClient }) => toClient.bytes > outbox,
          over: () => connections.delete(connection),
        })
      },
    }
  }

  get #alive(): Life {
    if (this.#life === undefined) throw new TestbedError(`${this.name} does not run; start() starts it`)
    return this.#life
  }

  async #setUp(life: Life): Promise<void> {
    const { setup, work } = this.#parts
    const { server } = life
    // What setup registers, it registers anew in each life; what is registered from outside is known here.
    const face = new Face({
      work,
      register: (registration) => registration(server) ?? (() => {}),
      ask: (question) => whileAlive(life, question(server)),
      close: () => server.close(),
    })
    await setup?.(face)
    for (const registration of this.#registrations.keys())
      this.#registrations.set(registration, registration(server))
  }

  #newLife(): Life {
    const { name, options, brokers, logger } = this.#parts
    const number = ++this.#lives
    const host = new Host(number === 1 ? name : `${name}.${number}`, brokers.timeline)
    const broker = new NodeBroker(brokers, host)
    const entrance = new Entrance()
    let ids = 0
    const server = composeServer<Api, User>(
      { ...options, broker, node: host.name, logger: ofTheLiving(host, logger) },
      {
        clock: host,
        random: { id: () => `${host.name}-${++ids}` },
        endpoint: (inside) => entrance.to(inside),
      },
    )
    let die: Life['die'] = () => {}
    const end = new Promise<never>((_, reject) => {
      die = reject
    })
    // Mostly nobody waits for anything when it dies.
    end.catch(() => {})
    return { host, broker, server, inside: entrance.inside, connections: new Set(), end, die }
  }

  #end(life: Life): void {
    this.#isRunning = false
    this.#life = undefined
    for (const registration of this.#registrations.keys()) this.#registrations.set(registration, undefined)
    life.host.isDead = true
    life.broker.die()
    life.die(new TestbedError(`${life.host.name} has ended, and with it whatever its server was asked`))
  }
}

/** Clients come by other ways than sockets; this only knows where to. */
class Entrance implements ServerEndpoint {
  #inside: ServerInside | undefined

  to(inside: ServerInside): this {
    this.#inside = inside
    return this
  }

  get inside(): ServerInside {
    if (this.#inside === undefined) throw new Error('The server was composed without its endpoint')
    return this.#inside
  }

  attach(): void {}

  async close(): Promise<void> {}
}

/** A promise of a process that dies would stay open for ever. */
const whileAlive = <T>(life: Life, answer: T): T =>
  answer instanceof Promise ? (Promise.race([answer, life.end]) as T) : answer

/** What a process that died still says, nobody hears. */
function ofTheLiving(host: Host, logger: Logger): Logger {
  const say =
    (level: keyof Logger) =>
    (message: string, details?: object): void => {
      if (!host.isDead) logger[level](message, details)
    }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}
