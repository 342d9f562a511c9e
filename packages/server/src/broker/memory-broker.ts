/**
 * The reference broker: everything in this process's memory. It is exact where other brokers may be looser, and the
 * contract suite's first subject.
 */

import type { Member, Position } from '@millrace/protocol'
import type {
  Appended,
  Broker,
  BrokerListener,
  Clock,
  Entering,
  EphemeralEvent,
  Known,
  Logger,
  NewPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '../hub/index.js'
import type { TextMemory } from './kept-text.js'
import { MemoryPresence } from './memory-presence.js'
import { StreamTable } from './stream-table.js'

export interface MemoryBrokerOptions {
  readonly clock: Clock
  /** A name no other run of this broker has: memory is lost with the process, so each start is a new epoch. */
  readonly epoch: string
  /** Milliseconds within which a publication's id is stored once. Default 5 minutes. */
  readonly dedupeWindow?: number
  /** How many ids a channel remembers for that, about: of one that is faster, those of a shorter time. Default 100,000. */
  readonly dedupeIds?: number
  /** Milliseconds after which a stream without publications or readers is forgotten. Default 1 hour. */
  readonly forgetAfter?: number
  /**
   * Bytes that all streams may take together, about. Beyond it the largest lose the older half of what they keep, and of the ids they
   * remember; readers are told of the gap as of any other. Default 512 MiB.
   */
  readonly mostBytes?: number
  /** Where long texts are kept. Default: as strings. */
  readonly texts?: TextMemory
  /** Is told when the streams take more than they may, once a minute at most. */
  readonly logger?: Pick<Logger, 'warn'>
}

const SWEEP_EVERY = 10_000
/** So many streams are looked at in one turn of the event loop: a third of a millisecond. */
const SWEPT_AT_ONCE = 1_000
const MOST_BYTES = 512 * 2 ** 20
const WARN_EVERY = 60_000
/** One for all who wait for nothing. */
const DONE = Promise.resolve()

export class MemoryBroker implements Broker {
  readonly exact: boolean = true
  readonly #clock: Clock
  readonly #streams: StreamTable
  readonly #joined = new Set<string>()
  readonly #presence = new MemoryPresence((channel, change, member) => {
    if (this.#joined.has(channel)) this.#listener?.presence(channel, change, member)
  })
  readonly #mostBytes: number
  readonly #logger: Pick<Logger, 'warn'> | undefined
  #secret: string | undefined
  #listener: BrokerListener | undefined
  #warned = Number.NEGATIVE_INFINITY
  #cancelSweep: (() => void) | undefined

  constructor(options: MemoryBrokerOptions) {
    this.#clock = options.clock
    this.#mostBytes = options.mostBytes ?? MOST_BYTES
    this.#logger = options.logger
    this.#streams = new StreamTable({
      clock: options.clock,
      epoch: options.epoch,
      dedupe: { window: options.dedupeWindow ?? 300_000, most: options.dedupeIds ?? 100_000 },
      texts: options.texts,
      forgetAfter: options.forgetAfter ?? 3_600_000,
      mostBytes: this.#mostBytes,
      isJoined: (channel) => this.#joined.has(channel),
      full: () => this.#full(),
    })
  }

  async start(listener: BrokerListener): Promise<void> {
    this.#listener = listener
    this.#scheduleSweep()
  }

  async close(): Promise<void> {
    this.#listener = undefined
    this.#cancelSweep?.()
  }

  append(channel: string, publication: NewPublication, options: StreamOptions): Appended {
    const taken = this.#streams.append(channel, publication, options)
    if (!('stored' in taken)) return taken
    const { epoch, stored } = taken
    if (this.#joined.has(channel)) this.#listener?.publication(channel, epoch, stored)
    return { epoch, offset: stored.offset }
  }

  read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    return this.#streams.read(channel, range, options)
  }

  async heads(known: readonly Known[]): Promise<readonly Position[]> {
    return known.map(({ channel }) => this.#streams.head(channel))
  }

  join(channel: string): Promise<void> {
    this.#joined.add(channel)
    return DONE
  }

  async leave(channel: string): Promise<void> {
    this.#joined.delete(channel)
  }

  send(channel: string, event: EphemeralEvent): void {
    if (this.#joined.has(channel)) this.#listener?.ephemeral(channel, event)
  }

  async enter(channel: string, member: Entering): Promise<void> {
    this.#presence.enter(channel, member)
  }

  async depart(channel: string, session: string, generation?: number): Promise<void> {
    this.#presence.depart(channel, session, generation)
  }

  async members(channel: string): Promise<readonly Member[]> {
    return this.#presence.members(channel)
  }

  /** Whether the session is a member. */
  isMember(channel: string, session: string): boolean {
    return this.#presence.has(channel, session)
  }

  async count(channel: string): Promise<number> {
    return this.#presence.count(channel)
  }

  secret(proposal: string): string {
    this.#secret ??= proposal
    return this.#secret
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#clock.schedule(SWEEP_EVERY, () =>
      this.#sweep(this.#streams.sweep(SWEPT_AT_ONCE)),
    )
  }

  #sweep(steps: Iterator<undefined>): void {
    if (steps.next().done) this.#scheduleSweep()
    else this.#cancelSweep = this.#clock.schedule(0, () => this.#sweep(steps))
  }

  #full(): void {
    const now = this.#clock.now()
    if (now - this.#warned < WARN_EVERY) return
    this.#warned = now
    this.#logger?.warn('the memory for streams is full: the largest lose the older half of their past', {
      limit: this.#mostBytes,
      streams: this.#streams.size,
    })
  }
}
