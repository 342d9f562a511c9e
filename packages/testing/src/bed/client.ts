import { Buffer } from 'node:buffer'
import type { Client, ClientOptions } from '@millrace/client'
import { CoreClient, type CoreOptions, type PlatformEvent, type Ports } from '@millrace/client/core'
import { type Api, jsonClient, type OpenApi } from '@millrace/protocol'
import type { LinkInfo } from '@millrace/server/hub'
import { Host } from '../parts/host.js'
import type { Rng } from '../parts/rng.js'
import type { Timeline } from '../parts/timeline.js'
import { type Door, transportOf } from '../parts/transport.js'
import { ClientNetwork } from './network.js'
import { watchedAborter } from './signals.js'
import { Talk, type Trace } from './trace.js'
import type { Troubles } from './troubles.js'
import type { Work } from './work.js'

/** The options of `createClient` but for the URL and the WebSocket, and where and how it connects. */
export interface TestClientOptions<A extends Api = OpenApi>
  extends Omit<ClientOptions<A>, 'url' | 'webSocket'> {
  /** What the testbed calls it. Default `client-1` and so on. */
  readonly name?: string | undefined
  /** The node it connects to as long as that runs. Default: any, by the seed. */
  readonly node?: { readonly name: string } | undefined
  /** The handshake's headers, lower-cased, for `auth`: a page's cookies, say. */
  readonly headers?: LinkInfo['headers'] | undefined
  /** For `auth`. Default `127.0.0.1`. */
  readonly remoteAddress?: string | undefined
}

export interface BedClientParts {
  readonly name: string
  readonly options: TestClientOptions<Api>
  readonly timeline: Timeline
  readonly rng: Rng
  readonly work: Work
  readonly trace: Trace
  readonly troubles: Troubles
  /** Where an attempt to connect arrives. */
  readonly door: (info: LinkInfo) => Door | 'refused' | 'lost'
}

/** A client of a testbed: a real one, on a machine and behind a network of its own. */
export class BedClient {
  readonly name: string
  readonly client: CoreClient
  readonly network: ClientNetwork
  readonly #talk: Talk
  readonly #host: Host
  #tell: (event: PlatformEvent) => void = () => {}

  constructor(parts: BedClientParts) {
    const { name, options, timeline, trace, door } = parts
    const { headers = {}, remoteAddress = '127.0.0.1' } = options
    this.name = name
    this.#host = new Host(name, timeline)
    this.#talk = new Talk(name, trace)
    this.network = new ClientNetwork({
      door: () => door({ headers, remoteAddress }),
      tell: (isOnline) => this.#tell(isOnline ? 'online' : 'offline'),
    })
    this.client = watchedClient(parts, this.#ports(parts))
  }

  /** What it waits for, a line each. */
  get pending(): readonly string[] {
    const { name, client } = this
    const lines = [
      ...stateOf(client.state, this.#host.now()),
      ...this.#talk.unanswered.map((text) => `waits for an answer to ${text}`),
      ...this.network.pending,
    ]
    return lines.map((line) => `${name}: ${line}`)
  }

  #ports({ name, timeline, rng, troubles, work }: BedClientParts): Ports {
    const host = this.#host
    const { network } = this
    return {
      clock: host,
      random: rng.fork().next,
      transport: transportOf({
        ...{ timeline, rng, host, ear: this.#talk },
        attempt: (own) => network.latency(own) * 2,
        latency: (own) => network.latency(own),
        reach: (go) => network.reach(go),
        connected: (connection) => network.connected(connection),
      }),
      platform: {
        online: () => network.isOnline,
        watch: (listener) => {
          this.#tell = listener
          return () => {
            this.#tell = () => {}
          }
        },
        aborter: () => watchedAborter(work),
        report: (error) => troubles.add({ where: name, error }),
      },
      json: jsonClient({
        encode: (bytes) => Buffer.from(bytes).toString('base64'),
        decode: (text) => Buffer.from(text, 'base64'),
      }),
    }
  }
}

/** A client whose token function and handlers are known to be at work. */
function watchedClient({ name, options, work }: BedClientParts, ports: Ports): CoreClient {
  const { token } = options
  const core = options as unknown as CoreOptions<Api>
  const client = new CoreClient(
    typeof token === 'function'
      ? { ...core, token: work.watched(`the token function of ${name}`, token) as never }
      : core,
    ports,
  )
  const handle = client.handle.bind(client)
  client.handle = (method, handler) =>
    handle(method, work.watched(`the handler of '${method}' of ${name}`, handler))
  return client
}

function stateOf({ name, reason, retryAt }: Client['state'], now: number): string[] {
  switch (name) {
    case 'connected':
    case 'closed':
      return []
    case 'connecting':
      return ['is connecting']
    case 'degraded':
      return [`is degraded: ${reason}`]
    case 'reconnecting':
    case 'offline': {
      const next = retryAt === undefined ? 'is trying now' : `tries again in ${Math.ceil(retryAt - now)} ms`
      return [`has no connection and ${next}`]
    }
  }
}
