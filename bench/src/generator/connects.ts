/** Connect rate in a closed loop: a fixed number of handshakes under way, each connection reset once enough newer ones stand. */
import { Histogram, type Quantiles } from './histogram.js'
import { Link, type LinkListener, type Peer } from './link.js'
import type { Load } from './measure.js'
import { Settling } from './settling.js'

export interface ConnectSettings {
  /** Handshakes under way. */
  readonly atOnce: number
  /** Connections kept open; the oldest is reset when there are more. */
  readonly kept: number
}

export class Connects implements Load, LinkListener {
  readonly #peer: Peer
  readonly #settings: ConnectSettings
  readonly #startedAt = new Map<Link, number>()
  readonly #latency = new Histogram()
  readonly #settling = new Settling()
  #open: Link[] = []
  #oldest = 0
  #started = 0
  #connected = 0
  #running = false

  constructor(peer: Peer, settings: ConnectSettings) {
    this.#peer = peer
    this.#settings = settings
  }

  start(): void {
    this.#running = true
    for (let i = 0; i < this.#settings.atOnce; i++) this.#add()
  }

  count(): number {
    return this.#connected
  }

  clearLatency(): void {
    this.#latency.clear()
  }

  latency(): Quantiles {
    return this.#latency.quantiles()
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#settling.wait(() => this.#startedAt.size === 0)
    for (const link of this.#open.slice(this.#oldest)) link.destroy()
    this.#open = []
    this.#oldest = 0
  }

  ready(link: Link): void {
    const startedAt = this.#startedAt.get(link)
    // A subscription that is renewed would make a link ready twice; only the first counts.
    if (startedAt === undefined) return
    this.#startedAt.delete(link)
    this.#connected++
    this.#latency.record(performance.now() - startedAt)
    this.#open.push(link)
    this.#trim()
    if (this.#running) this.#add()
    else this.#settling.check()
  }

  delivery(): void {}
  turn(): void {}

  failed(_link: Link, error: Error): void {
    this.#settling.fail(error)
  }

  #add(): void {
    const link = new Link(this.#peer, { index: this.#started++, role: 'subscriber' }, this)
    this.#startedAt.set(link, performance.now())
  }

  #trim(): void {
    if (this.#open.length - this.#oldest <= this.#settings.kept) return
    this.#open[this.#oldest++]?.destroy()
    // The list is compacted rarely, so that removing from its front costs nothing.
    if (this.#oldest > this.#settings.kept) {
      this.#open = this.#open.slice(this.#oldest)
      this.#oldest = 0
    }
  }
}
