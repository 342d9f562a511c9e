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
import { makeRoom } from './make-room.js'
import { MemoryPresence } from './memory-presence.js'
import { MemoryStream, type MemoryStreamParts } from './memory-stream.js'

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
/** What is let go at once, so that it is not done for every publication. */
const ROOM = 1 / 8
const WARN_EVERY = 60_000
/** One for all who wait for nothing. */
const DONE = Promise.resolve()

const nothingIn = (epoch: string): Promise<StreamSlice> =>
  Promise.resolve({ head: { epoch, offset: 0 }, publications: [], more: false })

export class MemoryBroker implements Broker {
  readonly exact: boolean = true
  readonly #clock: Clock
  readonly #epoch: string
  readonly #parts: MemoryStreamParts
  readonly #forgetAfter: number
  readonly #streams = new Map<string, MemoryStream>()
  readonly #joined = new Set<string>()
  readonly #presence = new MemoryPresence((channel, change, member) => {
    if (this.#joined.has(channel)) this.#listener?.presence(channel, change, member)
  })
  #secret: string | undefined
  #listener: BrokerListener | undefined
  #forgotten = 0
  /** What is read of a channel that has no stream. One for all, who keep it: there may be a hundred thousand that nobody has published to. */
  #nothing: Promise<StreamSlice>
  readonly #mostBytes: number
  readonly #logger: Pick<Logger, 'warn'> | undefined
  #bytes = 0
  /** From where on room is made: higher than the limit while there is nothing to let go. */
  #ceiling: number
  #warned = Number.NEGATIVE_INFINITY
  #cancelSweep: (() => void) | undefined

  constructor(options: MemoryBrokerOptions) {
    this.#clock = options.clock
    this.#epoch = options.epoch
    this.#nothing = nothingIn(options.epoch)
    const dedupe = { window: options.dedupeWindow ?? 300_000, most: options.dedupeIds ?? 100_000 }
    this.#parts = { dedupe, texts: options.texts }
    this.#forgetAfter = options.forgetAfter ?? 3_600_000
    this.#mostBytes = options.mostBytes ?? MOST_BYTES
    this.#ceiling = this.#mostBytes
    this.#logger = options.logger
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
      stream = new MemoryStream(this.#currentEpoch, this.#parts, options)
      this.#streams.set(channel, stream)
      this.#bytes += stream.bytes
    }
    const now = this.#clock.now()
    const skips = stream.skips(publication, now, options)
    if (skips !== undefined) return skips
    const before = stream.bytes
    const stored = stream.append(publication, now, options)
    this.#bytes += stream.bytes - before
    if (this.#bytes > this.#ceiling) this.#makeRoom(now)
    if (this.#joined.has(channel)) this.#listener?.publication(channel, stream.epoch, stored)
    return { epoch: stream.epoch, offset: stored.offset }
  }

  read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    const stream = this.#streams.get(channel)
    if (stream === undefined) return this.#nothing
    const before = stream.bytes
    const slice = stream.read(range, this.#clock.now(), options)
    this.#bytes += stream.bytes - before
    return Promise.resolve(slice)
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
    this.#cancelSweep = this.#clock.schedule(SWEEP_EVERY, () => this.#sweep(this.#streams.entries()))
  }

  /**
   * Lets go of what is past its time, so that a channel nobody reads or writes costs nothing in the end. Some in each turn, for there may be
   * a hundred thousand.
   */
  #sweep(left: Iterator<[string, MemoryStream]>): void {
    const now = this.#clock.now()
    for (let count = 0; count < SWEPT_AT_ONCE; count++) {
      const { value } = left.next()
      if (value === undefined) {
        this.#scheduleSweep()
        return
      }
      this.#expire(value, now)
    }
    this.#cancelSweep = this.#clock.schedule(0, () => this.#sweep(left))
  }

  #expire([channel, stream]: [string, MemoryStream], now: number): void {
    const before = stream.bytes
    stream.expire(now)
    this.#bytes += stream.bytes - before
    if (stream.empty && now - stream.touched >= this.#forgetAfter) this.#forget(channel, stream)
  }

  #forget(channel: string, stream: MemoryStream): boolean {
    if (this.#joined.has(channel)) return false
    this.#forgotten++
    this.#nothing = nothingIn(this.#currentEpoch)
    this.#bytes -= stream.bytes
    return this.#streams.delete(channel)
  }

  #makeRoom(now: number): void {
    this.#sweep()
    const room = this.#mostBytes * ROOM
    makeRoom({
      // What nodes keep for themselves has limits of its own, and must not go for what clients send.
      streams: [...this.#streams].filter(([channel]) => !channel.startsWith('@')),
      excess: this.#bytes + room - this.#mostBytes,
      forget: (channel, { bytes }) => (this.#forget(channel) ? bytes : 0),
    })
    this.#sweep()
    this.#ceiling = Math.max(this.#mostBytes, this.#bytes + room)
    if (now - this.#warned < WARN_EVERY) return
    this.#warned = now
    this.#logger?.warn('the memory for streams is full: the largest have lost the older half of their past', {
      limit: this.#mostBytes,
      streams: this.#streams.size,
    })
  }
}
