/** A TCP proxy that a test makes misbehave: the network between a real client and a real server. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Where bytes go: to the server, or to the client. */
export type Way = 'up' | 'down'
/** `flows`; `stalls`: nothing is read any more, so that buffers fill; `swallows`: taken, acknowledged, and gone. */
type Mode = 'flows' | 'stalls' | 'swallows'

class Pipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #delay: () => number
  #mode: Mode = 'flows'

  constructor(from: Socket, to: Socket, delay: () => number) {
    this.#from = from
    this.#to = to
    this.#delay = delay
    from.on('data', (bytes) => this.#pass(bytes))
    from.on('end', () => this.#later(() => to.end()))
  }

  set mode(mode: Mode) {
    // A stream never goes on behind what it lost.
    if (this.#mode === 'swallows') return
    this.#mode = mode
    if (mode === 'stalls') this.#from.pause()
    else this.#from.resume()
  }

  #pass(bytes: Buffer): void {
    if (this.#mode !== 'swallows') this.#later(() => this.#to.write(bytes))
  }

  /** Every piece waits as long as the one before it, so their order stays. */
  #later(run: () => void): void {
    const delay = this.#delay()
    if (delay === 0) run()
    else setTimeout(run, delay)
  }
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  readonly up: Pipe
  readonly down: Pipe
}

export class FaultyNetwork {
  /** The port behind it; another one from the next connection on. */
  target: number
  /** Connections are reset as soon as they come. */
  refusing = false
  /** How long every piece takes, in milliseconds, each way. */
  delay = 0
  /** How many connections there ever were. */
  connections = 0
  readonly #server: Server
  readonly #pairs = new Set<Pair>()

  constructor(target: number) {
    this.target = target
    this.#server = createServer({ noDelay: true }, (client) => this.#join(client))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  /** Every connection is gone at once, with what was under way in it. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
    this.#pairs.clear()
  }

  /** Nothing passes any more, in these directions, and nobody is told. Connections to come are well. */
  stall(...ways: Way[]): void {
    this.#set('stalls', ways)
  }

  /** What passes in these directions is taken and acknowledged, and never arrives. */
  swallow(...ways: Way[]): void {
    this.#set('swallows', ways)
  }

  /** What stalled flows again. */
  heal(): void {
    this.#set('flows', [])
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #set(mode: Mode, ways: readonly Way[]): void {
    const both: readonly Way[] = ways.length === 0 ? ['up', 'down'] : ways
    for (const pair of this.#pairs) for (const way of both) pair[way].mode = mode
  }

  #join(client: Socket): void {
    this.connections++
    client.on('error', () => {})
    if (this.refusing) {
      client.resetAndDestroy()
      return
    }
    const server = connect({ port: this.target, host: '127.0.0.1', noDelay: true })
    const delay = () => this.delay
    const pair = {
      client,
      server,
      up: new Pipe(client, server, delay),
      down: new Pipe(server, client, delay),
    }
    this.#pairs.add(pair)
    server.on('error', () => client.destroy())
    client.on('close', () => {
      this.#pairs.delete(pair)
      server.destroy()
    })
    server.on('close', () => client.destroy())
  }
}
