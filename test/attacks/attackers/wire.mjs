/** WebSockets by hand: bytes that no client would send, and what comes of them. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export { pause }

const KEY = 'AAAAAAAAAAAAAAAAAAAAAA=='
const MASK = 0x80

/** A frame of a client, under the masking key 0: what is masked by it stays as it is. RFC 6455 §5.3. */
export function frame(head, payload = '') {
  const bytes = Buffer.from(payload)
  return Buffer.concat([header(head, bytes.length), bytes])
}

/** The header of a frame, whatever follows it. */
export function header(head, length) {
  const key = Buffer.alloc(4)
  if (length < 126) return Buffer.from([head, MASK | length, ...key])
  if (length < 65_536) return Buffer.from([head, MASK | 126, length >> 8, length & 255, ...key])
  const long = Buffer.alloc(8)
  long.writeBigUInt64BE(BigInt(length))
  return Buffer.from([head, MASK | 127, ...long, ...key])
}

export const TEXT = 0x81
export const CLOSE = 0x88
export const PING = 0x89
export const PONG = 0x8a
export const text = (payload) => frame(TEXT, payload)
export const CONNECT = text('{"id":1,"connect":{"version":1}}')

/** The head of a handshake. */
export const handshake = ({ path = '/millrace', headers = {} } = {}) =>
  [
    `GET ${path} HTTP/1.1`,
    'host: attacked',
    'connection: upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    `sec-websocket-key: ${KEY}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n')

/** Wires that are there, and what those took and gave that are gone. */
const wires = new Set()
const gone = { sent: 0, received: 0 }

/**
 * Bytes that have left the sockets of this process, but those of an audience, and that have come in there. What is queued before a socket
 * does not count.
 */
export function traffic() {
  const sum = { ...gone }
  for (const wire of wires) count(sum, wire)
  return sum
}

function count(sum, { socket, isAudience }) {
  if (!isAudience) sum.sent += socket.bytesWritten - socket.writableLength
  sum.received += socket.bytesRead
}

/** A connection of bytes. Of what comes it remembers how it ended. */
export class Wire {
  socket
  /** The status of the answer, once there is one. */
  status
  /** The code of the Close frame that came. */
  code
  /** Told the payload of each message. */
  onText = () => {}
  /** Whether it does no more than read. */
  isAudience = false
  #rest = Buffer.alloc(0)
  #isOpen = false
  #tell

  constructor(port, from = undefined) {
    this.socket = connect({ port, host: '127.0.0.1', localAddress: from })
    this.socket.setNoDelay(true)
    wires.add(this)
    this.socket.on('error', () => {})
    this.socket.on('data', (bytes) => this.#read(bytes))
    this.ended = new Promise((resolve) =>
      this.socket.on('close', () => {
        wires.delete(this)
        count(gone, this)
        resolve(this.end)
      }),
    )
    this.told = new Promise((resolve) => {
      this.#tell = resolve
    })
  }

  get isOver() {
    return this.code !== undefined || this.socket.destroyed
  }

  /** How it ended: a code, a status that refused, or `cut`. */
  get end() {
    return this.code ?? (this.status !== undefined && this.status !== 101 ? this.status : 'cut')
  }

  send(bytes) {
    if (this.socket.writable) this.socket.write(bytes)
  }

  /** Sends as much as the other side takes, and waits until it has, or has closed. False when it is over. */
  async pour(bytes, deaf = false) {
    const { socket } = this
    if (!socket.writable) return false
    const drained = () => once(socket, 'drain').catch(() => {})
    if (!socket.write(bytes))
      await Promise.race([drained(), deaf ? this.ended : Promise.race([this.ended, this.told])])
    return socket.writable && !this.isOver
  }

  /** Resolves with true when the handshake is done, and with false when it was refused. */
  opens(options) {
    this.send(handshake(options))
    return new Promise((resolve) => {
      this.onOpen = () => resolve(this.status === 101)
      this.ended.then(() => resolve(false))
    })
  }

  /** From now on it is only looked how much comes. Says now and then that it is alive. */
  listens() {
    this.isAudience = true
    this.socket.removeAllListeners('data')
    this.socket.resume()
    const alive = setInterval(() => this.send(text('{"pong":{}}')), 4000)
    this.ended.then(() => clearInterval(alive))
  }

  /** Stops reading: what comes fills buffers. */
  stall() {
    this.socket.pause()
  }

  destroy() {
    this.socket.destroy()
  }

  #read(bytes) {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    if (!this.#isOpen) {
      const end = rest.indexOf('\r\n\r\n')
      if (this.status === undefined && rest.length > 12)
        this.status = Number(rest.toString('latin1', 9, 12)) || undefined
      if (end >= 0) {
        this.#isOpen = this.status === 101
        rest = rest.subarray(end + 4)
        this.onOpen?.()
      }
    }
    this.#rest = this.#isOpen ? this.#frames(rest) : rest.subarray(0, 4096)
  }

  #frames(bytes) {
    let at = 0
    for (let found = frameAt(bytes, at); found !== undefined; found = frameAt(bytes, at)) {
      const { head, payload } = found
      if (head === CLOSE) {
        this.code ??= payload.length < 2 ? 1005 : payload.readUInt16BE(0)
        this.#tell()
      } else if (head === TEXT) this.onText(payload)
      at = found.end
    }
    return bytes.subarray(at)
  }
}

/** The server's frame that begins here, once it is all there. */
export function frameAt(bytes, at) {
  if (bytes.length - at < 2) return undefined
  let [length, start] = [bytes[at + 1], at + 2]
  if (length >= 126) start += length === 126 ? 2 : 8
  if (bytes.length < start) return undefined
  if (length === 126) length = bytes.readUInt16BE(at + 2)
  else if (length === 127) length = Number(bytes.readBigUInt64BE(at + 2))
  const end = start + length
  return bytes.length < end ? undefined : { head: bytes[at], payload: bytes.subarray(start, end), end }
}

/** A connection that is open. Rejects with how it ended instead. */
export async function open(port, options = {}) {
  const wire = new Wire(port, options.from)
  if (await wire.opens(options)) return wire
  throw new Error(`refused: ${wire.end}`)
}

/** Counts: `{ 4006: 12, cut: 1 }`. */
export class Tally {
  counts = {}

  add(what, count = 1) {
    this.counts[what] = (this.counts[what] ?? 0) + count
  }
}

/**
 * Milliseconds from one connection of an attacker to its next: an address may begin with 50 a second, and whoever comes more often is ended unheard, which
 * `flapping` and `oneAddress` are for. Addresses of the loopback network are not counted, so here each keeps to it by itself. [H11.9]
 */
const ANEW = 20

/**
 * Attacks with so many connections, one after the other in each place, until the time is over, or so many `times`. Counts how they ended. Who
 * is `deaf` goes on though it was told that it is over, until nothing is taken any more.
 */
export async function storm(
  port,
  { seconds, wires, times = Number.POSITIVE_INFINITY, deaf = false, ...options },
  attack,
) {
  const [until, tally] = [performance.now() + seconds * 1000, new Tally()]
  const place = async () => {
    for (let time = 0; time < times && performance.now() < until; time++) {
      const next = performance.now() + ANEW
      const wire = new Wire(port)
      if (await wire.opens(options)) {
        await attack(
          wire,
          () => performance.now() < until && !(deaf ? wire.socket.destroyed : wire.isOver),
          deaf,
        )
        // Whoever is closed for it is told so a moment later.
        if (!wire.isOver && performance.now() < until) await Promise.race([wire.ended, pause(1000)])
      }
      if (wire.isOver || performance.now() < until) tally.add(wire.end)
      wire.destroy()
      // Who is through with all his times, or with the time, has nothing to wait for.
      if (time + 1 < times && next < until) await pause(Math.max(0, next - performance.now()))
    }
  }
  await Promise.all(Array.from({ length: wires }, place))
  return { ends: tally.counts }
}
