/** The three processes of a run: a server, its clients, and the proxy between them; started, spoken to, stopped together. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Child } from '../harness/child.js'
import { cpuOf, parsePeak, parseResident } from '../harness/proc.js'
import type {
  ClientsCommand,
  Moment,
  Outages,
  ProxyCommand,
  ProxySetup,
  Range,
  Series,
  ServerCommand,
  ServerReady,
  Tallies,
  Waited,
} from './commands.js'
import type { ContinuitySpec } from './peers.js'
import type { DropPlan } from './proxy/drops.js'

/** What an answer may take beyond the time it is expected to, in milliseconds. */
const PATIENCE = 60_000

/** Where the programs of the processes are: beside this file, once compiled. */
const PROGRAMS = new URL('./', import.meta.url)

interface Started<Ready = { readonly pid: number }> {
  readonly child: Child
  readonly ready: Ready
}

/** A figure of each process. */
export type ByProcess = { readonly [P in 'server' | 'proxy' | 'clients']: number }

/** Bytes, as the kernel counts them. */
export interface Memory {
  readonly resident: number
  readonly peak: number
}

export class World {
  readonly server: ServerReady
  /** The ids of the processes. */
  readonly pids: ByProcess
  readonly #server: Child
  readonly #proxy: Child
  readonly #clients: Child

  private constructor(server: Started<ServerReady>, proxy: Started, clients: Started) {
    this.server = server.ready
    this.pids = { server: server.ready.pid, proxy: proxy.ready.pid, clients: clients.ready.pid }
    this.#server = server.child
    this.#proxy = proxy.child
    this.#clients = clients.child
  }

  static async start(spec: ContinuitySpec, programs = PROGRAMS): Promise<World> {
    const children: Child[] = []
    const start = async <Ready>(file: string, setup: object, flags: readonly string[] = []) => {
      const program = fileURLToPath(new URL(`${file}.js`, programs))
      const command = [process.execPath, ...flags, program, JSON.stringify(setup)]
      const { child, ready } = await Child.start(file, command)
      children.push(child)
      return { child, ready: ready as Ready } satisfies Started<Ready>
    }
    try {
      const file = `servers/${spec.server}`
      const server = await start<ServerReady>(file, spec.serverSetup, ['--expose-gc'])
      const setup: ProxySetup = { target: server.ready.port }
      const proxy = await start<Started['ready']>('proxy/main', setup)
      return new World(server, proxy, await start<Started['ready']>('clients/main', spec.clients))
    } catch (error) {
      await Promise.all(children.map((child) => child.stop()))
      throw error
    }
  }

  /** Starts so many clients and waits until all are subscribed. */
  async join(count: number, channels: 'shared' | 'own'): Promise<void> {
    const ports = (await this.#askProxy({ do: 'open', count })) as readonly number[]
    await this.#askClients({ do: 'join', ports, channels })
  }

  async publish(series: Series): Promise<void> {
    const command: ServerCommand = { do: 'publish', ...series }
    await this.#server.ask(JSON.stringify(command), series.count * series.interval + PATIENCE)
  }

  async cut(clients: Range): Promise<Moment> {
    return (await this.#askProxy({ do: 'cut', clients })) as Moment
  }

  async heal(clients: Range): Promise<Moment> {
    return (await this.#askProxy({ do: 'heal', clients })) as Moment
  }

  /** Drops connections by a plan; resolves when the last outage is over. */
  async drop(plan: DropPlan): Promise<void> {
    await this.#askProxy({ do: 'drop', plan }, plan.duration + plan.outage)
  }

  async outages(): Promise<Outages> {
    return (await this.#askProxy({ do: 'outages' })) as Outages
  }

  /** Waits until these clients have so many messages each, but at most `patience` ms. */
  async wait(clients: Range, messages: number, patience: number): Promise<Waited> {
    return (await this.#askClients({ do: 'wait', clients, messages, patience }, patience)) as Waited
  }

  async tallies(): Promise<Tallies> {
    return (await this.#askClients({ do: 'tallies' })) as Tallies
  }

  async collectGarbage(): Promise<void> {
    const command: ServerCommand = { do: 'collect-garbage' }
    await this.#server.ask(JSON.stringify(command), PATIENCE)
  }

  /** Of the server. */
  memory(): Memory {
    const status = readFileSync(`/proc/${this.server.pid}/status`, 'latin1')
    return { resident: parseResident(status), peak: parsePeak(status) }
  }

  /** Seconds of CPU time since each process started. */
  cpu(): ByProcess {
    const { server, proxy, clients } = this.pids
    return { server: cpuOf(server), proxy: cpuOf(proxy), clients: cpuOf(clients) }
  }

  /** Counts the peak of the server's memory afresh from now on (proc(5), clear_refs). */
  forgetPeak(): void {
    writeFileSync(`/proc/${this.server.pid}/clear_refs`, '5')
  }

  async stop(): Promise<void> {
    await Promise.all([this.#clients.stop(), this.#proxy.stop(), this.#server.stop()])
  }

  #askProxy(command: ProxyCommand, ms = 0): Promise<unknown> {
    return this.#proxy.ask(JSON.stringify(command), ms + PATIENCE)
  }

  #askClients(command: ClientsCommand, ms = 0): Promise<unknown> {
    return this.#clients.ask(JSON.stringify(command), ms + PATIENCE)
  }
}
