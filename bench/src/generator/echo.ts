/** Echo in a closed loop: each connection keeps a fixed number of messages in flight. */
import type { Dialect } from './dialect.js'
import { payloadOf } from './dialects.js'
import { repeated, textFrame } from './frames.js'
import { Histogram, type Quantiles } from './histogram.js'
import type { Link, LinkListener } from './link.js'
import type { Load } from './measure.js'
import { Settling } from './settling.js'

export interface EchoSettings {
  readonly size: number
  /** Messages on the way per connection. */
  readonly inFlight: number
}

export class Echo implements Load, LinkListener {
  readonly #links: readonly Link[]
  readonly #inFlight: number
  readonly #frames: Buffer
  readonly #frameLength: number
  /** Per connection: echoes got, and a ring of the moments at which messages left. */
  readonly #got: Uint32Array
  readonly #sentAt: Float64Array
  readonly #latency = new Histogram()
  readonly #settling = new Settling()
  /** Echoes that the read under way brought. */
  #fresh = 0
  #flying = 0
  #echoed = 0
  #running = false

  constructor(links: readonly Link[], dialect: Dialect, settings: EchoSettings) {
    this.#links = links
    this.#inFlight = settings.inFlight
    const frame = textFrame(dialect.echo(payloadOf(settings.size)))
    this.#frameLength = frame.length
    this.#frames = repeated(frame, settings.inFlight)
    this.#got = new Uint32Array(links.length)
    this.#sentAt = new Float64Array(links.length * settings.inFlight)
    for (const link of links) link.listener = this
  }

  start(): void {
    this.#running = true
    for (const link of this.#links) {
      this.#sentAt.fill(performance.now(), link.index * this.#inFlight, (link.index + 1) * this.#inFlight)
      this.#send(link, this.#inFlight)
    }
  }

  count(): number {
    return this.#echoed
  }

  clearLatency(): void {
    this.#latency.clear()
  }

  latency(): Quantiles {
    return this.#latency.quantiles()
  }

  stop(): Promise<void> {
    this.#running = false
    return this.#settling.wait(() => this.#flying === 0)
  }

  ready(): void {}

  delivery(): void {
    this.#fresh++
  }

  /** Echoes come back in order, so the oldest moments of the ring are theirs; as many messages take their places. */
  turn(link: Link): void {
    const count = this.#fresh
    if (count === 0) return
    this.#fresh = 0
    this.#flying -= count
    this.#echoed += count
    const now = performance.now()
    const got = this.#got[link.index] as number
    for (let i = 0; i < count; i++) {
      const slot = link.index * this.#inFlight + ((got + i) % this.#inFlight)
      this.#latency.record(now - (this.#sentAt[slot] as number))
      this.#sentAt[slot] = now
    }
    this.#got[link.index] = got + count
    if (this.#running) this.#send(link, count)
    else this.#settling.check()
  }

  failed(_link: Link, error: Error): void {
    this.#settling.fail(error)
  }

  #send(link: Link, count: number): void {
    this.#flying += count
    link.write(this.#frames.subarray(0, count * this.#frameLength))
  }
}
