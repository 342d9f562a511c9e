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
  NewPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '../hub/index.js'
import type { DedupeOptions } from './dedupe-window.js'
import { MemoryPresence } from './memory-presence.js'
import { MemoryStream } from './memory-stream.js'

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
}

const SWEEP_EVERY = 10_000
/** One for all who wait for nothing. */
const DONE = Promise.resolve()

export class MemoryBroker implements Broker {
  readonly exact: boolean = true
  readonly #clock: Clock
  readonly #epoch: string
  readonly #dedupe: DedupeOptions
  readonly #forgetAfter: number
  readonly #streams = new Map<string, MemoryStream>()
  readonly #joined = new Set<string>()
  readonly #presence = new MemoryPresence((channel, change, member) => {
    if (this.#joined.has(channel)) this.#listener?.presence(channel, change, member)
  })
  #secret: string | undefined
  #listener: BrokerListener | undefined
  #forgotten = 0
  #cancelSweep: (() => void) | undefined

  constructor(options: MemoryBrokerOptions) {
    this.#clock = options.clock
    this.#epoch = options.epoch
    this.#dedupe = { window: options.dedupeWindow ?? 300_000, most: options.dedupeIds ?? 100_000 }
    this.#forgetAfter = options.forgetAfter ?? 3_600_000
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
    let stream = this.#streams.get(channel)
    if (stream === undefined) {
      stream = new MemoryStream(this.#currentEpoch, this.#dedupe, options)
      this.#streams.set(channel, stream)
    }
    const now = this.#clock.now()
    const skips = stream.skips(publication, now, options)
    if (skips !== undefined) return skips
    const stored = stream.append(publication, now, options)
    if (this.#joined.has(channel)) this.#listener?.publication(channel, stream.epoch, stored)
    return { epoch: stream.epoch, offset: stored.offset }
  }

  async read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    const stream = this.#streams.get(channel)
    if (stream !== undefined) return stream.read(range, this.#clock.now(), options)
    return { head: { epoch: this.#currentEpoch, offset: 0 }, publications: [], more: false }
  }

  async heads(known: readonly Known[]): Promise<readonly Position[]> {
    return known.map(({ channel }) => {
      const stream = this.#streams.get(channel)
      return { epoch: stream?.epoch ?? this.#currentEpoch, offset: stream?.head ?? 0 }
    })
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

  /** A stream that is forgotten starts again at offset 1, so what starts after it must be another epoch. */
  get #currentEpoch(): string {
    return this.#forgotten === 0 ? this.#epoch : `${this.#epoch}.${this.#forgotten}`
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#clock.schedule(SWEEP_EVERY, () => {
      this.#sweep()
      this.#scheduleSweep()
    })
  }

  /** Lets go of what is past its time, so that a channel nobody reads or writes costs nothing in the end. */
  #sweep(): void {
    const now = this.#clock.now()
    for (const [channel, stream] of this.#streams) {
      stream.expire(now)
      if (!stream.empty || this.#joined.has(channel) || now - stream.touched < this.#forgetAfter) continue
      this.#streams.delete(channel)
      this.#forgotten++
    }
  }
}
