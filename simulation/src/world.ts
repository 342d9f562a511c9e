import { BrokerNetwork, Rng, Store, Timeline } from '@millrace/testing/parts'
import { CHANNELS } from './api.js'
import { Balancer } from './balancer.js'
import { FAULTS } from './faults.js'
import { type Life, Node } from './node.js'
import { Path } from './path.js'
import { PATH_FAULTS } from './path-faults.js'
import { Person } from './person.js'
import type { Transcripts } from './transcript.js'

/** A line of the trace. */
export interface TraceLine {
  readonly at: number
  readonly what: string
}

/** The time in which things happen and go wrong, and the time after it in which everything must come right, in milliseconds. */
const TROUBLE = { least: 20_000, most: 90_000 }
const RECOVERY = 90_000
/** Milliseconds until a server that could not start is started again. */
const START_AGAIN = 1_000

/** Milliseconds of peace within which networks change for the last time. */
const SETTLED_WITHIN = 30_000
/** How likely it is that a person's client may use other transports than WebSockets. */
const WITH_ALL_TRANSPORTS = 1 / 3

/** Nodes, a broker between them, and people on their pages, all of it decided by one seed. */
export class World {
  readonly seed: number
  readonly rng: Rng
  readonly timeline = new Timeline()
  readonly brokers: BrokerNetwork
  readonly nodes: Node[] = []
  /** The nodes that were replaced. */
  readonly #gone: Node[] = []
  readonly people: Person[]
  readonly channels: readonly string[]
  readonly transcripts: Transcripts = { ofClients: [], ofNodes: [] }
  readonly trace: TraceLine[] = []
  /** What parts of the world complained about themselves. */
  readonly failures: string[] = []
  #lives = 0
  readonly #balancer: Balancer
  readonly #recovery: number

  constructor(seed: number) {
    this.seed = seed
    this.rng = new Rng(seed)
    const { rng, timeline } = this
    const store = new Store(() => timeline.now())
    this.brokers = new BrokerNetwork({ store, timeline, rng: rng.fork() })
    store.isSubscribed = ({ session, generation, channel }) =>
      this.nodes.some((node) => {
        const one = node.host.isDead ? undefined : node.hub.directory.session(session)
        return one?.taken.generation === generation && one.subscriptions.has(channel)
      })
    this.#balancer = new Balancer({ timeline, rng: rng.fork(), nodes: this.nodes })
    this.#recovery = rng.pick([400, 2000, 262_144])
    this.channels = CHANNELS.slice(0, rng.int(1, CHANNELS.length))
    const nodes = rng.int(1, 3)
    for (let place = 0; place < nodes; place++) this.restart(place)
    this.people = Array.from({ length: rng.int(2, 4) }, (_, index) => this.#person(index))
  }

  /** Lets people write, and things go wrong. */
  async trouble(): Promise<void> {
    const { rng, timeline } = this
    for (const person of this.people)
      for (const channel of this.channels) if (rng.chance(0.8)) person.follow(channel)
    const trouble = rng.int(TROUBLE.least, TROUBLE.most)
    for (const person of this.people) this.#write(person, trouble)
    this.#break(trouble)
    await timeline.run(trouble)
  }

  /** Everything works again, and nobody writes: what is missing must be found without being stumbled over. */
  async peace(): Promise<void> {
    this.note('peace')
    this.#heal()
    await this.timeline.run(RECOVERY)
  }

  /** What is published now must reach everybody: in silence a dead subscription looks like a quiet one. */
  async lastWords(): Promise<void> {
    for (const channel of this.channels) this.people[0]?.publish(channel, false)
    await this.timeline.run(15_000)
  }

  restart(place: number): void {
    const { rng, brokers } = this
    const name = `node-${place}.${++this.#lives}`
    const before = this.nodes[place]
    if (before !== undefined) this.#gone.push(before)
    const node = new Node({
      name,
      network: brokers,
      rng: rng.fork(),
      recovery: this.#recovery,
      transcripts: this.transcripts.ofNodes,
      failed: (message, details) => this.#complain(message, details),
      unstarted: () =>
        this.timeline.schedule(START_AGAIN, () => {
          if (this.nodes[place] === node) this.restart(place)
        }),
    })
    this.nodes[place] = node
  }

  /** Every connection there ever was. */
  get lives(): readonly Life[] {
    return [...this.#gone, ...this.nodes].flatMap(({ lives }) => lives)
  }

  note(what: string): void {
    this.trace.push({ at: this.timeline.elapsed, what })
  }

  #person(index: number): Person {
    const { rng, timeline } = this
    const balancer = this.#balancer
    const path = new Path({ timeline, rng: rng.fork(), balancer, node: () => rng.pick(this.nodes) })
    const hasAllTransports = rng.chance(WITH_ALL_TRANSPORTS)
    if (hasAllTransports) path.begin(rng.fork())
    return new Person({
      name: `person-${index}`,
      ...{ timeline, path, hasAllTransports },
      rng: rng.fork(),
      transcripts: this.transcripts.ofClients,
      failed: (message, error) => this.#complain(message, { error }),
    })
  }

  #write(person: Person, until: number): void {
    const rng = this.rng.fork()
    const pace = rng.pick([100, 400, 2000])
    const next = () => {
      if (this.timeline.elapsed > until) return
      const isCall = rng.chance(0.05)
      person.host.run(() => {
        if (isCall) person.call()
        else person.publish(rng.pick(this.channels), rng.chance(0.1))
      })
      this.timeline.schedule(rng.int(1, pace * 2), next)
    }
    this.timeline.schedule(rng.int(1, pace), next)
  }

  #break(until: number): void {
    const rng = this.rng.fork()
    const pace = rng.pick([800, 2500, 8000])
    const faults = this.people.some((one) => one.hasAllTransports) ? [...FAULTS, ...PATH_FAULTS] : FAULTS
    const all = faults.flatMap((fault) => Array.from({ length: fault.weight }, () => fault))
    const next = () => {
      if (this.timeline.elapsed > until) return
      const fault = rng.pick(all)
      this.note(`${fault.name}: ${fault.happen(this)}`)
      this.timeline.schedule(rng.int(10, pace * 2), next)
    }
    this.timeline.schedule(rng.int(10, pace), next)
  }

  #heal(): void {
    const { brokers } = this
    brokers.loss = 0
    if (brokers.isDown) brokers.restore()
    for (const [place, node] of this.nodes.entries()) if (node.host.isDead) this.restart(place)
    for (const person of this.people) {
      person.path.heal()
      person.host.throttle = 0
      if (person.hasAllTransports) this.#settle(person)
    }
  }

  /** The network changes once more, when all is quiet or will be soon; what is better would rest for long, did nobody say so. */
  #settle(person: Person): void {
    const rng = this.rng.fork()
    this.timeline.schedule(rng.int(0, SETTLED_WITHIN), () => {
      person.path.settle(rng)
      this.note(`${person.name}: WebSockets are ${person.path.webSockets} from now on`)
      person.platform('online')
    })
  }

  #complain(message: string, details: object | undefined): void {
    const { error } = (details ?? {}) as { readonly error?: unknown }
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error ?? '')
    this.failures.push(`${this.timeline.elapsed} ms: ${message} ${said}`)
  }
}
