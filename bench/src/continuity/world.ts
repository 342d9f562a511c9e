/** The three processes of a run: a server, its clients, and the proxy between them; started, spoken to, stopped together. */
import { COLLECTABLE, type Program, Programs, type ServerReady } from '../common/program.js'
import type {
  ClientsCommand,
  Moment,
  Outages,
  ProxyCommand,
  ProxySetup,
  Range,
  Series,
  ServerCommand,
  Tallies,
  Waited,
} from './commands.js'
import type { ContinuitySpec } from './peers.js'
import type { DropPlan } from './proxy/drops.js'

/** Where the programs of the processes are: beside this file, once compiled. */
const PROGRAMS = new URL('./', import.meta.url)

/** A figure of each process. */
export type ByProcess = { readonly [P in 'server' | 'proxy' | 'clients']: number }

interface Processes {
  readonly server: Program<ServerCommand, ServerReady>
  readonly proxy: Program<ProxyCommand>
  readonly clients: Program<ClientsCommand>
}

export class World {
  readonly server: Processes['server']
  readonly processes: readonly { cpu(): number }[]
  readonly #proxy: Processes['proxy']
  readonly #clients: Processes['clients']
  readonly #all: Programs

  private constructor({ server, proxy, clients }: Processes, all: Programs) {
    this.server = server
    this.#proxy = proxy
    this.#clients = clients
    this.processes = [server, proxy, clients]
    this.#all = all
  }

  static start(spec: ContinuitySpec, folder = PROGRAMS): Promise<World> {
    return Programs.start(folder, async (all) => {
      const how = { setup: spec.serverSetup, flags: COLLECTABLE }
      const server = await all.start<ServerCommand, ServerReady>(`servers/${spec.server}`, how)
      const setup: ProxySetup = { target: server.ready.port }
      const proxy = await all.start<ProxyCommand>('proxy/main', { setup })
      const clients = await all.start<ClientsCommand>('clients/main', { setup: spec.clients })
      return new World({ server, proxy, clients }, all)
    })
  }

  /** Starts so many clients and waits until all are subscribed. */
  async join(count: number, channels: 'shared' | 'own'): Promise<void> {
    const ports = (await this.#proxy.ask({ do: 'open', count })) as readonly number[]
    await this.#clients.ask({ do: 'join', ports, channels })
  }

  async publish(series: Series): Promise<void> {
    await this.server.ask({ do: 'publish', ...series }, series.count * series.interval)
  }

  async cut(clients: Range): Promise<Moment> {
    return (await this.#proxy.ask({ do: 'cut', clients })) as Moment
  }

  async heal(clients: Range): Promise<Moment> {
    return (await this.#proxy.ask({ do: 'heal', clients })) as Moment
  }

  /** Drops connections by a plan; resolves when the last outage is over. */
  async drop(plan: DropPlan): Promise<void> {
    await this.#proxy.ask({ do: 'drop', plan }, plan.duration + plan.outage)
  }

  async outages(): Promise<Outages> {
    return (await this.#proxy.ask({ do: 'outages' })) as Outages
  }

  /** Waits until these clients have so many messages each, but at most `patience` ms. */
  async wait(clients: Range, messages: number, patience: number): Promise<Waited> {
    return (await this.#clients.ask({ do: 'wait', clients, messages, patience }, patience)) as Waited
  }

  async tallies(): Promise<Tallies> {
    return (await this.#clients.ask({ do: 'tallies' })) as Tallies
  }

  async collectGarbage(): Promise<void> {
    await this.server.ask({ do: 'collect-garbage' })
  }

  /** Seconds of CPU time since each process started. */
  cpu(): ByProcess {
    return { server: this.server.cpu(), proxy: this.#proxy.cpu(), clients: this.#clients.cpu() }
  }

  stop(): Promise<void> {
    return this.#all.stop()
  }
}
