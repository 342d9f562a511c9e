/** Brokers by URL. The scheme names the broker; its package is loaded when the server starts, so that nobody carries one unused. */
import type { Member, Position } from '@millrace/protocol'
import { MemoryBroker } from './broker/index.js'
import type {
  Appended,
  Broker,
  BrokerListener,
  Clock,
  Entering,
  EphemeralEvent,
  Known,
  Logger,
  MaybePromise,
  NewPublication,
  Random,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from './hub/index.js'
import { TextMemory } from './node/text-memory.js'

/** What a broker works with, beside its URL. */
export interface BrokerParts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** What a broker's package exports as `openBroker`. Rejects or throws for a URL that makes no sense, saying why. */
export type OpenBroker = (url: URL, parts: BrokerParts) => MaybePromise<Broker>

/** Which package serves a scheme. */
const PACKAGES: { readonly [scheme: string]: string } = {
  'disk:': '@millrace/store-lmdb',
  'redis:': '@millrace/broker-redis',
  'rediss:': '@millrace/broker-redis',
}

/**
 * The broker a URL names: `memory:` (this process; `memory:?bytes=N` for other than 512 MiB), `disk:./folder`, `redis://host`.
 * @throws {TypeError} for a scheme that no broker has. What else is wrong is told when the server starts.
 */
export function brokerByUrl(url: string, parts: BrokerParts): Broker {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0].toLowerCase() ?? ''
  if (scheme === 'memory:') return memoryBroker(url, parts)
  const name = PACKAGES[scheme]
  if (name !== undefined) return new LazyBroker(url, name, parts)
  const known = ['memory:', ...Object.keys(PACKAGES)].join(', ')
  // A password may stand in it.
  const shown = url.replace(/\/\/[^@/]*@/, '//…@')
  throw new TypeError(
    `broker '${shown}' begins with no scheme known here: ${known}; or give a Broker of your own`,
  )
}

const LEAST_BYTES = 2 ** 20

function memoryBroker(url: string, { clock, random, logger }: BrokerParts): Broker {
  const bytes = /^memory:(?:\?bytes=(\d+))?$/i.exec(url)?.[1]
  const isFine = /^memory:$/i.test(url) || Number(bytes) >= LEAST_BYTES
  if (!isFine)
    throw new TypeError(
      `broker '${url}' must be 'memory:', or 'memory:?bytes=N' with a whole number of at least ${LEAST_BYTES}`,
    )
  return new MemoryBroker({
    ...{ clock, logger, epoch: random.id(), texts: new TextMemory() },
    ...(bytes !== undefined && { mostBytes: Number(bytes) }),
  })
}

/** A broker whose package is loaded when it is started. */
class LazyBroker implements Broker {
  readonly #url: string
  readonly #name: string
  readonly #parts: BrokerParts
  #loaded: Broker | undefined

  constructor(url: string, name: string, parts: BrokerParts) {
    this.#url = url
    this.#name = name
    this.#parts = parts
  }

  get exact(): boolean {
    return this.#broker.exact
  }

  async start(listener: BrokerListener): Promise<void> {
    const open = await load(this.#name, this.#url)
    const broker = await open(new URL(this.#url), this.#parts)
    await broker.start(listener)
    this.#loaded = broker
  }

  async close(): Promise<void> {
    await this.#loaded?.close()
  }

  append(channel: string, publication: NewPublication, options: StreamOptions): MaybePromise<Appended> {
    return this.#broker.append(channel, publication, options)
  }
  read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    return this.#broker.read(channel, range, options)
  }
  heads(known: readonly Known[]): Promise<readonly Position[]> {
    return this.#broker.heads(known)
  }
  join(channel: string): Promise<void> {
    return this.#broker.join(channel)
  }
  leave(channel: string): Promise<void> {
    return this.#broker.leave(channel)
  }
  send(channel: string, event: EphemeralEvent): MaybePromise<void> {
    return this.#broker.send(channel, event)
  }
  enter(channel: string, member: Entering): Promise<void> {
    return this.#broker.enter(channel, member)
  }
  depart(channel: string, session: string, generation?: number): Promise<void> {
    return this.#broker.depart(channel, session, generation)
  }
  members(channel: string): Promise<readonly Member[]> {
    return this.#broker.members(channel)
  }
  count(channel: string): Promise<number> {
    return this.#broker.count(channel)
  }
  secret(proposal: string): MaybePromise<string> {
    return this.#broker.secret(proposal)
  }

  get #broker(): Broker {
    if (this.#loaded === undefined) throw new Error('The broker is not started')
    return this.#loaded
  }
}

async function load(name: string, url: string): Promise<OpenBroker> {
  try {
    return ((await import(name)) as { readonly openBroker: OpenBroker }).openBroker
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    const scheme = url.slice(0, url.indexOf(':') + 1)
    throw new Error(`A broker at '${scheme}' needs a package that is not here: npm install ${name}`, {
      cause: error,
    })
  }
}
