/** The processes of one contestant: a server, and as many full of clients as its connections need. */
import { COLLECTABLE, type Program, Programs, type ServerReady } from '../common/program.js'
import type { Pinning } from '../harness/machine.js'
import type {
  Audience,
  ClientsCommand,
  ClientsSetup,
  ServerCommand,
  ServerSetup,
  Standing,
  Told,
  Usage,
} from './commands.js'
import { type Contestant, SERVERS } from './contestants.js'

/** Where the programs of the processes are: beside this file, once compiled. */
const PROGRAMS = new URL('./', import.meta.url)

/** Where the processes run, and where their compiled programs are when not beside this file. */
export interface Stage {
  readonly pinning: Pinning
  readonly programs?: URL
}

export class TransportWorld {
  readonly server: Program<ServerCommand, ServerReady>
  readonly clients: readonly Program<ClientsCommand>[]
  readonly #all: Programs
  #joined = 0

  private constructor(
    server: Program<ServerCommand, ServerReady>,
    clients: readonly Program<ClientsCommand>[],
    all: Programs,
  ) {
    this.server = server
    this.clients = clients
    this.#all = all
  }

  /** `crowds`: how many processes the clients are divided among. */
  static start(
    contestant: Contestant,
    crowds: number,
    { pinning, programs }: Stage,
  ): Promise<TransportWorld> {
    return Programs.start(programs ?? PROGRAMS, async (all) => {
      const { peer, transport } = contestant
      const setup: ServerSetup = { transport }
      const server = await all.start<ServerCommand, ServerReady>(`servers/${SERVERS[peer]}`, {
        setup,
        flags: COLLECTABLE,
        prefix: pinning.server,
      })
      const clientsSetup: ClientsSetup = { ...contestant, port: server.ready.port }
      const how = { setup: clientsSetup, prefix: pinning.generator }
      const clients: Program<ClientsCommand>[] = []
      for (let i = 0; i < crowds; i++) clients.push(await all.start<ClientsCommand>('clients/main', how))
      return new TransportWorld(server, clients, all)
    })
  }

  get processes(): readonly { cpu(): number }[] {
    return [this.server, ...this.clients]
  }

  /** More clients, so many a second, divided evenly; each is subscribed to a channel of each audience. */
  async join(count: number, perSecond: number, audiences: readonly Audience[]): Promise<void> {
    const ends = this.clients.map((_, i) => Math.round(((i + 1) * count) / this.clients.length))
    const base = this.#joined
    this.#joined += count
    await Promise.all(
      this.clients.map((crowd, i) => {
        const from = ends[i - 1] ?? 0
        const share = { first: base + from, count: (ends[i] ?? count) - from }
        const rate = perSecond / this.clients.length
        return crowd.ask({ do: 'join', ...share, perSecond: rate, audiences }, (count / perSecond) * 1000)
      }),
    )
  }

  /** One message a second in each channel of an audience of so many. Resolves when the seconds are over. */
  async publish(audience: Audience, seconds: number, clients = this.#joined): Promise<void> {
    await this.server.ask({ do: 'publish', audience, clients, seconds }, seconds * 1000)
  }

  async usage(): Promise<Usage> {
    return (await this.server.ask({ do: 'usage' })) as Usage
  }

  async collectGarbage(): Promise<void> {
    await this.server.ask({ do: 'collect-garbage' })
  }

  async forget(): Promise<void> {
    await Promise.all(this.clients.map((crowd) => crowd.ask({ do: 'forget' })))
  }

  /** Waits until everybody has so many messages of the audience, but at most `patience` ms. */
  async wait(audience: Audience, messages: number, patience: number): Promise<void> {
    await Promise.all(
      this.clients.map((crowd) => crowd.ask({ do: 'wait', audience, messages, patience }, patience)),
    )
  }

  /** What each process of clients heard. */
  async tell(audience: Audience, messages: number): Promise<Told[]> {
    return (await Promise.all(
      this.clients.map((crowd) => crowd.ask({ do: 'tell', audience, messages })),
    )) as Told[]
  }

  async standing(): Promise<Standing> {
    const all = (await Promise.all(this.clients.map((crowd) => crowd.ask({ do: 'standing' })))) as Standing[]
    const lost: Record<string, number> = {}
    for (const [reason, count] of all.flatMap((one) => Object.entries(one.lost)))
      lost[reason] = (lost[reason] ?? 0) + count
    return { lost, requests: all.reduce((sum, { requests }) => sum + requests, 0) }
  }

  stop(): Promise<void> {
    return this.#all.stop()
  }
}
