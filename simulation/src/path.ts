import type { Posted, RequestKind } from '@millrace/client/transports'
import { type Connection, Exchange, type Host, type Rng, type Timeline } from '@millrace/testing/parts'
import type { Balancer } from './balancer.js'
import type { Node } from './node.js'

/** What a network makes of WebSockets: it carries them, refuses them, or accepts them and carries nothing. */
export type WebSockets = 'carried' | 'refused' | 'silent'

/** What becomes of requests: how likely each is, and what is always so. */
export interface Conditions {
  /** It never arrives. Its sender is told so, or waits in vain. */
  lost: number
  /** It arrives, and its answer does not. */
  unanswered: number
  /** It is sent again on the way, possibly to another node. */
  repeated: number
  /** The answer breaks off in the middle. */
  truncated: number
  /** Somebody else answers, with a page. */
  foreign: number
  /** Nothing of an answer gets through before its end. */
  buffers: boolean
  /** Milliseconds after which an answer by which nothing comes is cut; 0 for never. */
  idle: number
}

export const CALM: Conditions = {
  ...{ lost: 0, unanswered: 0, repeated: 0, truncated: 0, foreign: 0 },
  ...{ buffers: false, idle: 0 },
}

export interface PathParts {
  readonly timeline: Timeline
  readonly rng: Rng
  readonly balancer: Balancer
  /** The node that the load balancer gives the next connection to. */
  readonly node: () => Node | undefined
}

/** Milliseconds that something takes from one end to the other. */
const latency = (rng: Rng): number => rng.int(1, 40)

/** The network between a person and the nodes, whatever page this person has open. */
export class Path {
  /** Nothing gets through: attempts to connect hang. */
  isCutOff = false
  webSockets: WebSockets = 'carried'
  readonly conditions: Conditions = { ...CALM }
  /** Called with the next WebSocket, once, before anything goes over it. */
  next: ((connection: Connection) => void) | undefined
  /** Bytes of answers that pass in a millisecond. */
  rate = Number.POSITIVE_INFINITY
  readonly #parts: PathParts
  #socket: Connection | undefined
  readonly #exchanges = new Set<Connection>()

  constructor(parts: PathParts) {
    this.#parts = parts
  }

  /** The newest WebSocket, and the requests that are under way. */
  get connections(): readonly Connection[] {
    return [...(this.#socket === undefined ? [] : [this.#socket]), ...this.#exchanges]
  }

  /** How a client's WebSockets are made. */
  dialing(host: Host) {
    const { timeline, rng, node } = this.#parts
    return {
      ...{ timeline, rng, host, latency },
      attempt: (own: Rng) => own.int(2, 60),
      reach: (go: (node: Node | undefined) => void) => {
        const target = node()
        if (!this.isCutOff) go(this.webSockets === 'refused' ? undefined : target)
      },
      connected: (connection: Connection) => {
        this.#socket = connection
        this.next?.(connection)
        this.next = undefined
        if (this.webSockets === 'carried') return
        connection.toClient.lose()
        connection.toNode.lose()
      },
    }
  }

  /** What kind of network it is: one that lets everything through, or one of those for which there are other transports. */
  begin(rng: Rng): void {
    this.webSockets = rng.pick(['carried', 'refused', 'silent'])
    this.conditions.buffers = rng.chance(0.4)
    this.conditions.idle = rng.chance(0.2) ? rng.pick([1500, 4000, 8000]) : 0
  }

  /** Nothing is lost any more. */
  heal(): void {
    const { buffers, idle } = this.conditions
    this.isCutOff = false
    this.rate = Number.POSITIVE_INFINITY
    Object.assign(this.conditions, CALM, { buffers, idle })
  }

  /** It is as it will stay: WebSockets may be blocked and answers held up, for ever. */
  settle(rng: Rng): void {
    if (rng.chance(0.5)) this.webSockets = 'carried'
    if (rng.chance(0.5)) this.conditions.buffers = false
    // Who is cut more often than a heartbeat comes is never connected for long.
    this.conditions.idle = 0
  }

  post(client: Host, request: { kind: RequestKind; body: string; page: string }): Posted {
    const { timeline, balancer } = this.#parts
    const rng = this.#parts.rng.fork()
    const exchange: Exchange = new Exchange({
      ...{ timeline, rng, latency, client, server: balancer.host },
      arrived: (responder) => balancer.take(request, responder, this.conditions),
      over: () => this.#exchanges.delete(exchange.connection),
    })
    const { connection } = exchange
    connection.toClient.rate = this.rate
    this.#exchanges.add(connection)
    if (this.isCutOff) connection.toNode.lose()
    else if (rng.chance(this.conditions.lost)) {
      connection.toNode.lose()
      if (rng.chance(0.7))
        timeline.schedule(rng.int(1, 200), () => client.run(() => exchange.fail('It was lost')))
    }
    exchange.send(request.body)
    return exchange
  }
}
