import { type Member, MillraceError, type Position } from '@millrace/protocol'
import type {
  Appended,
  Broker,
  BrokerListener,
  Entering,
  EphemeralEvent,
  Known,
  NewPublication,
  StoredPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '@millrace/server/hub'
import type { Host } from './host.js'
import type { Rng } from './rng.js'
import type { MemberChange, Store } from './store.js'
import type { Timeline } from './timeline.js'

export interface BrokerNetworkParts {
  readonly store: Store
  readonly timeline: Timeline
  readonly rng: Rng
  /** Default: up to 6 ms for a question on each way, up to 8 ms for the live feed. */
  readonly delays?: BrokerNetwork['delays']
}

/** The wire between the nodes' brokers and the store, and what is wrong with it at the moment. */
export class BrokerNetwork {
  readonly store: Store
  readonly timeline: Timeline
  readonly rng: Rng
  readonly brokers = new Set<NodeBroker>()
  /** How likely a message of the live feed is lost on its way to a node. */
  loss = 0
  /** Whether the store cannot be reached. */
  isDown = false

  /** Most milliseconds that a question to the store takes on each of its two ways, and a message of the live feed. */
  readonly delays: { readonly ask: number; readonly feed: number }

  constructor({ store, timeline, rng, delays = { ask: 6, feed: 8 } }: BrokerNetworkParts) {
    this.store = store
    this.timeline = timeline
    this.rng = rng
    this.delays = delays
  }

  /** Carries an event to every node that has joined the channel: at most once, in order per node. */
  carry(channel: string, tell: (listener: BrokerListener) => void): void {
    for (const broker of this.brokers) broker.hear(channel, tell)
  }

  /** The store can be reached again; nobody knows what was missed. */
  restore(): void {
    this.isDown = false
    for (const broker of this.brokers) broker.interrupted()
  }
}

/** How long a node waits for a store that does not answer. */
const PATIENCE = 2000

/** Milliseconds after which the members of a node that died are gone. */
const LEASE = { least: 10_000, most: 14_500 }

/** One node's broker: every question takes its time on the way there and back, and may stay unanswered. */
export class NodeBroker implements Broker {
  readonly exact = false
  readonly #network: BrokerNetwork
  readonly #host: Host
  readonly #joined = new Set<string>()
  #listener: BrokerListener | undefined
  #lastAt = 0
  #arriveAt = 0

  constructor(network: BrokerNetwork, host: Host) {
    this.#network = network
    this.#host = host
  }

  async start(listener: BrokerListener): Promise<void> {
    this.#listener = listener
    this.#network.brokers.add(this)
  }

  async close(): Promise<void> {
    this.#network.brokers.delete(this)
    this.#listener = undefined
  }

  append(channel: string, publication: NewPublication, options: StreamOptions): Promise<Appended> {
    return this.#ask(() => {
      const { appended, stored } = this.#network.store.append(channel, publication, options)
      if (stored !== undefined) this.#publish(channel, appended.epoch, stored)
      return appended
    })
  }

  read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    return this.#ask(() => this.#network.store.read(channel, range, options))
  }

  heads(known: readonly Known[]): Promise<readonly Position[]> {
    return this.#ask(() => this.#network.store.heads(known))
  }

  join(channel: string): Promise<void> {
    return this.#ask(() => void this.#joined.add(channel))
  }

  leave(channel: string): Promise<void> {
    return this.#ask(() => void this.#joined.delete(channel))
  }

  async send(channel: string, event: EphemeralEvent): Promise<void> {
    this.#network.carry(channel, (listener) => listener.ephemeral(channel, event))
  }

  enter(channel: string, member: Entering): Promise<void> {
    return this.#ask(() => this.#tell(channel, this.#network.store.enter(channel, member, this.#host.name)))
  }

  depart(channel: string, session: string, generation?: number): Promise<void> {
    return this.#ask(() => this.#tell(channel, this.#network.store.depart(channel, session, generation)))
  }

  members(channel: string): Promise<readonly Member[]> {
    return this.#ask(() => [...this.#network.store.members(channel).values()].map(({ member }) => member))
  }

  /** A node starts when its store can be reached, so this is never refused. */
  secret(): string {
    return this.#network.store.secret
  }

  count(channel: string): Promise<number> {
    return this.#ask(() => this.#network.store.members(channel).size)
  }

  /** The process is gone. Its members are found to be so when its lease has ended, by whoever looks then. */
  die(): void {
    void this.close()
    const { timeline, rng, store } = this.#network
    timeline.schedule(rng.int(LEASE.least, LEASE.most), () => {
      for (const { channel, session, generation } of store.membersOf(this.#host.name))
        this.#tell(channel, store.depart(channel, session, generation))
    })
  }

  hear(channel: string, tell: (listener: BrokerListener) => void): void {
    const { rng, timeline, delays, loss, isDown } = this.#network
    if (!this.#joined.has(channel) || isDown || rng.chance(loss)) return
    const now = timeline.now()
    this.#lastAt = Math.max(this.#lastAt, now + rng.int(0, delays.feed))
    timeline.schedule(this.#lastAt - now, () =>
      this.#host.run(() => {
        if (this.#listener !== undefined && this.#joined.has(channel)) tell(this.#listener)
      }),
    )
  }

  interrupted(): void {
    this.#host.run(() => this.#listener?.interrupted())
  }

  #publish(channel: string, epoch: string, stored: StoredPublication): void {
    this.#network.carry(channel, (listener) => listener.publication(channel, epoch, stored))
  }

  #tell(channel: string, changed: MemberChange | undefined): void {
    if (changed === undefined) return
    const { change, member } = changed
    this.#network.carry(channel, (listener) => listener.presence(channel, change, member))
  }

  /** Asks the store. When it cannot be reached, the question or only the answer may be what is lost. */
  #ask<T>(work: () => T): Promise<T> {
    const { rng, timeline, delays } = this.#network
    return new Promise((resolve, reject) => {
      const fail = () =>
        timeline.schedule(PATIENCE, () =>
          this.#host.run(() => reject(new MillraceError('unavailable', { message: 'The store is away' }))),
        )
      // One connection leads to the store, so what is asked first comes first.
      this.#arriveAt = Math.max(this.#arriveAt, timeline.now() + rng.int(0, delays.ask))
      timeline.schedule(this.#arriveAt - timeline.now(), () => {
        if (this.#network.isDown) return void fail()
        const result = work()
        const back = rng.int(0, delays.ask)
        timeline.schedule(back, () => {
          if (this.#network.isDown) fail()
          else this.#host.run(() => resolve(result))
        })
      })
    })
  }
}
