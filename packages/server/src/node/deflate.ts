import { constants, deflateRawSync } from 'node:zlib'
import {
  CLOSE_CODE,
  type DeflateAgreement,
  fail,
  type MessageCompression,
  type Role,
} from '../websocket/index.js'
import { inflate } from './inflater.js'
import { SlidingWindow } from './sliding-window.js'

/** How messages are compressed. What is agreed with the peer is a `DeflateAgreement`. */
export interface DeflateSettings {
  /** Smaller messages are sent as they are. In bytes; default 1,024. */
  readonly thresholdBytes: number
  /** zlib's level, 1 (fast) to 9 (small). Default 6. */
  readonly level: number
}

export const DEFAULT_DEFLATE_SETTINGS: DeflateSettings = { thresholdBytes: 1024, level: 6 }

/** What ends a flushed DEFLATE block, and is left out of every message. RFC 7692 §7.2.1. */
const FLUSH_TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff])
/** The tail again, and an empty final block: a message whose blocks are complete ends here, and zlib knows it. */
const FINISHED_TAIL = Buffer.from([...FLUSH_TAIL, 0x01, 0x00, 0x00, 0xff, 0xff])
/** An empty message compressed. RFC 7692 §7.2.3.6. */
const EMPTY_BLOCK = Buffer.from([0x00])
/** zlib cannot write raw DEFLATE with a window of 2^8; with 2^9 it keeps 262 bytes of lookahead and so reaches back 250. */
const SMALLEST_ZLIB_WINDOW_BITS = 9
/** Each costs a beginning of zlib's and copies, however few bytes it has; no encoder needs more than one or two in a message. */
const MAX_FINAL_BLOCKS = 16
const NOTHING = Buffer.alloc(0)

/** One message to compress: with what window, and what of earlier messages is in it. */
export interface DeflateContext {
  readonly windowBits: number
  readonly level: number
  readonly dictionary?: Buffer | undefined
}

/** The payload of a compressed message, RFC 7692 §7.2.1. */
export function deflateMessage(
  payload: Uint8Array,
  { windowBits, level, dictionary }: DeflateContext,
): Buffer {
  const deflated = deflateRawSync(payload, {
    windowBits: Math.max(windowBits, SMALLEST_ZLIB_WINDOW_BITS),
    level,
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(dictionary === undefined ? {} : { dictionary }),
  })
  const end = deflated.length - FLUSH_TAIL.length
  return end > 0 ? deflated.subarray(0, end) : EMPTY_BLOCK
}

/** What inflating needs to know: how large the result may be, and what of earlier messages the peer may refer to. */
export interface InflateContext {
  readonly limit: number
  readonly windowBits: number
  readonly dictionary?: Buffer | undefined
}

/**
 * The message in a compressed payload, RFC 7692 §7.2.2. It holds until the next call, of whichever link: `isInflatedMemory` tells whether to copy it.
 * @throws {ProtocolFailure} 1009 beyond the limit, 1007 for what is not DEFLATE, or breaks off within a block.
 */
export function inflateMessage(
  payload: Uint8Array,
  { limit, windowBits, ...context }: InflateContext,
): Buffer {
  // RFC 7692 §7.2.3.6 has a byte for an empty message; peers that leave it out mean the same.
  if (payload.length === 0) return NOTHING
  const outputs: Buffer[] = []
  let { dictionary } = context
  let [at, room] = [0, limit]
  // RFC 7692 §7.2.3.4: a block may be marked final, which ends zlib's stream, and further blocks may follow it.
  while (at < payload.length) {
    if (outputs.length === MAX_FINAL_BLOCKS) failDeflate()
    const result = inflate(payload.subarray(at), FINISHED_TAIL, { windowBits, dictionary, room })
    if (result === 'too-much') failSize(limit)
    // A final block ends within the payload, a stream without one at the end of the tail; anything else broke off.
    if (result === 'not-deflate' || result.consumed === 0) failDeflate()
    at += result.consumed
    if (at > payload.length && at < payload.length + FINISHED_TAIL.length) failDeflate()
    room -= result.output.length
    if (at >= payload.length && outputs.length === 0) return result.output
    const output = Buffer.from(result.output)
    outputs.push(output)
    dictionary = Buffer.concat([dictionary ?? NOTHING, output]).subarray(-(2 ** windowBits))
  }
  return Buffer.concat(outputs)
}

function failSize(limit: number): never {
  fail(CLOSE_CODE.messageTooBig, `the inflated message exceeds the limit of ${limit} bytes`)
}

function failDeflate(): never {
  fail(CLOSE_CODE.invalidPayload, 'the compressed message is not valid DEFLATE')
}

/**
 * The compression one link agreed to. Context takeover needs no zlib stream to live on: zlib is given the plaintext of
 * the earlier messages before each, which has the same effect on the bytes, and a link that is idle holds at most
 * twice its window instead of a stream.
 */
export class LinkCompression implements MessageCompression {
  readonly #settings: DeflateSettings
  readonly #sendBits: number
  readonly #receiveBits: number
  readonly #sent: SlidingWindow | null
  readonly #received: SlidingWindow | null

  constructor(agreement: DeflateAgreement, role: Role, settings: DeflateSettings) {
    const { serverMaxWindowBits, clientMaxWindowBits, serverContextTakeover, clientContextTakeover } =
      agreement
    const isServer = role === 'server'
    this.#settings = settings
    this.#sendBits = isServer ? serverMaxWindowBits : clientMaxWindowBits
    this.#receiveBits = isServer ? clientMaxWindowBits : serverMaxWindowBits
    const keepsSent = isServer ? serverContextTakeover : clientContextTakeover
    const keepsReceived = isServer ? clientContextTakeover : serverContextTakeover
    this.#sent = keepsSent ? new SlidingWindow(this.#sendBits) : null
    this.#received = keepsReceived ? new SlidingWindow(this.#receiveBits) : null
  }

  deflate(payload: Uint8Array): Uint8Array | null {
    if (payload.length < this.#settings.thresholdBytes) return null
    const deflated = deflateMessage(payload, {
      windowBits: this.#sendBits,
      level: this.#settings.level,
      dictionary: this.#sent?.view(),
    })
    // RFC 7692 §6.1 lets each message go as it is. Such a message does not enter the window.
    if (deflated.length >= payload.length) return null
    this.#sent?.append(payload)
    return deflated
  }

  inflate(payload: Uint8Array, limit: number): Uint8Array {
    const message = inflateMessage(payload, {
      limit,
      windowBits: this.#receiveBits,
      dictionary: this.#received?.view(),
    })
    this.#received?.append(message)
    return message
  }

  /**
   * The bytes to write for a frame that is shared: compressed once for all links with the same window. Where this link
   * keeps its window the message joins it, for a message need not refer to a window that it extends.
   */
  shared(frame: CompressibleFrame): Buffer {
    const deflated = frame.deflated(this.#sendBits, this.#settings)
    if (deflated === null) return frame.bytes
    this.#sent?.append(frame.payload)
    return deflated
  }
}

/** What `LinkCompression.shared` asks of a shared frame. */
export interface CompressibleFrame {
  readonly payload: Uint8Array
  /** The frame, not compressed. */
  readonly bytes: Buffer
  /** The frame compressed on its own, or null if it is too small or would not shrink. */
  deflated(windowBits: number, settings: DeflateSettings): Buffer | null
}
