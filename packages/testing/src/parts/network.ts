import { Buffer } from 'node:buffer'
import type { Host } from './host.js'
import type { Rng } from './rng.js'
import type { Timeline } from './timeline.js'

export type Frame = string | Uint8Array

/** Bytes of a frame on the wire. */
export const sizeOf = (frame: Frame): number =>
  typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length

/** One end of a connection, as the host behind it sees it. */
export interface End {
  frame(frame: Frame): void
  closed(code: number, reason: string): void
}

/**
 * What becomes of what is sent: it flows; it is held back and may flow later; it is swallowed, if anything is sent; it is lost
 * without a word, for ever.
 */
type Flow = 'flows' | 'held' | 'swallowed' | 'lost'

/** One direction of a connection: in order, each frame some time after it was sent. */
export class Direction {
  readonly #timeline: Timeline
  readonly #latency: () => number
  readonly #to: Host
  readonly #end: End
  #flow: Flow = 'flows'
  #held: { readonly deliver: () => void; readonly size: number }[] = []
  #lastAt = 0
  #isOver = false
  /** Frames sent and not arrived, and their bytes. What is lost is never said to have arrived. */
  underWay = 0
  bytes = 0
  /** Bytes that pass in a millisecond: 8 are 64 kbit/s. */
  rate = Number.POSITIVE_INFINITY

  constructor(parts: { timeline: Timeline; latency: () => number; to: Host; end: End }) {
    this.#timeline = parts.timeline
    this.#latency = parts.latency
    this.#to = parts.to
    this.#end = parts.end
  }

  /** Whether the receiver was told that it has ended. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** How many frames are held back. */
  get held(): number {
    return this.#held.length
  }

  send(frame: Frame): void {
    const size = sizeOf(frame)
    this.underWay++
    this.bytes += size
    this.#pass(() => {
      this.underWay--
      this.bytes -= size
      if (!this.#isOver) this.#end.frame(frame)
    }, size)
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
    if (this.#flow !== 'lost') this.#flow = 'held'
  }

  /** What is sent is lost, until it is healed. Once something was lost, nothing arrives any more: see `lose`. */
  swallow(): void {
    if (this.#held.length > 0) this.lose()
    else if (this.#flow !== 'lost') this.#flow = 'swallowed'
  }

  /** Nothing arrives any more: a stream never goes on behind what it lost. */
  lose(): void {
    this.#flow = 'lost'
    this.#held = []
  }

  /** What was held flows again, and what is sent from now on. */
  heal(): void {
    if (this.#flow === 'lost') return
    this.#flow = 'flows'
    for (const { deliver, size } of this.#held.splice(0)) this.#later(deliver, size)
  }

  #pass(deliver: () => void, size = 0): void {
    switch (this.#flow) {
      case 'flows':
        this.#later(deliver, size)
        break
      case 'held':
        this.#held.push({ deliver, size })
        break
      case 'swallowed':
        this.lose()
        break
      case 'lost':
    }
  }

  #later(deliver: () => void, size: number): void {
    const now = this.#timeline.now()
    this.#lastAt = Math.max(this.#lastAt, now + this.#latency()) + Math.round(size / this.rate)
    this.#timeline.schedule(this.#lastAt - now, () => this.#to.run(deliver))
  }
}

export interface ConnectionParts {
  readonly timeline: Timeline
  readonly rng: Rng
  /** Milliseconds a frame takes. */
  readonly latency: (rng: Rng) => number
  readonly client: Host
  readonly node: Host
  readonly clientEnd: End
  readonly nodeEnd: End
}

/** A connection between a client and a node. */
export class Connection {
  readonly client: Host
  readonly node: Host
  readonly toClient: Direction
  readonly toNode: Direction

  constructor({ timeline, rng, latency, client, node, clientEnd, nodeEnd }: ConnectionParts) {
    const direction = (to: Host, end: End) => {
      const own = rng.fork()
      return new Direction({ timeline, latency: () => latency(own), to, end })
    }
    this.client = client
    this.node = node
    this.toClient = direction(client, clientEnd)
    this.toNode = direction(node, nodeEnd)
  }

  /** Whether one of its ends knows that it is over. */
  get isOver(): boolean {
    return this.toClient.isOver || this.toNode.isOver
  }

  /** Breaks. Either side may learn of it, or not. */
  cut({ tellsClient, tellsNode }: { readonly tellsClient: boolean; readonly tellsNode: boolean }): void {
    this.toClient.lose()
    this.toNode.lose()
    if (tellsClient) this.client.run(() => this.toClient.over(1006, ''))
    if (tellsNode) this.node.run(() => this.toNode.over(1006, ''))
  }
}
