import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { createWebSocketServer, type HttpServerLike, type WebSocketLink } from '@millrace/server/websocket'
import { concat, cutAt, toHex } from '../bytes.js'
import { Random, seedOf } from '../random.js'
import { hold, type Target } from '../target.js'
import { makeFrames, randomCuts } from './frame-maker.js'
import { utf8State } from './frame-oracle.js'

const LIMIT = 20_000
/** Who goes on in a thousand small pieces when it is over is not heard to his end, but ended soon. */
const LIMITS = { maxMessageBytes: LIMIT, maxInflatedBytes: LIMIT, maxFrameBytes: LIMIT, closeTimeoutMs: 20 }
const FAILURES = [1002, 1007, 1008, 1009]

/**
 * Frames with permessage-deflate, through the whole of a server: upgrade, link, parser, inflater, and an echo through its
 * deflater, over a stream in memory.
 */
export function deflateServerTarget(): Target {
  const told = new WeakMap<WebSocketLink, Told>()
  const http = new EventEmitter()
  const toldByUrl = new Map<string, Told>()
  let count = 0
  createWebSocketServer({
    deflate: { thresholdBytes: 0, serverContextTakeover: true },
    ...LIMITS,
    handler: {
      onOpen: (link, { url }) => {
        told.set(link, toldByUrl.get(url) as Told)
        toldByUrl.delete(url)
      },
      onMessage: (link, kind, bytes) => {
        told.get(link)?.events.push(`${kind} ${toHex(bytes)}`)
        checkMessage(kind, bytes)
        link.send(kind, bytes)
      },
      onPong: (link, payload) => told.get(link)?.events.push(`pong ${toHex(payload)}`),
      // budget: LinkHandler's signature
      onClose: (link, code, _reason, wasClean) => {
        told.get(link)?.events.push(`${wasClean ? 'close' : 'end'} ${code}`)
        told.get(link)?.ended()
      },
    },
  }).attach(http as unknown as HttpServerLike)

  const listen = async (chunks: readonly Uint8Array[]): Promise<Heard> => {
    const socket = new MemorySocket()
    const events: string[] = []
    const url = `/${count++}`
    const over = new Promise<void>((resolve) => toldByUrl.set(url, { events, ended: resolve }))
    http.emit('upgrade', { ...REQUEST, url }, socket, Buffer.alloc(0))
    for (const chunk of chunks) socket.push(chunk)
    socket.push(null)
    await over
    // What waits to be written leaves at the end of the turn at the latest.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    return { events, written: concat(socket.written) }
  }

  return {
    name: 'frames-server-deflate',
    about: 'frames with permessage-deflate, read by a server',
    make: (random) => makeFrames(random, { masked: true, deflate: messageDeflater() }),
    run: async (input) => {
      const whole = await listen([input.slice()])
      const cut = await listen(cutAt(input, randomCuts(input.byteLength, new Random(seedOf(input)))))
      hold(
        whole.events.join() === cut.events.join(),
        `whole: ${brief(whole.events)}, cut: ${brief(cut.events)}`,
      )
      checkEnd(whole.events.at(-1) ?? '')
      checkEcho(whole.written, whole.events)
      return brief(whole.events).replaceAll(/[0-9a-f]{5,}/g, 'x')
    },
  }
}

/** A connection ends with a closing handshake, with a documented failure, or broken off. */
function checkEnd(last: string): void {
  const code = Number(last.split(' ')[1])
  hold(/^close/.test(last) || code === 1006 || FAILURES.includes(code), `ended with ${last}`)
}

interface Heard {
  readonly events: string[]
  readonly written: Uint8Array
}

interface Told {
  readonly events: string[]
  readonly ended: () => void
}

const REQUEST = {
  method: 'GET',
  httpVersion: '1.1',
  url: '/',
  rawHeaders: [],
  headers: {
    host: 'localhost',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-extensions': 'permessage-deflate',
  },
  headersDistinct: { host: ['localhost'] },
} as unknown as IncomingMessage

/** A socket whose other end is an array. */
class MemorySocket extends Duplex {
  readonly written: Uint8Array[] = []

  constructor() {
    super({ allowHalfOpen: true })
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(new Uint8Array(chunk))
    done()
  }
}

function checkMessage(kind: string, bytes: Uint8Array): void {
  hold(bytes.byteLength <= LIMIT, `a message of ${bytes.byteLength} octets`)
  hold(kind !== 'text' || utf8State([...bytes]) === 'whole', 'a text that is not UTF-8')
}

/** What came back must inflate, with the window of what came back before, to what was told. */
function checkEcho(written: Uint8Array, events: readonly string[]): void {
  const messages = events.filter((event) => /^(text|binary) /.test(event))
  const frames = readEcho(written).filter(({ opcode }) => opcode === 1 || opcode === 2)
  // A peer that is gone without a Close is owed nothing: what was still to be written may be lost.
  const owed = events.at(-1) === 'end 1006' ? 0 : messages.length
  hold(
    frames.length >= owed && frames.length <= messages.length,
    `${messages.length} messages were told, ${frames.length} came back`,
  )
  let window = Buffer.alloc(0)
  for (const [i, { opcode, compressed, payload }] of frames.entries()) {
    const plain = compressed ? inflate(payload, window) : Buffer.from(payload)
    if (compressed) window = Buffer.concat([window, plain]).subarray(-32_768)
    const event = `${opcode === 1 ? 'text' : 'binary'} ${toHex(plain)}`
    hold(event === messages[i], `message ${i} came back as ${event.slice(0, 60)}`)
  }
}

function inflate(payload: Uint8Array, window: Buffer): Buffer {
  const input = concat([payload, Uint8Array.of(0, 0, 0xff, 0xff)])
  const dictionary = window.byteLength === 0 ? {} : { dictionary: window }
  return inflateRawSync(input, { finishFlush: constants.Z_SYNC_FLUSH, ...dictionary })
}

interface EchoFrame {
  readonly opcode: number
  readonly compressed: boolean
  readonly payload: Uint8Array
}

/** A server's frames, which are whole messages or control frames here, behind the response. */
function readEcho(written: Uint8Array): EchoFrame[] {
  const frames: EchoFrame[] = []
  const bytes = Buffer.from(written)
  for (let at = bytes.indexOf('\r\n\r\n') + 4; at < bytes.byteLength; ) {
    const [first = 0, second = 0] = bytes.subarray(at)
    hold(second < 128, 'a masked frame of a server')
    const size = second === 126 ? 2 : second === 127 ? 8 : 0
    const length =
      size === 0 ? second : size === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    const start = at + 2 + size
    hold(start + length <= bytes.byteLength, 'a frame of the server is cut off')
    frames.push({
      opcode: first & 15,
      compressed: (first & 0x40) !== 0,
      payload: bytes.subarray(start, start + length),
    })
    at = start + length
  }
  return frames
}

/** Compresses messages one after the other, as a client with context takeover does (RFC 7692 §7.2.1). */
export function messageDeflater(): (payload: Uint8Array) => Uint8Array {
  let window = Buffer.alloc(0)
  return (payload) => {
    const dictionary = window.byteLength === 0 ? {} : { dictionary: window }
    const out = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH, ...dictionary })
    window = Buffer.concat([window, payload]).subarray(-32_768)
    return out.byteLength < 5 ? Uint8Array.of(0) : new Uint8Array(out.subarray(0, -4))
  }
}

function brief(events: readonly string[]): string {
  return events
    .slice(-4)
    .map((event) => event.slice(0, 24))
    .join(', ')
}
