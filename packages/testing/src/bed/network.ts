import { type Duration, milliseconds } from '@millrace/protocol'
import type { Connection, Direction } from '../parts/network.js'
import type { Rng } from '../parts/rng.js'
import type { Door } from '../parts/transport.js'

/** What goes to the server (`up`), what comes from it (`down`), or both. */
export type Way = 'up' | 'down' | 'both'

/** Who learns that a connection was cut. Who does not finds out by a heartbeat that stays unanswered. */
export type NoticedBy = 'both' | 'client' | 'server' | 'nobody'

/**
 * The network between clients and the server, and what is wrong with it. What is set stays so until it is set otherwise or healed;
 * each method gives the network back, so that they can be chained.
 */
export interface Network {
  /** Breaks the connections there are; what was under way is lost. New ones are made as usual. */
  cut(options?: { readonly noticedBy?: NoticedBy }): Network
  /** Holds back what is sent, and attempts to connect; after `heal()` all of it arrives, in order. Default both ways. */
  stall(way?: Way): Network
  /**
   * Swallows what is sent, and attempts to connect, without a word. A connection that lost something by it carries nothing more that
   * way, even after `heal()`: its ends must find out and make a new one. Default both ways.
   */
  blackHole(way?: Way): Network
  /** Lets each frame take so long, one way; between the two, by the seed, where two are given. Connecting takes twice as long. */
  delay(least: Duration, most?: Duration): Network
  /** Refuses so many attempts to connect. Default all. Connections there are go on: `refuse().cut()` takes those as well. */
  refuse(times?: number): Network
  /** As when somebody pulls the plug of the device: nothing gets through, and its platform says that there is no network. */
  offline(): Network
  /** Everything works again, without delay. */
  heal(): Network
}

type Flow = 'flows' | 'held' | 'swallowed'

/** One client's network. */
export class ClientNetwork implements Network {
  readonly #connections = new Set<Connection>()
  readonly #flow: Record<'up' | 'down', Flow> = { up: 'flows', down: 'flows' }
  #delay = { least: 0, most: 0 }
  #refusals = 0
  /** Attempts to connect that are held back. */
  #waiting: (() => void)[] = []
  #isOnline = true
  readonly #door: () => Door | 'refused' | 'lost'
  readonly #tell: (isOnline: boolean) => void

  constructor(parts: {
    /** Where an attempt to connect arrives. */
    readonly door: () => Door | 'refused' | 'lost'
    /** Tells the client's platform whether there is a network. */
    readonly tell: (isOnline: boolean) => void
  }) {
    this.#door = parts.door
    this.#tell = parts.tell
  }

  get isOnline(): boolean {
    return this.#isOnline
  }

  /** Milliseconds that a frame takes. */
  latency(rng: Rng): number {
    const { least, most } = this.#delay
    return least === most ? least : Math.round(least + rng.next() * (most - least))
  }

  /** An attempt to connect arrives: `go` is told where, when it gets through. */
  reach(go: (door: Door | undefined) => void): void {
    const flows = Object.values(this.#flow)
    if (flows.includes('swallowed')) return
    if (flows.includes('held')) {
      this.#waiting.push(() => this.reach(go))
      return
    }
    if (this.#refusals > 0) {
      this.#refusals--
      go(undefined)
      return
    }
    const door = this.#door()
    if (door !== 'lost') go(door === 'refused' ? undefined : door)
  }

  connected(connection: Connection): void {
    this.#connections.add(connection)
  }

  /** What is wrong and keeps something waiting, a line each. */
  get pending(): readonly string[] {
    const sum = (way: 'toNode' | 'toClient') =>
      this.#live.reduce((total, connection) => total + connection[way].held, 0)
    const held = [
      { count: sum('toNode'), what: 'messages on the way to the server' },
      { count: sum('toClient'), what: 'messages on the way from the server' },
      { count: this.#waiting.length, what: 'attempts to connect' },
    ]
    return held
      .filter(({ count }) => count > 0)
      .map(({ count, what }) => `${what}, held back by stall(): ${count}`)
  }

  cut({ noticedBy = 'both' }: { readonly noticedBy?: NoticedBy } = {}): this {
    const tellsClient = noticedBy === 'both' || noticedBy === 'client'
    const tellsNode = noticedBy === 'both' || noticedBy === 'server'
    for (const connection of this.#live) connection.cut({ tellsClient, tellsNode })
    return this
  }

  stall(way: Way = 'both'): this {
    return this.#set('held', way)
  }

  blackHole(way: Way = 'both'): this {
    return this.#set('swallowed', way)
  }

  delay(least: Duration, most: Duration = least): this {
    const [from, to] = [milliseconds(least, 'delay'), milliseconds(most, 'delay')]
    if (from > to) throw new TypeError(`delay(least, most): ${from} ms is more than ${to} ms`)
    this.#delay = { least: from, most: to }
    return this
  }

  refuse(times = Number.POSITIVE_INFINITY): this {
    if (!(times >= 0)) throw new TypeError(`refuse(times) takes a number of attempts, not ${String(times)}`)
    this.#refusals = times
    return this
  }

  offline(): this {
    this.#set('swallowed', 'both')
    this.#isOnline = false
    this.#tell(false)
    return this
  }

  heal(): this {
    const wasOnline = this.#isOnline
    this.#delay = { least: 0, most: 0 }
    this.#refusals = 0
    this.#isOnline = true
    this.#set('flows', 'both')
    for (const again of this.#waiting.splice(0)) again()
    if (!wasOnline) this.#tell(true)
    return this
  }

  /** Connections that are not over. */
  get #live(): Connection[] {
    for (const connection of this.#connections) if (connection.isOver) this.#connections.delete(connection)
    return [...this.#connections]
  }

  #set(flow: Flow, way: Way): this {
    const ways = way === 'both' ? (['up', 'down'] as const) : ([way] as const)
    for (const one of ways) {
      this.#flow[one] = flow
      for (const connection of this.#live) apply(one === 'up' ? connection.toNode : connection.toClient, flow)
    }
    // What waited to be connected is lost with everything else.
    if (flow === 'swallowed') this.#waiting = []
    return this
  }
}

function apply(direction: Direction, flow: Flow): void {
  switch (flow) {
    case 'flows':
      direction.heal()
      break
    case 'held':
      direction.hold()
      break
    case 'swallowed':
      direction.swallow()
  }
}

/** Several networks as one. */
export class Networks implements Network {
  readonly #all: readonly ClientNetwork[]

  constructor(all: readonly ClientNetwork[]) {
    this.#all = all
  }

  cut(options?: { readonly noticedBy?: NoticedBy }): this {
    return this.#each((one) => one.cut(options))
  }

  stall(way?: Way): this {
    return this.#each((one) => one.stall(way))
  }

  blackHole(way?: Way): this {
    return this.#each((one) => one.blackHole(way))
  }

  delay(least: Duration, most?: Duration): this {
    return this.#each((one) => one.delay(least, most))
  }

  refuse(times?: number): this {
    return this.#each((one) => one.refuse(times))
  }

  offline(): this {
    return this.#each((one) => one.offline())
  }

  heal(): this {
    return this.#each((one) => one.heal())
  }

  #each(change: (one: ClientNetwork) => void): this {
    for (const one of this.#all) change(one)
    return this
  }
}
