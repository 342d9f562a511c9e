/** A TCP proxy that a test makes misbehave: the network between a real client and a real server. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Throttle } from './throttle.js'

/** Where bytes go: to the server, or to the client. */
export type Way = 'up' | 'down'
const WAYS: readonly Way[] = ['up', 'down']
/** `flows`; `stalls`: nothing is read any more, so that buffers fill; `swallows`: taken, acknowledged, and gone. */
type Mode = 'flows' | 'stalls' | 'swallows'

/** Bytes that are read at a time where the link is slow, and of which no more than one piece is ahead of the link. */
const PIECE = 1024
const ALL = 65_536

interface Link {
  readonly delay: () => number
  /** Absent where as much passes as comes. */
  readonly throttle: Throttle | undefined
}

class Pipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #link: Link
  #mode: Mode = 'flows'
  /** What was read though nothing was to be: a read that had begun cannot be taken back. */
  readonly #held: Buffer[] = []
  /** Whether the link still carries what was read last. */
  #isBusy = false

  constructor(from: Socket, to: Socket, link: Link) {
    this.#from = from
    this.#to = to
    this.#link = link
    from.on('data', (bytes) => this.take(bytes))
    from.on('end', () => {
      if (this.#mode === 'flows') this.#later(() => to.end())
    })
    from.on('close', () => this.#close())
  }

  set mode(mode: Mode) {
    // A stream never goes on behind what it lost.
    if (this.#mode === 'swallows') return
    this.#mode = mode
    this.#read()
    if (mode !== 'stalls') for (const bytes of this.#held.splice(0)) this.#pass(bytes)
    if (this.#from.closed) this.#close()
  }

  /** That one end is gone the other learns only where something passes. */
  #close(): void {
    if (this.#mode === 'flows') this.#to.destroy()
  }

  /** What was read. False when nothing more is to be read for now. */
  take(bytes: Buffer): boolean {
    const { throttle } = this.#link
    if (throttle === undefined) this.#pass(bytes)
    else {
      this.#isBusy = true
      throttle.carry(bytes.length, () => {
        this.#isBusy = false
        this.#pass(bytes)
        this.#read()
      })
      this.#read()
    }
    return this.#reads
  }

  get #reads(): boolean {
    return !this.#isBusy && this.#mode !== 'stalls'
  }

  #read(): void {
    if (this.#reads) this.#from.resume()
    else this.#from.pause()
  }

  #pass(bytes: Buffer): void {
    if (this.#mode === 'stalls') this.#held.push(bytes)
    else if (this.#mode === 'flows') this.#later(() => this.#to.write(bytes))
  }

  /** Every piece waits as long as the one before it, so their order stays. */
  #later(run: () => void): void {
    const delay = this.#link.delay()
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
  /**
   * Bytes that pass in a second, each way. Only where it was not infinite when a connection began can it be changed for it. Of what goes
   * down the proxy is ahead by a kilobyte, of what goes up by what one read brings, which is up to 64.
   *
   * The kernel holds more, and Node has no way to keep it from that: on loopback, whose segments have 64 KB, the two sockets between the
   * server and this proxy take four megabytes before anything waits in the server (on Linux 6.18; over Ethernet it would be some hundred
   * kilobytes). So a server that goes by what its sockets take learns of a slow reader only then, and closing a connection does not take
   * back what they hold.
   */
  rate: { up: number; down: number } = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY }
  /** How many connections there ever were. */
  connections = 0
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** How connections to come are, until all is healed. */
  readonly #coming: { [W in Way]: Mode } = { up: 'flows', down: 'flows' }

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

  /** Nothing is read any more, in connections that are there and in those to come, which are accepted. */
  hold(...ways: Way[]): void {
    this.#set('stalls', ways, this.#coming)
  }

  /** What passes in these directions never arrives, in connections that are there and in those to come. */
  blackHole(...ways: Way[]): void {
    this.#set('swallows', ways, this.#coming)
  }

  /** What stalled flows again, and connections to come are well. */
  heal(): void {
    this.#set('flows', [], this.#coming)
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #set(mode: Mode, ways: readonly Way[], coming?: { [W in Way]: Mode }): void {
    for (const way of ways.length === 0 ? WAYS : ways) {
      for (const pair of this.#pairs) pair[way].mode = mode
      if (coming !== undefined) coming[way] = mode
    }
  }

  #join(client: Socket): void {
    this.connections++
    client.on('error', () => {})
    if (this.refusing) {
      client.resetAndDestroy()
      return
    }
    const pair = this.#pair(client)
    const { server } = pair
    this.#pairs.add(pair)
    for (const way of WAYS) pair[way].mode = this.#coming[way]
    server.on('error', () => {})
    for (const socket of [client, server])
      socket.on('close', () => {
        if (client.closed && server.closed) this.#pairs.delete(pair)
      })
  }

  #pair(client: Socket): Pair {
    const { up, down } = this.rate
    const isSlow = Math.min(up, down) < Number.POSITIVE_INFINITY
    const server = connect({
      ...{ port: this.target, host: '127.0.0.1', noDelay: true },
      onread: {
        buffer: Buffer.alloc(isSlow ? PIECE : ALL),
        callback: (length, buffer) => pair.down.take(Buffer.from(buffer.subarray(0, length))),
      },
    })
    const link = (way: Way): Link => ({
      delay: () => this.delay,
      throttle: isSlow ? new Throttle(() => this.rate[way]) : undefined,
    })
    const pair: Pair = {
      ...{ client, server },
      up: new Pipe(client, server, link('up')),
      down: new Pipe(server, client, link('down')),
    }
    return pair
  }
}
