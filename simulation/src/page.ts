import {
  CoreClient,
  type CoreOptions,
  type PlatformEvent,
  type Ports,
  type TransportName,
} from '@millrace/client/core'
import { type Api, jsonClient } from '@millrace/protocol'
import { Host, type Rng, type Timeline } from '@millrace/testing/parts'
import type { Path } from './path.js'
import { overheard, type Transcript } from './transcript.js'
import { allTransports, webSockets } from './transport.js'

export interface PageParts {
  /** Which page it is: no other has this name. */
  readonly name: string
  /** The machine it is on. */
  readonly host: string
  readonly timeline: Timeline
  readonly rng: Rng
  readonly path: Path
  readonly hasAllTransports: boolean
  readonly options: CoreOptions<Api>
  /** What worked last, which outlives pages. */
  readonly memory: { name: TransportName | undefined }
  readonly transcripts: Transcript[]
  online(): boolean
  failed(error: unknown): void
  /** It waits for so many milliseconds, and was to try another transport at once. */
  late(wait: number): void
  /** A connection was opened by this transport, or left for a better one. */
  opened(name: TransportName): void
  moved(): void
}

const json = jsonClient({
  encode: (bytes) => Buffer.from(bytes).toString('base64'),
  decode: (text) => Buffer.from(text, 'base64'),
})

/** A page, from when it is opened to when it is closed, and the client on it. */
export class Page {
  readonly host: Host
  readonly client: CoreClient
  readonly #parts: PageParts
  readonly #listeners = new Set<(event: PlatformEvent) => void>()
  /** What hears of it when the page is closed. */
  readonly #leaving = new Set<() => void>()

  constructor(parts: PageParts) {
    const { host, timeline, rng, options, online, failed } = parts
    this.#parts = parts
    this.host = new Host(host, timeline)
    const platform: Ports['platform'] = {
      online,
      watch: (listener) => subscribe(this.#listeners, listener),
      aborter: () => new AbortController(),
      report: failed,
    }
    const transport = this.#transport(platform)
    this.client = new CoreClient(options, { clock: this.host, random: rng.next, transport, platform, json })
  }

  /** The platform reports something. */
  tell(event: PlatformEvent): void {
    this.host.run(() => {
      for (const hear of [...this.#listeners]) hear(event)
    })
  }

  /** `saysSo`: it is told that it has to go, and may say goodbye. */
  close(saysSo: boolean): void {
    const open = this.#parts.path.connections
    if (saysSo) for (const leave of [...this.#leaving]) leave()
    this.host.isDead = true
    for (const connection of open) connection.cut({ tellsClient: false, tellsNode: true })
  }

  #transport(platform: Ports['platform']): Ports['transport'] {
    const { host } = this
    const {
      name: page,
      rng,
      path,
      hasAllTransports,
      options,
      memory,
      transcripts,
      opened,
      moved,
    } = this.#parts
    if (!hasAllTransports) return webSockets({ path, host })
    const transport = allTransports({
      ...{ path, host, page, platform, memory, rng: rng.fork() },
      leaving: (tell) => subscribe(this.#leaving, tell),
      ping: (chosen) =>
        ((chosen && options.dialect) || json).encodeCommands([{ id: 2 ** 32, kind: 'ping', body: {} }]),
    })
    return overheard(transport, {
      ...{ page, list: transcripts, opened, moved },
      hurry: (tell) => this.#hurry(tell),
    })
  }

  #hurry(tell: () => void): void {
    const before = this.client.state.retryAt
    tell()
    const wait = (this.client.state.retryAt ?? 0) - this.host.now()
    // Who waited already has given that connection up before.
    if (before === undefined && wait > 0) this.#parts.late(wait)
  }
}

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
