/** HTTP/2 by hand: frames that no client would send, and what comes of them. RFC 9113. */
import { once } from 'node:events'
import { connect } from 'node:tls'
import { pause, Tally } from './wire.mjs'

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
}
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 }
/** RFC 9113 §7. */
const CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
]
const HEAD = 9
/** RFC 9113 §3.4. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** RFC 9113 §4.1. */
export function frame(type, { flags = 0, stream = 0, payload = '' } = {}) {
  const bytes = Buffer.from(payload)
  const head = Buffer.alloc(HEAD)
  head.writeUIntBE(bytes.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, bytes])
}

export function uint32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** RFC 7541 §5.1: a length of seven bits, and more. */
function length(value) {
  if (value < 127) return Buffer.of(value)
  const bytes = [127]
  for (let rest = value - 127; ; rest >>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push(128 | (rest & 127))
  }
}

const string = (text) => Buffer.concat([length(Buffer.byteLength(text)), Buffer.from(text)])
/** Fields that the table does not keep, and those that it does: RFC 7541 §6.2.2, §6.2.1. */
export const field = (name, value, isKept = false) =>
  Buffer.concat([Buffer.of(isKept ? 0x40 : 0x00), string(name), string(value)])

/** The fields of a request. */
export const request = (path, method = 'GET') =>
  Buffer.concat([
    field(':method', method),
    Buffer.of(0x87),
    field(':path', path),
    field(':authority', 'localhost'),
  ])

export const opening = (stream, block, isWhole = true) =>
  frame(TYPE.headers, { flags: FLAG.endHeaders | (isWhole ? FLAG.endStream : 0), stream, payload: block })
/** RFC 9113 §6.4. */
export const reset = (stream, code = 8) => frame(TYPE.reset, { stream, payload: uint32(code) })
export const windowUpdate = (stream, by) => frame(TYPE.windowUpdate, { stream, payload: uint32(by) })

/** A session of HTTP/2. Of what comes it counts what was reset, and remembers how it ended. */
export class H2Wire {
  socket
  /** The code of the GOAWAY that came, by its name. */
  goaway
  resets = new Tally()
  #rest = Buffer.alloc(0)
  #tell

  constructor(port, { settings = [], ...options } = {}) {
    // Whom it attacks is not in doubt.
    this.socket = connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      ...options,
    })
    this.socket.setNoDelay(true)
    this.socket.on('error', () => {})
    this.socket.on('data', (bytes) => this.#read(bytes))
    this.ended = new Promise((resolve) => this.socket.on('close', () => resolve(this.end)))
    this.told = new Promise((resolve) => {
      this.#tell = resolve
    })
    const payload = Buffer.concat(
      settings.map(([id, value]) => Buffer.concat([Buffer.of(0, id), uint32(value)])),
    )
    this.socket.write(Buffer.concat([PREFACE, frame(TYPE.settings, { payload })]))
  }

  get isOver() {
    return this.goaway !== undefined || this.socket.destroyed
  }

  /** How it ended: the name of a code, or `cut`. */
  get end() {
    return this.goaway ?? 'cut'
  }

  /** Resolves with true when both sides know what the other allows. */
  opens() {
    return new Promise((resolve) => {
      this.onSettings = () => resolve(true)
      this.ended.then(() => resolve(false))
    })
  }

  send(bytes) {
    if (this.socket.writable) this.socket.write(bytes)
  }

  /** Sends as much as the other side takes, and waits until it has, or has ended. False when it is over. */
  async pour(bytes) {
    const { socket } = this
    if (!socket.writable) return false
    if (!socket.write(bytes))
      await Promise.race([once(socket, 'drain').catch(() => {}), this.ended, this.told])
    return socket.writable && !this.isOver
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
    while (rest.length >= HEAD) {
      const end = HEAD + rest.readUIntBE(0, 3)
      if (rest.length < end) break
      this.#take(rest[3], rest[4], rest.subarray(HEAD, end))
      rest = rest.subarray(end)
    }
    this.#rest = rest
  }

  #take(type, flags, payload) {
    if (type === TYPE.settings && (flags & FLAG.ack) === 0) {
      this.send(frame(TYPE.settings, { flags: FLAG.ack }))
      this.onSettings?.()
    } else if (type === TYPE.reset) this.resets.add(codeOf(payload, 0))
    else if (type === TYPE.goaway) {
      const code = codeOf(payload, 4)
      // The last one says why.
      this.goaway = code === 'NO_ERROR' ? (this.goaway ?? code) : code
      this.#tell()
    }
  }
}

const codeOf = (payload, at) => CODES[payload.readUInt32BE(at)] ?? String(payload.readUInt32BE(at))

/**
 * Attacks with one session after the other, until the time is over or there were so many. Says how they ended, what was reset, and of those
 * that were ended which one lived the longest, in milliseconds. Of what is cut off by the end of the time it says nothing.
 */
export async function storm(port, { seconds, most = Number.POSITIVE_INFINITY, ...options }, attack) {
  const until = performance.now() + seconds * 1000
  const [ends, resets] = [new Tally(), new Tally()]
  let longest = 0
  for (let n = 0; n < most && performance.now() < until; n++) {
    const wire = new H2Wire(port, options)
    const begun = performance.now()
    if (await wire.opens()) {
      await attack(wire, () => performance.now() < until && !wire.isOver)
      // Whoever is ended for it is told so a moment later, and cut a moment after that where he does not read.
      if (!wire.isOver) await Promise.race([wire.ended, pause(2000)])
    }
    if (wire.isOver) {
      ends.add(wire.end)
      longest = Math.max(longest, performance.now() - begun)
    } else if (performance.now() < until || n === 0) ends.add('stays')
    for (const [name, count] of Object.entries(wire.resets.counts)) resets.add(name, count)
    wire.destroy()
  }
  return { ends: ends.counts, resets: resets.counts, longest: Math.round(longest) }
}
