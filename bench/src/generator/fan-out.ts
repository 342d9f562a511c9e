/** Fan-out in a closed loop: a broadcast is asked for as soon as an earlier one has reached every subscriber. */
import type { Dialect } from './dialect.js'
import { payloadOf } from './dialects.js'
import { pongFrame, repeated, textFrame } from './frames.js'
import { Histogram, type Quantiles } from './histogram.js'
import type { Link, LinkListener } from './link.js'
import type { Load } from './measure.js'
import { Settling } from './settling.js'

export interface FanOutSettings {
  /** Bytes of payload. */
  readonly size: number
  /** Broadcasts asked for and not yet complete. */
  readonly outstanding: number
  /** Number of the first publication: another one in every run, since a server may drop ids it has seen before. */
  readonly from: number
}

/** Latencies are taken at so many subscribers, spread evenly over all. */
const SAMPLED = 64

/**
 * Every subscriber says this once a run, after its first delivery: an unsolicited Pong, which every server takes as a sign of life and
 * nothing else (RFC 6455 §5.5.3). A connection that answers while it receives is an interactive one to TCP, whose acknowledgements wait
 * for more data instead of leaving at once; on loopback that moves their cost to the server. Clients that answer heartbeats are such
 * connections, so without this a server would be the cheaper the more rarely it asks.
 */
const SIGN_OF_LIFE = pongFrame(new Uint8Array(0))

export class FanOut implements Load, LinkListener {
  readonly #subscribers: readonly Link[]
  readonly #publisher: Link
  readonly #settings: FanOutSettings
  readonly #payload: string
  readonly #dialect: Dialect
  readonly #frames: Buffer
  /** How many publications each subscriber has got; the next one is number `#got[i]`. */
  readonly #got: Uint32Array
  readonly #stride: number
  /** By a publication's number, modulo: subscribers it has still to reach, and when it was asked for. */
  readonly #remaining: Uint32Array
  readonly #askedAt: Float64Array
  readonly #latency = new Histogram()
  readonly #settling = new Settling()
  #asked = 0
  #complete = 0
  #delivered = 0
  #due = 0
  #running = false

  constructor(
    links: { subscribers: readonly Link[]; publisher: Link },
    dialect: Dialect,
    settings: FanOutSettings,
  ) {
    this.#subscribers = links.subscribers
    this.#publisher = links.publisher
    this.#settings = settings
    this.#dialect = dialect
    this.#payload = payloadOf(settings.size)
    this.#frames = repeated(textFrame(dialect.publish(this.#payload, settings.from)), settings.outstanding)
    this.#got = new Uint32Array(links.subscribers.length)
    this.#stride = Math.ceil(links.subscribers.length / SAMPLED)
    this.#remaining = new Uint32Array(settings.outstanding)
    this.#askedAt = new Float64Array(settings.outstanding)
    for (const link of [...links.subscribers, links.publisher]) link.listener = this
  }

  start(): void {
    this.#running = true
    this.#due = this.#settings.outstanding
    this.#publish()
  }

  count(): number {
    return this.#delivered
  }

  clearLatency(): void {
    this.#latency.clear()
  }

  latency(): Quantiles {
    return this.#latency.quantiles()
  }

  stop(): Promise<void> {
    this.#running = false
    return this.#settling.wait(() => this.#asked === this.#complete)
  }

  ready(): void {}

  delivery(link: Link): void {
    const index = link.index
    const number = this.#got[index] as number
    this.#got[index] = number + 1
    if (number === 0) link.write(SIGN_OF_LIFE)
    // At most `outstanding` publications are under way, so their numbers differ modulo that.
    const slot = number % this.#settings.outstanding
    this.#delivered++
    if (index % this.#stride === 0) this.#latency.record(performance.now() - (this.#askedAt[slot] as number))
    const remaining = (this.#remaining[slot] as number) - 1
    this.#remaining[slot] = remaining
    if (remaining > 0) return
    this.#complete++
    this.#due++
  }

  turn(): void {
    if (this.#due > 0 && this.#running) this.#publish()
    else if (!this.#running) this.#settling.check()
  }

  failed(_link: Link, error: Error): void {
    this.#settling.fail(error)
  }

  /** Asks for all that are due in one write. */
  #publish(): void {
    const count = this.#due
    const now = performance.now()
    const first = this.#asked
    for (let i = 0; i < count; i++) {
      const slot = (first + i) % this.#settings.outstanding
      this.#remaining[slot] = this.#subscribers.length
      this.#askedAt[slot] = now
    }
    this.#due = 0
    this.#asked += count
    this.#publisher.write(this.#framesFor(first, count))
  }

  #framesFor(first: number, count: number): Buffer {
    if (!this.#dialect.sequenced)
      return this.#frames.subarray(0, (this.#frames.length / this.#settings.outstanding) * count)
    const from = this.#settings.from + first
    const built = Array.from({ length: count }, (_, i) =>
      textFrame(this.#dialect.publish(this.#payload, from + i)),
    )
    return Buffer.concat(built)
  }
}
