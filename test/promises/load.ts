/** A server in a process of its own that publishes, blocks and counts as it is told, and clients that read at all speeds. */
import { fileURLToPath } from 'node:url'
import {
  type Channel,
  type ClientOptions,
  type ClientState,
  createClient,
  type Delivery,
  type Gap,
} from '@millrace/client'
import { WebSocket } from 'ws'
import { FaultyNetwork } from '../support/faulty-network.js'
import { Process } from './processes.js'

const SERVER = fileURLToPath(new URL('./load-server.mjs', import.meta.url))

/** What load-server.mjs publishes. */
export interface Load {
  readonly channel: string
  /** Bytes of a message. */
  readonly size: number
  readonly keys: number
  /** Messages a second, from now on. */
  readonly each?: number
  /** Messages at once. */
  readonly count?: number
}
export interface LoadMessage {
  readonly key: string
  /** Counts from 1 in each channel. */
  readonly n: number
  /** When it was published, on this machine's clock. */
  readonly at: number
}
/** A connection that ended, as the server saw it. */
export interface End {
  readonly session: string
  readonly code: number
  readonly at: number
}
export interface Facts {
  readonly rss: number
  readonly ends: readonly End[]
  readonly sessions: number
  readonly slow: { readonly skipped: number; readonly dropped: number; readonly disconnected: number }
}

export const clientAt = (port: number, options: Partial<ClientOptions> = {}) =>
  createClient({
    url: `ws://127.0.0.1:${port}/millrace`,
    webSocket: WebSocket,
    autoConnect: false,
    ...options,
  })
type AnyClient = ReturnType<typeof clientAt>

export class LoadServer {
  readonly port: number
  readonly process: Process
  /** By which it is told what to do. */
  readonly #control: AnyClient

  private constructor(port: number, process: Process) {
    this.port = port
    this.process = process
    this.#control = clientAt(port)
  }

  /** Starts load-server.mjs, or another that says as much, with flags for Node. */
  static async start(
    options: object = {},
    file = SERVER,
    flags: readonly string[] = [],
  ): Promise<LoadServer> {
    const process_ = new Process(process.execPath, [...flags, file, JSON.stringify(options)])
    const [, port] = await process_.says(/listening (\d+)/)
    const server = new LoadServer(Number(port), process_)
    await server.#control.connect()
    return server
  }

  /** Calls what the server handles. */
  ask(method: string): Promise<unknown> {
    return this.#control.call(method, null, { timeout: 60_000 })
  }

  async begin(load: Load): Promise<void> {
    await this.#control.call('begin', load, { timeout: 60_000 })
  }

  /** Stops publishing; by channel, how many there were. */
  async end(): Promise<Readonly<Record<string, number>>> {
    return (await this.#control.call('end', null)) as Readonly<Record<string, number>>
  }

  async facts(): Promise<Facts> {
    for (;;) {
      try {
        return (await this.#control.call('facts', null)) as Facts
      } catch (error) {
        // It may just have stood still, and its other clients have left it.
        if (this.#control.state.name === 'closed') throw error
      }
    }
  }

  /** Has its event loop stand still for so long, from now on. */
  async block(ms: number): Promise<void> {
    await this.#control.call('block', { ms })
  }

  async beginning(channel: string): Promise<{ readonly epoch: string; readonly offset: number }> {
    const { position } = await this.#control.channel(channel).history({ limit: 1 })
    return { epoch: position.epoch, offset: 0 }
  }

  async stop(): Promise<void> {
    await this.process.kill()
    this.#control.close()
  }
}

export interface ReaderOptions extends Partial<ClientOptions> {
  /** Bytes a second, each way. Default: as many as there are. */
  readonly rate?: number
  readonly since?: { readonly epoch: string; readonly offset: number }
}

type Heard = LoadMessage & Pick<Delivery, 'offset' | 'skipped'> & { readonly heardAt: number }

/** Somebody who reads one channel, over a network of its own, and remembers what it was told. */
export class Reader {
  readonly heard: Heard[] = []
  readonly gaps: Gap[] = []
  readonly states: ClientState[] = []
  /** The newest of each key that it was told. */
  readonly shown = new Map<string, number>()
  readonly network: FaultyNetwork
  readonly client: AnyClient
  readonly room: Channel

  private constructor(network: FaultyNetwork, port: number, [channel, options]: [string, ReaderOptions]) {
    const { rate = Number.POSITIVE_INFINITY, since, ...more } = options
    this.network = network
    network.rate = { up: rate, down: rate }
    this.client = clientAt(port, { backoff: { base: 100, cap: 1000 }, ...more })
    this.client.on('state', (state) => this.states.push(state))
    this.room = this.client.channel(channel, since && { since })
    this.room.on('message', (message, { offset, skipped }) => {
      const { key, n, at } = message as LoadMessage
      this.heard.push({ key, n, at, offset, skipped, heardAt: Date.now() })
      this.shown.set(key, n)
    })
    this.room.on('gap', (gap) => this.gaps.push(gap))
  }

  /** Resolves when it is connected, and subscribes. */
  static async begin(target: number, channel: string, options: ReaderOptions = {}): Promise<Reader> {
    const network = new FaultyNetwork(target)
    const reader = new Reader(network, await network.listen(), [channel, options])
    await reader.client.connect()
    return reader
  }

  /** Resolves when it is subscribed. */
  static async join(target: number, channel: string, options: ReaderOptions = {}): Promise<Reader> {
    const reader = await Reader.begin(target, channel, options)
    await reader.room.subscribe()
    return reader
  }

  get last(): number {
    return this.heard.at(-1)?.n ?? 0
  }

  async leave(): Promise<void> {
    this.client.close()
    await this.network.close()
  }
}

/** How old what a reader of a state shows is: for each key, the time since a newer value was published than the one that is shown. */
export class Ages {
  readonly all: number[] = []
  readonly #reader: Reader
  /** By key: the publications that are newer than what is shown, oldest first. */
  readonly #waiting = new Map<string, LoadMessage[]>()
  readonly #timer: NodeJS.Timeout

  /** `witness` is told of every publication at once. */
  constructor(reader: Reader, witness: Reader) {
    this.#reader = reader
    witness.room.on('message', (message) => {
      const { key } = message as LoadMessage
      const waiting = this.#waiting.get(key) ?? []
      waiting.push(message as LoadMessage)
      this.#waiting.set(key, waiting)
    })
    this.#timer = setInterval(() => this.#look(), 20)
  }

  stop(): { readonly p50: number; readonly p99: number; readonly max: number } {
    clearInterval(this.#timer)
    const sorted = this.all.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
    return { p50: at(0.5), p99: at(0.99), max: at(1) }
  }

  #look(): void {
    const now = Date.now()
    for (const [key, waiting] of this.#waiting) {
      const shown = this.#reader.shown.get(key) ?? 0
      while (waiting[0] !== undefined && waiting[0].n <= shown) waiting.shift()
      this.all.push(waiting[0] === undefined ? 0 : now - waiting[0].at)
    }
  }
}
