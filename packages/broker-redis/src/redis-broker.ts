import { randomBytes } from 'node:crypto'
import type { Member, Position } from '@millrace/protocol'
import type {
  Appended,
  Broker,
  BrokerListener,
  BrokerParts,
  Entering,
  EphemeralEvent,
  Known,
  NewPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '@millrace/server'
import { type Address, parseAddress } from './address.js'
import { Connection } from './connection.js'
import { seal } from './envelope.js'
import { messageOf } from './failures.js'
import { Keys } from './keys.js'
import { KnownPositions } from './known-positions.js'
import { LEASE_TIMES } from './leases.js'
import { LiveFeed } from './live-feed.js'
import { EPHEMERAL } from './live-message.js'
import { Presence } from './presence.js'
import { Scripts } from './scripts.js'
import { Secret } from './secret.js'
import { RedisStreams } from './streams.js'

export interface RedisBrokerOptions extends Partial<BrokerParts> {
  /** `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url: string | URL
  /** What every key and topic begins with. Nodes that are to share streams have the same. Default `millrace:`. */
  readonly prefix?: string | undefined
  /** Milliseconds within which a publication's id is stored once. Default 5 minutes. */
  readonly dedupeWindow?: number | undefined
  /** How many ids a channel remembers for that, the latest. Default 100,000. */
  readonly dedupeIds?: number | undefined
  /** Milliseconds after which a stream that nobody uses is forgotten, beyond what it has to keep. Default 1 hour. */
  readonly forgetAfter?: number | undefined
  /** Milliseconds within which `start` must reach Redis. Default 5 seconds. */
  readonly startTimeout?: number | undefined
}

/** Positions are remembered of so many channels, and so long: what Redis must still have when it comes back. */
const KNOWN = { most: 10_000, age: 600_000 } as const
/** Milliseconds until another try to compare streams with a Redis that has come back. */
const RESTORE_AGAIN = 500

/**
 * A broker on Redis 6.2 or later, or Valkey, that many nodes share. Its live feed may lose something (`exact` is
 * false), which the hub finds and repairs. While Redis is away everything rejects with `unavailable`.
 */
export class RedisBroker implements Broker {
  readonly exact = false
  readonly #parts: BrokerParts
  readonly #startTimeout: number
  readonly #keys: Keys
  readonly #commands: Connection
  readonly #subscriber: Connection
  readonly #streams: RedisStreams
  readonly #feed: LiveFeed
  readonly #presence: Presence
  readonly #secret: Secret
  #listener: BrokerListener | undefined
  #restored = 0

  /** @throws {TypeError} for a URL or an option that makes no sense. */
  constructor(options: RedisBrokerOptions) {
    const {
      prefix = 'millrace:',
      dedupeWindow = 300_000,
      dedupeIds = 100_000,
      forgetAfter = 3_600_000,
    } = options
    const address = addressOf(options.url)
    for (const [name, value] of Object.entries({ dedupeWindow, dedupeIds, forgetAfter }))
      positive(name, value)
    if (prefix.includes('{') || prefix.includes('}'))
      throw new TypeError(`prefix '${prefix}' has a brace, which Redis Cluster gives a meaning: leave it out`)
    const parts = partsOf(options)
    const { clock, random, logger } = parts
    this.#parts = parts
    this.#startTimeout = options.startTimeout ?? 5_000
    const keys = new Keys(prefix)
    this.#keys = keys
    const returned = (): void => void this.#restore()
    const wiring = { address, clock, logger }
    this.#commands = new Connection({ ...wiring, returned, prepare: Scripts.load })
    this.#subscriber = new Connection({
      ...wiring,
      prepare: (client) => this.#feed.resubscribe(client),
      returned: () => {
        this.#feed.returned()
        returned()
      },
    })
    const connection = this.#commands
    const scripts = new Scripts(connection)
    const known = new KnownPositions(KNOWN)
    this.#streams = new RedisStreams({ ...parts, keys, scripts, known, dedupeWindow, dedupeIds, forgetAfter })
    this.#feed = new LiveFeed({
      keys,
      logger,
      connection: this.#subscriber,
      listener: () => this.#listener,
      stored: (channel, position) => known.note(channel, position, clock.now()),
    })
    this.#presence = new Presence({ keys, connection, scripts, clock, random, logger, times: LEASE_TIMES })
    this.#secret = new Secret(keys, connection)
  }

  /** Rejects when Redis cannot be reached in time, and at once when it cannot be used: a password, its version. */
  async start(listener: BrokerListener): Promise<void> {
    this.#listener = listener
    try {
      await this.#commands.start(this.#startTimeout)
      await this.#subscriber.start(this.#startTimeout)
      await this.#presence.start()
    } catch (error) {
      this.#disconnect()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#listener = undefined
    this.#presence.close()
    this.#disconnect()
  }

  append(channel: string, publication: NewPublication, options: StreamOptions): Promise<Appended> {
    return this.#streams.append(channel, publication, options)
  }
  read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    return this.#streams.read(channel, range, options)
  }
  heads(known: readonly Known[]): Promise<readonly Position[]> {
    return this.#streams.heads(known)
  }
  join(channel: string): Promise<void> {
    return this.#feed.join(channel)
  }
  leave(channel: string): Promise<void> {
    return this.#feed.leave(channel)
  }
  async send(channel: string, event: EphemeralEvent): Promise<void> {
    const message = Buffer.concat([EPHEMERAL, seal(event)])
    await this.#commands.send(['PUBLISH', this.#keys.topic(channel), message])
  }
  enter(channel: string, member: Entering): Promise<void> {
    return this.#presence.enter(channel, member)
  }
  depart(channel: string, session: string, generation?: number): Promise<void> {
    return this.#presence.depart(channel, session, generation)
  }
  members(channel: string): Promise<readonly Member[]> {
    return this.#presence.members(channel)
  }
  count(channel: string): Promise<number> {
    return this.#presence.count(channel)
  }
  secret(proposal: string): Promise<string> {
    return this.#secret.agree(proposal)
  }

  #disconnect(): void {
    this.#listener = undefined
    this.#commands.close()
    this.#subscriber.close()
  }

  /** A connection has come back. When both are there: streams that lost their end begin anew, and then the hub looks. [B11] */
  async #restore(): Promise<void> {
    const turn = ++this.#restored
    if (!this.#commands.isUp || !this.#subscriber.isUp) return
    const { clock, logger } = this.#parts
    const again = (what: string, error: unknown): void => {
      logger.warn(what, { why: messageOf(error) })
      clock.schedule(RESTORE_AGAIN, () => {
        if (turn === this.#restored) void this.#restore()
      })
    }
    try {
      await this.#streams.guard()
    } catch (error) {
      return again('could not compare with Redis what it came back with', error)
    }
    await this.#secret.restore().catch((error) => again('could not restore the secret of sessions', error))
    await this.#presence.restore().catch((error) => again('could not enter members again', error))
    if (turn === this.#restored) this.#listener?.interrupted()
  }
}

function addressOf(url: string | URL): Address {
  if (typeof url !== 'string') return parseAddress(url)
  // A password may stand in it, so it is not shown.
  if (!URL.canParse(url)) throw new TypeError('url is no URL: redis://user:password@host:6379/0')
  return parseAddress(new URL(url))
}

function positive(name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value)))
    throw new TypeError(`${name} is ${value}: it must be a number above 0`)
}

const quiet = (): void => {}

/** Node's own where none is given, and no log. */
function partsOf({ clock, random, logger }: RedisBrokerOptions): BrokerParts {
  return {
    clock: clock ?? {
      now: Date.now,
      schedule: (delay, task) => {
        const timer = setTimeout(task, delay)
        timer.unref()
        return () => clearTimeout(timer)
      },
    },
    random: random ?? { id: () => randomBytes(16).toString('base64url') },
    logger: logger ?? { debug: quiet, info: quiet, warn: quiet, error: quiet },
  }
}
