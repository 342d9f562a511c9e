import type { Member, Position } from '@millrace/protocol'
import {
  type Appended,
  type Broker,
  type BrokerListener,
  type Clock,
  type Entering,
  type EphemeralEvent,
  type Known,
  type Logger,
  type MaybePromise,
  MemoryBroker,
  type NewPublication,
  type Random,
  type StreamOptions,
  type StreamRange,
  type StreamSlice,
} from '@millrace/server'
import { OpenFolder } from './open-folder.js'

export interface LmdbBrokerOptions {
  /** Where the store lies: a folder of its own, which is made when it is not there. */
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Milliseconds within which a publication's id is stored once, also across restarts. Default 5 minutes. */
  readonly dedupeWindow?: number
  /** How many ids a channel remembers for that: of one that is faster, those of a shorter time. Default 100,000. */
  readonly dedupeIds?: number
  /** Milliseconds after which a stream that keeps nothing, without publications or readers, is forgotten. Default 1 hour. */
  readonly forgetAfter?: number
}

export interface LmdbBrokerStats {
  /** Transactions flushed to disk since the start. Appends that come together share one. */
  readonly flushes: number
}

/** Milliseconds after the start for which members of the process before are still shown. */
const RETURN_WITHIN = 12_000

/**
 * Streams in a folder on disk, for one node. A publication is acknowledged, and handed to the node, once it is flushed.
 * Channels whose durability is `memory` and ephemeral messages live in this process and end with it. Members stay for 12 seconds after a
 * start: whose session comes back meanwhile was never away.
 */
export class LmdbBroker implements Broker {
  readonly exact = true
  readonly #options: LmdbBrokerOptions
  readonly #memory: MemoryBroker
  readonly #memoryEpoch: string
  readonly #joined = new Set<string>()
  #listener: BrokerListener | undefined
  #open: OpenFolder | undefined
  #cancel: (() => void) | undefined

  constructor(options: LmdbBrokerOptions) {
    this.#options = options
    const { clock, logger, dedupeWindow, dedupeIds, forgetAfter } = options
    this.#memoryEpoch = options.random.id()
    this.#memory = new MemoryBroker({
      ...{ clock, logger, epoch: this.#memoryEpoch },
      ...(dedupeWindow === undefined ? {} : { dedupeWindow }),
      ...(dedupeIds === undefined ? {} : { dedupeIds }),
      ...(forgetAfter === undefined ? {} : { forgetAfter }),
    })
  }

  get stats(): LmdbBrokerStats {
    return { flushes: this.#folder.flushes }
  }

  /**
   * Opens the folder.
   * @throws {Error} when the folder cannot be made or written, when another process has it open, when a newer version
   * wrote it, or when its files are damaged. The message names the folder and says what to do.
   */
  async start(listener: BrokerListener): Promise<void> {
    const { dedupeWindow = 300_000, dedupeIds = 100_000, forgetAfter = 3_600_000 } = this.#options
    this.#open = await OpenFolder.open({
      ...this.#options,
      forgetAfter,
      ids: { window: dedupeWindow, most: dedupeIds },
      isJoined: (channel) => this.#joined.has(channel),
      deliver: (channel, epoch, publication) => {
        if (this.#joined.has(channel)) this.#listener?.publication(channel, epoch, publication)
      },
    })
    this.#listener = listener
    await this.#memory.start(listener)
    await this.#readMembers(this.#open)
  }

  /** Those who were present when the process ended still are, until it is clear that they do not come back. */
  async #readMembers({ members }: OpenFolder): Promise<void> {
    const { clock, logger } = this.#options
    const known = members.read()
    for (const { channel, member } of known) await this.#memory.enter(channel, member)
    if (known.length === 0) return
    this.#cancel = clock.schedule(RETURN_WITHIN, () => {
      for (const { channel, member } of known) {
        this.depart(channel, member.session, member.generation).catch((error: unknown) =>
          logger.warn('A member of the process before could not depart', { channel, error }),
        )
      }
    })
  }

  /** Waits for what is under way, and gives the folder back. */
  async close(): Promise<void> {
    this.#cancel?.()
    this.#listener = undefined
    await this.#memory.close()
    const open = this.#open
    this.#open = undefined
    await open?.close()
  }

  /** Copies the streams, as they are at one moment, into a file that must not exist. See the README on how to put it back. */
  async backup(file: string): Promise<void> {
    await this.#folder.backup(file)
  }

  append(channel: string, publication: NewPublication, options: StreamOptions): MaybePromise<Appended> {
    return inMemory(options)
      ? this.#memory.append(channel, publication, options)
      : this.#folder.streams.append(channel, publication, options)
  }

  async read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    return inMemory(options)
      ? this.#memory.read(channel, range, options)
      : this.#folder.streams.read(channel, range, options)
  }

  async heads(known: readonly Known[]): Promise<readonly Position[]> {
    const { streams } = this.#folder
    return Promise.all(
      known.map(async (one) => {
        const [memory] = await this.#memory.heads([one])
        return memory !== undefined && this.#isOfMemory(one, memory) ? memory : streams.head(one)
      }),
    )
  }

  async join(channel: string): Promise<void> {
    this.#joined.add(channel)
    await this.#memory.join(channel)
  }

  async leave(channel: string): Promise<void> {
    this.#joined.delete(channel)
    await this.#memory.leave(channel)
  }

  send(channel: string, event: EphemeralEvent): void {
    this.#memory.send(channel, event)
  }

  async enter(channel: string, member: Entering): Promise<void> {
    await this.#memory.enter(channel, member)
    this.#folder.members.put(channel, member)
  }
  async depart(channel: string, session: string, generation = 0): Promise<void> {
    await this.#memory.depart(channel, session, generation)
    if (!this.#memory.isMember(channel, session)) this.#folder.members.remove(channel, session)
  }
  members(channel: string): Promise<readonly Member[]> {
    return this.#memory.members(channel)
  }
  count(channel: string): Promise<number> {
    return this.#memory.count(channel)
  }
  secret(proposal: string): Promise<string> {
    return this.#folder.secret(proposal)
  }

  /** `heads` does not say how durable a channel is: what is known of it does, or else where something is stored. */
  #isOfMemory({ channel, position }: Known, memory: Position): boolean {
    if (position.epoch === this.#memoryEpoch || position.epoch.startsWith(`${this.#memoryEpoch}.`))
      return true
    return memory.offset > 0 && !this.#folder.streams.has(channel)
  }

  get #folder(): OpenFolder {
    if (this.#open === undefined)
      throw new Error(`The broker on '${this.#options.folder}' is closed, or not started yet`)
    return this.#open
  }
}

const inMemory = ({ durability }: StreamOptions): boolean => durability === 'memory'
