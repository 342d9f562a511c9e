/**
 * A link that carries only so many bytes a second, each way: a proxy that reads from the server in pieces of a kilobyte, and the next
 * one only when the link has carried the last. What the kernel takes besides is not in its hands: on loopback, whose segments have 64 KB,
 * four megabytes before anything waits in a server.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { now } from '../../common/clock.js'

const PIECE = 1024
/** Milliseconds by which a timer may be late without costing the link anything. */
const SLACK = 50

/** One direction. */
class Lane {
  readonly #to: Socket
  readonly #from: Socket
  readonly #rate: number
  #free = 0

  constructor(from: Socket, to: Socket, rate: number) {
    this.#from = from
    this.#to = to
    this.#rate = rate
  }

  carry(bytes: Buffer): void {
    const at = now()
    this.#free = Math.max(this.#free, at - SLACK) + (bytes.length / this.#rate) * 1000
    this.#from.pause()
    setTimeout(() => {
      this.#to.write(bytes)
      this.#from.resume()
    }, this.#free - at)
  }
}

export interface ThinLink {
  readonly port: number
  /** How many connections there were. */
  readonly connections: () => number
}

export async function openThinLink(target: number, rate: number): Promise<ThinLink> {
  let connections = 0
  const proxy = createServer({ noDelay: true }, (client) => {
    connections++
    const server = connect({
      ...{ port: target, host: '127.0.0.1', noDelay: true },
      onread: {
        buffer: Buffer.alloc(PIECE),
        callback: (length, buffer) => {
          down.carry(Buffer.from(buffer.subarray(0, length)))
          return false
        },
      },
    })
    const down = new Lane(server, client, rate)
    const up = new Lane(client, server, rate)
    client.on('data', (bytes) => up.carry(bytes))
    for (const [one, other] of [[client, server] as const, [server, client] as const]) {
      // Whoever is gone is gone for both; an error is told by the close that follows.
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return { port: (proxy.address() as AddressInfo).port, connections: () => connections }
}
