import { Socket } from 'node:net'
import {
  CLOSE_HEAD,
  Connection,
  type ConnectionPort,
  type DeflateAgreement,
  encodeFrame,
  headerBytes,
  type MessageKind,
  messageHead,
  writeHeader,
} from '../websocket/index.js'
import type { LinkCompression } from './deflate.js'
import type { MaybeSocket, SocketHandle } from './descriptor.js'
import { descriptorOf, NO_DESCRIPTOR, REFUSED, reset, writeThrough } from './descriptor.js'
import { readDirectly } from './direct-reads.js'
import { FrameArena, type FrameForm, type RegionOwner } from './frame-arena.js'
import { asBuffer, FrameSequence } from './frame-sequence.js'
import { Intake, type Reader } from './intake.js'
import { compressionOf, type LinkSettings } from './link-settings.js'
import type { Flushable } from './outbox.js'
import { owned } from './owned.js'
import { readMemory } from './read-memory.js'
import type { SharedFrame } from './shared-frame.js'
import type { LinkHandler, WebSocketLink } from './websocket-link.js'

/** What a handshake agreed, and over what. */
export interface LinkOrigin {
  readonly socket: MaybeSocket
  readonly protocol: string
  readonly deflate: DeflateAgreement | null
}

/** Once a link has this much to write it is written within the turn: more would not be written any cheaper. */
const EARLY_FLUSH_BYTES = 64 * 1024
const NOT_QUEUED = -1

/** Finds the link of a socket, so that all sockets share the listeners at the end of this file. */
const LINK = Symbol('millrace.link')

interface LinkedSocket extends MaybeSocket {
  [LINK]?: SocketLink
}

/**
 * A socket joined to a connection of the engine. What thousands of links have alike lies in `LinkSettings`; a link owns
 * a dozen fields, no closure and no timer.
 */
export class SocketLink implements WebSocketLink, ConnectionPort, RegionOwner, Flushable, Reader {
  // What a broadcast touches stands together and first: with thousands of links, what it costs is mostly cache misses.
  /** While waiting in the outbox: how many inputs the outbox had seen when the wait began. */
  #queuedAt = NOT_QUEUED
  /** Frames for the end of this turn, beside those in the arena's open region. */
  #pending: FrameSequence | null = null
  /** No frame is taken any more: closing has begun, or the transport has gone. */
  #isOver = false
  /** More is written than the stream likes to hold, so it will say when all of that has left. */
  #isBacklogged = false
  /** Our side of the transport ends with the next flush. */
  #isEnding = false
  readonly #settings: LinkSettings
  readonly #compression: LinkCompression | null
  readonly #socket: MaybeSocket
  /** Written to while `#socket` still has `#handle` and nothing waits in its stream. */
  #descriptor: number
  readonly #handle: SocketHandle | null
  /** The stream was given bytes and has not been seen without any since. It wrote the handshake. */
  #isStreaming = true
  framesOut = 0
  bytesOut = 0
  flushes = 0
  readonly #connection: Connection
  readonly #handler: LinkHandler
  readonly #intake: Intake
  messagesIn = 0
  bytesIn = 0
  data: unknown = undefined
  readonly protocol: string

  constructor(origin: LinkOrigin, handler: LinkHandler, settings: LinkSettings) {
    this.protocol = origin.protocol
    this.#socket = origin.socket
    this.#descriptor = descriptorOf(origin.socket)
    this.#handle = origin.socket._handle ?? null
    this.#handler = handler
    this.#settings = settings
    this.#compression = compressionOf(origin.deflate, settings)
    const shared = this.#compression === null ? settings.plain : settings.compressed
    this.#connection = new Connection(this, shared, this.#compression)
    this.#intake = new Intake({ reader: this, socket: origin.socket, connection: this.#connection }, settings)
    const socket: LinkedSocket = origin.socket
    socket[LINK] = this
    socket.on('error', ignoreError)
    socket.on('close', onTransportEnd)
    settings.links.add(this)
  }

  /** Begins to read; `head` is what arrived behind the handshake. */
  start(head: Buffer): void {
    if (head.length > 0) this.receive(head)
    const socket = this.#socket
    socket.on('end', onEnd)
    socket.on('drain', onDrain)
    readDirectly(socket, readMemory.into, onRead)
    socket.on('data', onData)
    this.#intake.start()
  }

  get isOpen(): boolean {
    return !this.#isOver
  }

  get bufferedBytes(): number {
    return this.#pendingBytes() + this.#socket.writableLength
  }

  get bytesTaken(): number {
    return this.bytesOut + this.#pendingBytes()
  }

  get remoteAddress(): string | undefined {
    const socket: MaybeSocket & { readonly session?: { readonly socket: Socket } } = this.#socket
    return socket instanceof Socket ? socket.remoteAddress : socket.session?.socket.remoteAddress
  }

  send(kind: MessageKind, data: Uint8Array | string): boolean {
    return typeof data === 'string' ? this.#sendText(kind, data) : this.#connection.send(kind, data)
  }

  sendFrame(frame: SharedFrame): boolean {
    // A client must mask every frame with a key of its own (RFC 6455 §5.3), so it has nothing to share.
    if (this.#settings.role === 'client') return this.#connection.send(frame.kind, frame.payload)
    if (this.#isOver || !this.#admit()) return false
    this.#enqueue()
    const bytes = this.#compression === null ? frame.bytes : this.#compression.shared(frame)
    this.#settings.outbox.arena.close(this)
    this.#pending = (this.#pending ?? this.#settings.outbox.root).withShared(bytes)
    return true
  }

  ping(payload?: Uint8Array): boolean {
    return this.#connection.ping(payload)
  }

  close(code?: number, reason?: string): void {
    this.#connection.close(code, reason)
  }

  fail(code: number, reason: string): void {
    this.#connection.fail(code, reason)
    this.#intake.stop()
  }

  terminate(): void {
    this.#isOver = true
    this.#connection.abort()
    reset(this.#socket)
  }

  pause(): void {
    // Nothing is told of a link that closes, and its closing handshake must be read.
    if (!this.#isOver) this.#intake.pause()
  }

  resume(): void {
    this.#intake.resume()
  }

  // From here to the private part: what the engine, the arena, the outbox and the listeners call. Not for applications.

  writeFrame(head: number, payload: Uint8Array): void {
    // The Close frame of an overflow must pass the very limit that caused it.
    if (head !== CLOSE_HEAD && !this.#admit()) return
    this.#enqueue()
    const form = { head, maskKey: this.#settings.nextMaskKey() }
    // Frames that will wait must not hold on to the memory they would share with others.
    if (this.#isBacklogged || payload.length > FrameArena.MAX_FRAME_BYTES) this.#writeOwn(form, payload)
    else this.#settings.outbox.arena.writeFrame(this, form, payload)
  }

  get isBehind(): boolean {
    return this.#isBacklogged && !this.#isOver && this.bufferedBytes > this.#settings.pauseReadsAboveBytes
  }

  takeRegion(bytes: Buffer): void {
    this.#pending = this.#pending === null ? FrameSequence.own(bytes) : this.#pending.withOwn(bytes)
  }

  expectEnd(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#settings.closing.add(this)
    // What is left of the closing handshake must be read, whoever stopped the reading.
    this.#intake.awaitEnd()
  }

  endOutput(): void {
    this.#isEnding = true
    this.#awaitFlush()
  }

  onMessage(kind: MessageKind, payload: Uint8Array): void {
    this.messagesIn += 1
    this.#handler.onMessage(this, kind, this.#handed(payload))
    this.#intake.told(payload.length)
  }

  onPing(payload: Uint8Array): void {
    this.#handler.onPing?.(this, this.#handed(payload))
    this.#intake.told(0)
  }

  onPong(payload: Uint8Array): void {
    this.#handler.onPong?.(this, this.#handed(payload))
    this.#intake.told(0)
  }

  onClose(code: number, reason: string, wasClean: boolean): void {
    this.#isOver = true
    this.#settings.links.delete(this)
    this.#handler.onClose(this, code, reason, wasClean)
  }

  receive(bytes: Buffer): void {
    this.bytesIn += bytes.length
    this.#intake.receive(bytes)
  }

  /** So many bytes were read into the memory of all links. */
  receiveRead(count: number): void {
    this.receive(readMemory.read(count, this.#handler.borrows === true))
  }

  /** The peer ended its side. Without closing handshakes done there is nothing to wait for. RFC 6455 §7.1.5: 1006. */
  receiveEnd(): void {
    // A stream that was stopped may say so still, of what it had begun to say before.
    if (this.#intake.putsOffEnd()) return
    this.endOutput()
    this.expectEnd()
    this.#connection.transportEnd()
  }

  transportEnd(): void {
    this.#intake.drop()
    this.#connection.transportEnd()
  }

  /** The stream has nothing left to write, after having had more than it likes, if only for a moment. */
  drained(): void {
    if (!this.#isBacklogged) return
    this.#isBacklogged = false
    this.#intake.release()
    this.#handler.onDrain?.(this)
  }

  touch(): number {
    const socket = this.#socket
    if (this.#descriptor !== NO_DESCRIPTOR) return Number(socket._handle === this.#handle)
    // Fields that lie in different places of the socket and of its stream's state.
    return (
      socket.writableLength +
      socket.writableHighWaterMark +
      Number(socket.errored !== null) +
      Number(socket.closed) +
      Number(socket.allowHalfOpen)
    )
  }

  flush(isAlone: boolean): void {
    this.#queuedAt = NOT_QUEUED
    this.#writeOut(isAlone)
    if (!this.#isEnding) return
    this.#descriptor = NO_DESCRIPTOR
    if (this.#socket.writable) this.#socket.end()
  }

  /**
   * Writes what is pending. A link that is flushed alone nearly always answers what it has just read: then its stream lies in the
   * processor's cache, and is the quicker way.
   */
  #writeOut(isAlone: boolean): void {
    this.#settings.outbox.arena.close(this)
    const frames = this.#pending
    if (frames === null) return
    this.#pending = null
    const rest = !isAlone && this.#isStreamPassed() ? this.#writePast(frames) : frames
    if (rest !== null && !this.#socket.writable) return
    this.flushes += 1
    this.bytesOut += frames.byteLength
    if (rest !== null) this.#writeTo(this.#socket, rest)
  }

  /** Whether bytes may go to the descriptor: it is ours still, and none wait in the stream that should go first. */
  #isStreamPassed(): boolean {
    if (this.#descriptor === NO_DESCRIPTOR || this.#socket._handle !== this.#handle) return false
    if (this.#isStreaming) this.#isStreaming = this.#socket.writableLength > 0
    return !this.#isStreaming
  }

  /** Writes to the descriptor, and answers what is left for the stream. */
  #writePast(frames: FrameSequence): FrameSequence | null {
    const bytes = frames.whole()
    if (bytes === null) return frames
    const taken = writeThrough(this.#descriptor, bytes)
    if (taken === bytes.length) return null
    if (taken === REFUSED) this.#descriptor = NO_DESCRIPTOR
    return taken > 0 ? FrameSequence.own(bytes.subarray(taken)) : frames
  }

  #writeTo(socket: MaybeSocket, frames: FrameSequence): void {
    frames.writeTo(socket)
    this.#isStreaming = socket.writableLength > 0
    if (this.#isStreaming && socket.writableNeedDrain) this.#isBacklogged = true
  }

  #pendingBytes(): number {
    return (
      this.#settings.outbox.arena.openBytes(this) + (this.#pending === null ? 0 : this.#pending.byteLength)
    )
  }

  /** Whether one more frame may be queued; fails the link if too much waits already. */
  #admit(): boolean {
    if (this.#isBacklogged && this.bufferedBytes > this.#settings.maxBufferedBytes) {
      const { overflowCode, maxBufferedBytes } = this.#settings
      this.#connection.fail(
        overflowCode,
        `the peer reads too slowly: more than ${maxBufferedBytes} bytes wait for it`,
      )
      return false
    }
    if (this.#pendingBytes() >= EARLY_FLUSH_BYTES) this.#writeOut(true)
    return true
  }

  #handed(payload: Uint8Array): Uint8Array {
    return this.#handler.borrows === true ? payload : owned(payload)
  }

  #enqueue(): void {
    this.framesOut += 1
    this.#awaitFlush()
  }

  #awaitFlush(): void {
    const { outbox } = this.#settings
    if (this.#queuedAt === NOT_QUEUED) {
      this.#queuedAt = outbox.inputs
      outbox.add(this)
    } else if (this.#queuedAt !== outbox.inputs) {
      this.#queuedAt = outbox.inputs
      outbox.noteSaving()
    }
  }

  #sendText(kind: MessageKind, text: string): boolean {
    if (this.#compression !== null || this.#isBacklogged)
      return this.#connection.send(kind, Buffer.from(text))
    if (this.#isOver || !this.#admit()) return false
    this.#enqueue()
    const form = { head: messageHead(kind), maskKey: this.#settings.nextMaskKey() }
    const isWritten = this.#settings.outbox.arena.writeText(this, form, text)
    if (!isWritten) this.#writeOwn(form, Buffer.from(text))
    return true
  }

  /** Queues a frame in memory of its own. A large payload of a server is not even copied. */
  #writeOwn({ head, maskKey }: FrameForm, payload: Uint8Array): void {
    this.#settings.outbox.arena.close(this)
    if (maskKey !== undefined || payload.length <= FrameArena.MAX_FRAME_BYTES) {
      this.takeRegion(asBuffer(encodeFrame(head, payload, maskKey)))
      return
    }
    const header = Buffer.alloc(headerBytes(payload.length, false))
    writeHeader(header, 0, { head, payloadBytes: payload.length })
    this.takeRegion(header)
    this.takeRegion(asBuffer(payload))
  }
}

/** A broken transport is told by its 'close', which follows. */
function ignoreError(): void {}

function onData(this: LinkedSocket, bytes: Buffer): void {
  this[LINK]?.receive(bytes)
}
function onRead(this: LinkedSocket, count: number): void {
  this[LINK]?.receiveRead(count)
}
function onEnd(this: LinkedSocket): void {
  this[LINK]?.receiveEnd()
}
function onDrain(this: LinkedSocket): void {
  this[LINK]?.drained()
}

function onTransportEnd(this: LinkedSocket): void {
  this[LINK]?.transportEnd()
}
