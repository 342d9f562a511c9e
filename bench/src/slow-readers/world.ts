/** The three processes of a run: a server, those who keep up, and those who do not; started, spoken to, stopped together. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ByProcess, Memory } from '../continuity/world.js'
import { Child } from '../harness/child.js'
import { cpuOf, parsePeak, parseResident } from '../harness/proc.js'
import type {
  FastCommand,
  FastFigures,
  FastSetup,
  Feed,
  Published,
  ServerCommand,
  ServerReady,
  SlowCommand,
  SlowFigures,
  SlowSetup,
  Stalled,
  Waiting,
} from './commands.js'
import { type KernelView, kernelView } from './kernel-queues.js'
import type { SlowSpec } from './peers.js'

/** What an answer may take beyond the time it is expected to, in milliseconds. */
const PATIENCE = 60_000
/** Where the programs of the processes are: beside this file, once compiled. */
const PROGRAMS = new URL('./', import.meta.url)

interface Started<Ready = { readonly pid: number }> {
  readonly child: Child
  readonly ready: Ready
}

export class SlowWorld {
  readonly server: ServerReady
  readonly #server: Child
  readonly #fast: Started
  readonly #slow: Started

  private constructor(server: Started<ServerReady>, fast: Started, slow: Started) {
    this.server = server.ready
    this.#server = server.child
    this.#fast = fast
    this.#slow = slow
  }

  static async start(spec: SlowSpec, rate: number, programs = PROGRAMS): Promise<SlowWorld> {
    const children: Child[] = []
    const start = async <Ready>(file: string, setup: object, flags: readonly string[] = []) => {
      const program = fileURLToPath(new URL(`${file}.js`, programs))
      const { child, ready } = await Child.start(file, [
        process.execPath,
        ...flags,
        program,
        JSON.stringify(setup),
      ])
      children.push(child)
      return { child, ready: ready as Ready } satisfies Started<Ready>
    }
    try {
      const server = await start<ServerReady>(`servers/${spec.server}`, {}, ['--expose-gc'])
      const fast: FastSetup = { dialect: spec.dialect, port: server.ready.port }
      const slow: SlowSetup = { ...fast, library: spec.library, rate }
      return new SlowWorld(
        server,
        await start<Started['ready']>('readers/fast', fast),
        await start<Started['ready']>('readers/slow', slow),
      )
    } catch (error) {
      await Promise.all(children.map((child) => child.stop()))
      throw error
    }
  }

  async publish(feed: Feed, seconds: number): Promise<number> {
    const { count } = (await this.#askServer({ do: 'publish', feed, seconds }, seconds)) as Published
    return count
  }

  async collectGarbage(): Promise<void> {
    await this.#askServer({ do: 'collect-garbage' })
  }

  /** Bytes that wait in the server, where it tells. Not while it publishes: it answers one question after the other. */
  async waiting(): Promise<number | null> {
    return ((await this.#askServer({ do: 'waiting' })) as Waiting).bytes
  }

  /** What the kernel knows of the connection whose other end has this port. */
  kernelView(port: number): KernelView {
    return kernelView(this.server.port, port)
  }

  async joinFast(count: number): Promise<void> {
    await this.#askFast({ do: 'join', count })
  }

  async forget(): Promise<void> {
    await this.#askFast({ do: 'forget' })
  }

  async fast(): Promise<FastFigures> {
    return (await this.#askFast({ do: 'tell' })) as FastFigures
  }

  /** The slow ones join; gives the port of the one that stalls. */
  async joinSlow(): Promise<number> {
    await this.#askSlow({ do: 'join' })
    return ((await this.#askSlow({ do: 'stall' })) as Stalled).port
  }

  async slow(): Promise<SlowFigures> {
    return (await this.#askSlow({ do: 'tell' })) as SlowFigures
  }

  /** Of the server. */
  memory(): Memory {
    const status = readFileSync(`/proc/${this.server.pid}/status`, 'latin1')
    return { resident: parseResident(status), peak: parsePeak(status) }
  }

  /** Counts the peak of the server's memory afresh from now on (proc(5), clear_refs). */
  forgetPeak(): void {
    writeFileSync(`/proc/${this.server.pid}/clear_refs`, '5')
  }

  /** Seconds of CPU time since each process started. */
  cpu(): ByProcess {
    const [fast, slow] = [this.#fast.ready.pid, this.#slow.ready.pid]
    return { server: cpuOf(this.server.pid), proxy: cpuOf(slow), clients: cpuOf(fast) }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#fast.child.stop(), this.#slow.child.stop(), this.#server.stop()])
  }

  #askServer(command: ServerCommand, seconds = 0): Promise<unknown> {
    return this.#server.ask(JSON.stringify(command), seconds * 1000 + PATIENCE)
  }

  #askFast(command: FastCommand): Promise<unknown> {
    return this.#fast.child.ask(JSON.stringify(command), PATIENCE)
  }

  #askSlow(command: SlowCommand): Promise<unknown> {
    return this.#slow.child.ask(JSON.stringify(command), PATIENCE)
  }
}
