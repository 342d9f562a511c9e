import type { Socket } from 'node:net'
import { concat, utf8 } from './bytes.js'
import {
  decodeSettings,
  encodeH2Frame,
  encodeSettings,
  FLAG,
  H2,
  type H2Frame,
  H2FrameReader,
  SETTING,
  uint32,
} from './h2-frames.js'
import { H2Stream, type H2StreamHandler } from './h2-stream.js'
import { decodeHeaders, encodeHeaders } from './hpack.js'

export interface H2Options {
  /** What the suite lets the subject send on one stream before it says more. Default 65535 (RFC 9113 §6.9.2). */
  readonly initialWindow?: number
}

/**
 * The client half of one HTTP/2 connection, written from RFC 9113 so that a case can send what no library sends:
 * requests without their pseudo-headers, padded and empty DATA frames, windows of a few octets.
 */
export class H2Connection {
  readonly #socket: Socket
  readonly #reader = new H2FrameReader()
  readonly #streams = new Map<number, H2Stream>()
  readonly #initialWindow: number
  #nextStream = 1
  #peerWindow = 65535
  #peerStreamWindow = 65535
  #headerBlock: Uint8Array = new Uint8Array(0)
  #headerFlags = 0
  #settled: (() => void) | undefined
  readonly #settings = new Map<number, number>()

  /** Resolves when both sides have each other's SETTINGS, as RFC 8441 §3 asks of a client before it may connect. */
  static async open(socket: Socket, options: H2Options = {}): Promise<H2Connection> {
    const connection = new H2Connection(socket, options)
    await new Promise<void>((resolve, reject) => {
      connection.#settled = resolve
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('the connection closed before SETTINGS came')))
    })
    return connection
  }

  private constructor(socket: Socket, options: H2Options) {
    this.#socket = socket
    this.#initialWindow = options.initialWindow ?? 65535
    socket.on('data', (data: Buffer) => {
      for (const frame of this.#reader.push(data)) this.#receive(frame)
    })
    socket.on('close', () => this.#lost())
    socket.on('error', () => this.#lost())
    const settings = encodeSettings([
      [SETTING.headerTableSize, 0],
      [SETTING.enablePush, 0],
      [SETTING.initialWindow, this.#initialWindow],
    ])
    // RFC 9113 §3.4: the preface, then SETTINGS.
    socket.write(utf8('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))
    this.#frame(H2.settings, 0, settings)
    // The connection's own window is opened wide once, so that only streams are held back by a case.
    this.#frame(H2.windowUpdate, 0, uint32(0x3fffffff))
  }

  /** The subject's value for a setting, or undefined when it did not send it. */
  setting(id: number): number | undefined {
    return this.#settings.get(id)
  }

  /** Sends HEADERS exactly as given. */
  request(
    headers: readonly (readonly [string, string])[],
    handler: H2StreamHandler,
    endStream = false,
  ): H2Stream {
    const id = this.#nextStream
    this.#nextStream += 2
    const stream = new H2Stream({
      id,
      handler,
      sendWindow: this.#peerStreamWindow,
      receiveWindow: this.#initialWindow,
      take: (wanted) => this.#take(wanted),
      frame: (type, flags, payload) => this.#frame(type, id, payload, flags),
    })
    this.#streams.set(id, stream)
    this.#frame(H2.headers, id, encodeHeaders(headers), FLAG.endHeaders | (endStream ? FLAG.endStream : 0))
    return stream
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Takes up to `wanted` octets from the connection's send window. */
  #take(wanted: number): number {
    const granted = Math.min(wanted, this.#peerWindow, 16384)
    this.#peerWindow -= granted
    return granted
  }

  // budget: a frame's fields, in the order of its header
  #frame(type: number, stream: number, payload: Uint8Array, flags = 0): void {
    if (this.#socket.writable) this.#socket.write(encodeH2Frame({ type, flags, stream, payload }))
  }

  #receive(frame: H2Frame): void {
    if (frame.type === H2.settings) this.#receiveSettings(frame)
    else if (frame.type === H2.ping) this.#receivePing(frame)
    else if (frame.type === H2.windowUpdate) this.#receiveWindow(frame)
    else if (frame.type === H2.headers || frame.type === H2.continuation) this.#receiveHeaders(frame)
    else if (frame.type === H2.goaway) this.#lost()
    else this.#streams.get(frame.stream)?.receive(frame)
  }

  #receivePing(frame: H2Frame): void {
    if ((frame.flags & FLAG.ack) === 0) this.#frame(H2.ping, 0, frame.payload, FLAG.ack)
  }

  #receiveSettings(frame: H2Frame): void {
    if ((frame.flags & FLAG.ack) !== 0) {
      this.#settled?.()
      return
    }
    for (const [id, value] of decodeSettings(frame.payload)) {
      this.#settings.set(id, value)
      if (id === SETTING.initialWindow) this.#peerStreamWindow = value
    }
    this.#frame(H2.settings, 0, new Uint8Array(0), FLAG.ack)
  }

  #receiveWindow(frame: H2Frame): void {
    const view = new DataView(frame.payload.buffer, frame.payload.byteOffset, 4)
    const more = view.getUint32(0) & 0x7fffffff
    if (frame.stream !== 0) this.#streams.get(frame.stream)?.grow(more)
    else {
      this.#peerWindow += more
      for (const stream of this.#streams.values()) stream.grow(0)
    }
  }

  #receiveHeaders(frame: H2Frame): void {
    this.#headerFlags = frame.type === H2.headers ? frame.flags : this.#headerFlags
    this.#headerBlock = concat([this.#headerBlock, frame.payload])
    if ((frame.flags & FLAG.endHeaders) === 0) return
    const headers = decodeHeaders(this.#headerBlock)
    this.#headerBlock = new Uint8Array(0)
    this.#streams.get(frame.stream)?.receiveHeaders(headers, (this.#headerFlags & FLAG.endStream) !== 0)
  }

  #lost(): void {
    for (const stream of this.#streams.values()) stream.lost()
  }
}
