import type { Host } from './host.js'
import type { Rng } from './rng.js'
import type { Timeline } from './timeline.js'

export type Frame = string | Uint8Array

/** One end of a connection, as the host behind it sees it. */
export interface End {
  frame(frame: Frame): void
  closed(code: number, reason: string): void
}

/** What becomes of what is sent: it flows; it is held back and may flow later; it is lost without a word. */
type Flow = 'flows' | 'held' | 'lost'

/** Frames that may be on their way before the sender gives the reader up. */
const MOST_UNDER_WAY = 300

/** One direction of a connection: in order, each frame some time after it was sent. */
class Direction {
  readonly #timeline: Timeline
  readonly #rng: Rng
  readonly #to: Host
  readonly #end: End
  #flow: Flow = 'flows'
  #held: (() => void)[] = []
  #lastAt = 0
  /** Frames sent and not arrived. */
  underWay = 0
  #isOver = false

  constructor(parts: { timeline: Timeline; rng: Rng; to: Host; end: End }) {
    this.#timeline = parts.timeline
    this.#rng = parts.rng
    this.#to = parts.to
    this.#end = parts.end
  }

  send(frame: Frame): void {
    this.underWay++
    this.#pass(() => {
      this.underWay--
      if (!this.#isOver) this.#end.frame(frame)
    })
  }

  /** The other side closed, or the connection broke: told after what was sent before, unless that is lost too. */
  close(code: number, reason: string): void {
    this.#pass(() => this.over(code, reason))
  }

  /** Ends it at once for the receiver. */
  over(code: number, reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#end.closed(code, reason)
  }

  /** What is sent waits, until it is healed. */
  hold(): void {
    if (this.#flow === 'flows') this.#flow = 'held'
  }

  /** Nothing arrives any more: a stream never goes on behind what it lost. */
  lose(): void {
    this.#flow = 'lost'
    this.#held = []
  }

  /** What was held flows again. */
  heal(): void {
    if (this.#flow !== 'held') return
    this.#flow = 'flows'
    for (const deliver of this.#held.splice(0)) this.#later(deliver)
  }

  #pass(deliver: () => void): void {
    if (this.#flow === 'flows') this.#later(deliver)
    else if (this.#flow === 'held') this.#held.push(deliver)
  }

  #later(deliver: () => void): void {
    const now = this.#timeline.now()
    this.#lastAt = Math.max(this.#lastAt, now + this.#rng.int(1, 40))
    this.#timeline.schedule(this.#lastAt - now, () => this.#to.run(deliver))
  }
}

/** A connection between a client and a node. */
export class Connection {
  readonly client: Host
  readonly node: Host
  readonly toClient: Direction
  readonly toNode: Direction

  constructor(parts: {
    readonly timeline: Timeline
    readonly rng: Rng
    readonly client: Host
    readonly node: Host
    readonly clientEnd: End
    readonly nodeEnd: End
  }) {
    const { timeline, rng, client, node, clientEnd, nodeEnd } = parts
    this.client = client
    this.node = node
    this.toClient = new Direction({ timeline, rng: rng.fork(), to: client, end: clientEnd })
    this.toNode = new Direction({ timeline, rng: rng.fork(), to: node, end: nodeEnd })
  }

  /** Whether the client reads too slowly for what it is sent. */
  get isCongested(): boolean {
    return this.toClient.underWay > MOST_UNDER_WAY
  }

  /** Breaks. Either side may learn of it, or not. */
  cut({ tellsClient, tellsNode }: { readonly tellsClient: boolean; readonly tellsNode: boolean }): void {
    this.toClient.lose()
    this.toNode.lose()
    if (tellsClient) this.client.run(() => this.toClient.over(1006, ''))
    if (tellsNode) this.node.run(() => this.toNode.over(1006, ''))
  }
}
