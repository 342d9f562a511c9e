/** One client's way to the server: a port of its own, whose connections can be cut and refused. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { now } from '../../common/clock.js'
import type { Outage } from './outage.js'

type Open = { -readonly [K in keyof Outage]: Outage[K] }

export class Wire {
  readonly outages: Open[] = []
  readonly #target: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #refuses = false

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client))
  }

  static async open(target: number): Promise<{ readonly wire: Wire; readonly port: number }> {
    const wire = new Wire(target)
    wire.#server.listen(0, '127.0.0.1')
    await once(wire.#server, 'listening')
    return { wire, port: (wire.#server.address() as AddressInfo).port }
  }

  /** Resets both halves of every connection, so that either end knows at once, and refuses new ones. */
  cut(): number {
    const at = now()
    this.#refuses = true
    for (const socket of this.#sockets) socket.resetAndDestroy()
    this.#sockets.clear()
    this.outages.push({ from: at, to: at, back: null, refused: 0, accepted: 0 })
    return at
  }

  heal(): number {
    const at = now()
    this.#refuses = false
    const outage = this.outages.at(-1)
    if (outage !== undefined) outage.to = at
    return at
  }

  #accept(client: Socket): void {
    // Whoever is cut off knows from its own end; here an error is no news.
    client.on('error', () => {})
    const outage = this.outages.at(-1)
    if (this.#refuses) {
      if (outage !== undefined) outage.refused++
      client.resetAndDestroy()
      return
    }
    if (outage !== undefined) {
      outage.back ??= now()
      outage.accepted++
    }
    const server = connect({ port: this.#target, host: '127.0.0.1', noDelay: true })
    server.on('error', () => {})
    this.#join(client, server)
    this.#join(server, client)
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.pipe(to)
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}
