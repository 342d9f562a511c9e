/** One raw TCP connection to a peer: upgrade, then frame headers only. */
import { connect, type Socket } from 'node:net'
import { type Dialect, MEANING, type Role } from './dialect.js'
import { FrameJumper, type FrameSink } from './frame-jumper.js'
import { pongFrame, textFrame } from './frames.js'
import { UpgradeResponse, upgradeRequest } from './upgrade.js'

const CLOSE = 8
const PING = 9

/**
 * All sockets read into this one buffer: each read is consumed before the next, so no connection owns memory, and nothing is
 * allocated per read. A quarter of a megabyte takes sixteen messages of 4 KB in one system call.
 */
const READ_BUFFER = Buffer.alloc(256 * 1024)

export interface LinkListener {
  /** The handshake, first subscription included, is complete. */
  ready(link: Link): void
  delivery(link: Link): void
  /** A read has been consumed: the moment to write what its deliveries asked for. */
  turn(link: Link): void
  failed(link: Link, error: Error): void
}

export interface Peer {
  readonly port: number
  readonly dialect: Dialect
}

export class Link implements FrameSink {
  readonly index: number
  readonly role: Role
  listener: LinkListener
  readonly #dialect: Dialect
  readonly #jumper: FrameJumper
  readonly #socket: Socket
  #response: UpgradeResponse | undefined = new UpgradeResponse()
  #closed = false

  constructor(peer: Peer, place: { readonly index: number; readonly role: Role }, listener: LinkListener) {
    this.index = place.index
    this.role = place.role
    this.listener = listener
    this.#dialect = peer.dialect
    this.#jumper = new FrameJumper(this, peer.dialect.peek)
    this.#socket = connect({
      host: '127.0.0.1',
      port: peer.port,
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (length: number) => this.#read(length) },
    })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('The server closed the connection')))
    this.#socket.write(upgradeRequest(peer.port, peer.dialect.path(place.role), peer.dialect.subprotocol))
  }

  write(frames: Uint8Array): void {
    this.#socket.write(frames)
  }

  /** Ends the connection with a reset, so that thousands of them leave no ports in TIME_WAIT. */
  destroy(): void {
    this.#closed = true
    this.#socket.resetAndDestroy()
  }

  inspect(bytes: Uint8Array, start: number, end: number): number {
    const meaning = this.#dialect.inspect(bytes, start, end)
    if (meaning === MEANING.refusal) {
      throw new Error(
        `The server answered ${JSON.stringify(Buffer.from(bytes.subarray(start, end)).toString('latin1'))}…`,
      )
    }
    return meaning
  }

  message(meaning: number): void {
    switch (meaning) {
      case MEANING.delivery:
        this.listener.delivery(this)
        break
      case MEANING.ready:
        this.listener.ready(this)
        break
      case MEANING.greeting:
        this.#say(this.#dialect.greeting?.(this.role))
        break
      case MEANING.heartbeat:
        this.#say(this.#dialect.pong)
        break
    }
  }

  control(opcode: number, payload: Uint8Array): void {
    if (opcode === PING) this.write(pongFrame(payload))
    if (opcode !== CLOSE) return
    const reason = Buffer.from(payload.subarray(2)).toString()
    const code = payload.length < 2 ? 1005 : (payload[0] as number) * 256 + (payload[1] as number)
    throw new Error(`The server closed the connection with ${code} ${reason}`)
  }

  #read(length: number): boolean {
    if (this.#closed) return false
    try {
      const start = this.#response === undefined ? 0 : this.#upgrade(length)
      if (start >= 0 && start < length) this.#jumper.push(READ_BUFFER, start, length)
    } catch (error) {
      this.#fail(error as Error)
      return false
    }
    this.listener.turn(this)
    return !this.#closed
  }

  #upgrade(length: number): number {
    const start = this.#response?.push(READ_BUFFER.subarray(0, length)) ?? 0
    if (start < 0) return start
    this.#response = undefined
    this.#say(this.#dialect.hello?.(this.role))
    if (this.#dialect.readyAtOnce) this.listener.ready(this)
    return start
  }

  #say(text: string | undefined): void {
    if (text !== undefined) this.write(textFrame(text))
  }

  #fail(error: Error): void {
    if (this.#closed) return
    this.destroy()
    this.listener.failed(this, error)
  }
}
