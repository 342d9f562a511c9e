/** The three processes of a run: a server, those who keep up, and those who do not; started, spoken to, stopped together. */
import { COLLECTABLE, type Program, Programs, type ServerReady } from '../common/program.js'
import type {
  FastCommand,
  FastFigures,
  FastSetup,
  Feed,
  Published,
  ServerCommand,
  SlowCommand,
  SlowFigures,
  SlowSetup,
  Stalled,
  Waiting,
} from './commands.js'
import { type KernelView, kernelView } from './kernel-queues.js'
import type { SlowSpec } from './peers.js'

/** Where the programs of the processes are: beside this file, once compiled. */
const PROGRAMS = new URL('./', import.meta.url)

interface Processes {
  readonly server: Program<ServerCommand, ServerReady>
  readonly fast: Program<FastCommand>
  readonly slow: Program<SlowCommand>
}

export class SlowWorld {
  readonly server: Processes['server']
  readonly processes: readonly { cpu(): number }[]
  readonly #fast: Processes['fast']
  readonly #slow: Processes['slow']
  readonly #all: Programs

  private constructor({ server, fast, slow }: Processes, all: Programs) {
    this.server = server
    this.#fast = fast
    this.#slow = slow
    this.processes = [server, fast, slow]
    this.#all = all
  }

  static start(spec: SlowSpec, rate: number, folder = PROGRAMS): Promise<SlowWorld> {
    return Programs.start(folder, async (all) => {
      const how = { flags: COLLECTABLE }
      const server = await all.start<ServerCommand, ServerReady>(`servers/${spec.server}`, how)
      const fastSetup: FastSetup = { dialect: spec.dialect, port: server.ready.port }
      const slowSetup: SlowSetup = { ...fastSetup, library: spec.library, rate }
      const fast = await all.start<FastCommand>('readers/fast', { setup: fastSetup })
      const slow = await all.start<SlowCommand>('readers/slow', { setup: slowSetup })
      return new SlowWorld({ server, fast, slow }, all)
    })
  }

  async publish(feed: Feed, seconds: number): Promise<number> {
    const { count } = (await this.server.ask({ do: 'publish', feed, seconds }, seconds * 1000)) as Published
    return count
  }

  async collectGarbage(): Promise<void> {
    await this.server.ask({ do: 'collect-garbage' })
  }

  /** Bytes that wait in the server, where it tells. Not while it publishes: it answers one question after the other. */
  async waiting(): Promise<number | null> {
    return ((await this.server.ask({ do: 'waiting' })) as Waiting).bytes
  }

  /** What the kernel knows of the connection whose other end has this port. */
  kernelView(port: number): KernelView {
    return kernelView(this.server.ready.port, port)
  }

  async joinFast(count: number): Promise<void> {
    await this.#fast.ask({ do: 'join', count })
  }

  async forget(): Promise<void> {
    await this.#fast.ask({ do: 'forget' })
  }

  async fast(): Promise<FastFigures> {
    return (await this.#fast.ask({ do: 'tell' })) as FastFigures
  }

  /** The slow ones join; gives the port of the one that stalls. */
  async joinSlow(): Promise<number> {
    await this.#slow.ask({ do: 'join' })
    return ((await this.#slow.ask({ do: 'stall' })) as Stalled).port
  }

  async slow(): Promise<SlowFigures> {
    return (await this.#slow.ask({ do: 'tell' })) as SlowFigures
  }

  stop(): Promise<void> {
    return this.#all.stop()
  }
}
