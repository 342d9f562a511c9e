/** A TCP proxy whose connections a test cuts, stalls and refuses: the network between a real client and a real server. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class CuttableNetwork {
  readonly #target: number
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  /** Connections are reset as soon as they come. */
  refusing = false
  /** How many connections there ever were. */
  connections = 0

  constructor(target: number) {
    this.#target = target
    this.#server = createServer({ noDelay: true }, (client) => this.#join(client))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  /** Every connection is gone at once, with what was under way in it. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
    this.#pairs.clear()
  }

  /** Nothing passes any more, in either direction, and nobody is told. */
  stall(): void {
    for (const [client, server] of this.#pairs) {
      client.unpipe(server)
      server.unpipe(client)
      client.pause()
      server.pause()
    }
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(client: Socket): void {
    this.connections++
    client.on('error', () => {})
    if (this.refusing) {
      client.resetAndDestroy()
      return
    }
    const server = connect({ port: this.#target, host: '127.0.0.1', noDelay: true })
    server.on('error', () => client.destroy())
    const pair = [client, server] as const
    this.#pairs.add(pair)
    client.on('close', () => {
      this.#pairs.delete(pair)
      server.destroy()
    })
    server.on('close', () => client.destroy())
    client.pipe(server)
    server.pipe(client)
  }
}
