import { type Member, MillraceError, type Position } from '@millrace/protocol'
import { MemoryBroker } from '../broker/index.js'
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

/** How long the members of a node are shown that died: its lease, in milliseconds. */
const LEASE = 12_000

/** A broker that several nodes of one test share, as they would a server behind the network: each has a client of its own. */
export class SharedBroker {
  readonly clock: Clock
  #memory: MemoryBroker
  readonly #nodes = new Set<SharedBrokerNode>()
  #epochs = 0

  constructor(clock: Clock) {
    this.clock = clock
    this.#memory = this.#fresh()
  }

  get memory(): MemoryBroker {
    return this.#memory
  }

  /** A node's client. */
  node(): SharedBrokerNode {
    const node = new SharedBrokerNode(this)
    this.#nodes.add(node)
    return node
  }

  /** All that it kept is gone, and so are the connections for a moment. */
  wipe(): void {
    this.#memory = this.#fresh()
    for (const node of this.#nodes) node.interrupt()
  }

  forget(node: SharedBrokerNode): void {
    this.#nodes.delete(node)
  }

  #fresh(): MemoryBroker {
    const memory = new MemoryBroker({ clock: this.clock, epoch: `epoch-${++this.#epochs}` })
    const tell = (channel: string, event: (listener: BrokerListener) => void): void => {
      for (const node of this.#nodes) node.hear(channel, event)
    }
    void memory.start({
      publication: (channel, epoch, publication) =>
        tell(channel, (listener) => listener.publication(channel, epoch, publication)),
      ephemeral: (channel, event) => tell(channel, (listener) => listener.ephemeral(channel, event)),
      presence: (channel, change, member) =>
        tell(channel, (listener) => listener.presence(channel, change, member)),
      interrupted: () => {},
    })
    return memory
  }
}

/** One node's client of a shared broker. */
export class SharedBrokerNode implements Broker {
  readonly exact = false
  /** Whether it hears nothing of what happens. */
  isDeaf = false
  /** Whether everything that is asked fails. */
  isAway = false
  readonly #shared: SharedBroker
  readonly #joined = new Set<string>()
  readonly #entered = new Map<string, { readonly channel: string; readonly member: Entering }>()
  #listener: BrokerListener | undefined

  constructor(shared: SharedBroker) {
    this.#shared = shared
  }

  async start(listener: BrokerListener): Promise<void> {
    this.#listener = listener
  }

  async close(): Promise<void> {
    this.#listener = undefined
    this.#shared.forget(this)
    this.#shared.clock.schedule(LEASE, () => {
      for (const { channel, member } of this.#entered.values())
        void this.#shared.memory.depart(channel, member.session, member.generation)
    })
  }

  /** The node's process is gone. */
  die(): void {
    this.isAway = true
    void this.close()
  }

  async append(channel: string, publication: NewPublication, options: StreamOptions): Promise<Appended> {
    return this.#memory.append(channel, publication, options)
  }
  async read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    return this.#memory.read(channel, range, options)
  }
  async heads(known: readonly Known[]): Promise<readonly Position[]> {
    return this.#memory.heads(known)
  }
  async join(channel: string): Promise<void> {
    await this.#memory.join(channel)
    this.#joined.add(channel)
  }
  async leave(channel: string): Promise<void> {
    this.#joined.delete(channel)
  }
  async send(channel: string, event: EphemeralEvent): Promise<void> {
    // What others send is heard by those who joined, whoever that is.
    await this.#memory.join(channel)
    this.#memory.send(channel, event)
  }
  async enter(channel: string, member: Entering): Promise<void> {
    this.#entered.set(`${channel} ${member.session}`, { channel, member })
    await this.#memory.enter(channel, member)
  }
  async depart(channel: string, session: string, generation?: number): Promise<void> {
    this.#entered.delete(`${channel} ${session}`)
    await this.#memory.depart(channel, session, generation)
  }
  async members(channel: string): Promise<readonly Member[]> {
    return this.#memory.members(channel)
  }
  async count(channel: string): Promise<number> {
    return this.#memory.count(channel)
  }
  async secret(proposal: string): Promise<string> {
    return this.#memory.secret(proposal)
  }

  hear(channel: string, tell: (listener: BrokerListener) => void): void {
    if (!this.isDeaf && this.#joined.has(channel) && this.#listener !== undefined) tell(this.#listener)
  }

  interrupt(): void {
    for (const channel of this.#joined) void this.#shared.memory.join(channel)
    this.#listener?.interrupted()
  }

  get #memory(): MemoryBroker {
    if (this.isAway) throw new MillraceError('unavailable', { message: 'The broker is away' })
    return this.#shared.memory
  }
}
