import { CLOSE_CODE } from './close-code.js'
import { type ConnectionEvent, type ConnectionState, nextState } from './connection-state.js'
import {
  CLOSE_HEAD,
  type CloseStatus,
  encodeClose,
  fitCloseReason,
  MAX_CONTROL_BYTES,
  PING_HEAD,
  PONG_HEAD,
} from './frame.js'
import { type FrameEvents, FrameParser, type FrameRules } from './frame-parser.js'
import type { MessageCompression } from './message-compression.js'
import { type MessageKind, messageHead, RSV1 } from './opcode.js'
import { fail, ProtocolFailure } from './protocol-failure.js'
import { isValidUtf8 } from './utf8.js'

export type Role = 'server' | 'client'

/** What a connection needs from outside: a place for its frames, and an application to tell. */
export interface ConnectionPort {
  /** Queues a frame. `head` is its first byte; masking, for a client, and framing are the port's. */
  writeFrame(head: number, payload: Uint8Array): void
  /** The connection is over but for its transport: from now on the peer has a bounded time to end it. */
  expectEnd(): void
  /** No frame will follow: end our side of the transport once the queue is written. RFC 6455 §7.1.1. */
  endOutput(): void
  onMessage(kind: MessageKind, payload: Uint8Array): void
  /** The peer's Ping, before it is answered. */
  onPing?(payload: Uint8Array): void
  onPong(payload: Uint8Array): void
  /**
   * The transport has gone; told exactly once. `code` is the peer's (1005 if its Close frame had none), or the one the
   * connection was failed with, or 1006 if it broke off. `wasClean`: Close frames went both ways. RFC 6455 §7.1.4-6.
   */
  onClose(code: number, reason: string, wasClean: boolean): void
}

/** Settings shared by all connections of a kind. */
export interface ConnectionSettings {
  readonly role: Role
  readonly rules: FrameRules
}

const OPEN: ConnectionState = { name: 'open' }
const CLOSING: ConnectionState = { name: 'closing' }
const ABORTED: ConnectionState = { name: 'failed', code: CLOSE_CODE.abnormal, reason: '' }
const DONE: ConnectionState = { name: 'done' }
const EMPTY = new Uint8Array(0)

/** Pings answered one by one in each chunk; of those beyond it only the last is answered. RFC 6455 §5.5.3 allows that. */
const MAX_PONGS_PER_CHUNK = 16

/**
 * What the compressed messages that come at once may grow to together, in bytes, where one message alone may not be larger: about a
 * twentieth of a second's work. A chunk can hold hundreds that grow a thousandfold each.
 */
const MAX_INFLATED_AT_ONCE = 4 * 1024 * 1024

/** One WebSocket connection after its handshake, as server or as client: RFC 6455 §5 to §7 without a transport. */
export class Connection implements FrameEvents {
  readonly #port: ConnectionPort
  readonly #settings: ConnectionSettings
  readonly #compression: MessageCompression | null
  readonly #parser: FrameParser
  #state: ConnectionState = OPEN
  #pings = 0
  /** Bytes that the messages of the chunk in hand were inflated to. */
  #inflated = 0
  #unanswered: Uint8Array | null = null

  constructor(
    port: ConnectionPort,
    settings: ConnectionSettings,
    compression: MessageCompression | null = null,
  ) {
    this.#port = port
    this.#settings = settings
    this.#compression = compression
    this.#parser = new FrameParser(this, settings.rules)
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Whether messages may be sent. */
  get isOpen(): boolean {
    return this.#state === OPEN
  }

  get compression(): MessageCompression | null {
    return this.#compression
  }

  /**
   * Takes a chunk from the peer, and possession of it. Answers how many bytes of it were read: all, unless a callback said `hold`. Must not be
   * called from a callback.
   */
  receive(chunk: Uint8Array): number {
    this.#pings = 0
    this.#inflated = 0
    return this.proceed(chunk)
  }

  /** Takes what `receive`, or this, has left of a chunk, and otherwise does the same. */
  proceed(rest: Uint8Array): number {
    const read = this.#parser.receive(rest)
    if (this.#unanswered !== null) {
      const payload = this.#unanswered
      this.#unanswered = null
      this.#pong(payload)
    }
    return read
  }

  /** From a callback: leaves what follows in the chunk in hand for `proceed`. */
  hold(): void {
    this.#parser.hold()
  }

  /**
   * Sends a message, compressed where that was agreed and pays. False, and nothing happens, unless the connection is
   * open. That a text is UTF-8 is the caller's promise.
   */
  send(kind: MessageKind, payload: Uint8Array): boolean {
    if (this.#state !== OPEN) return false
    const deflated = this.#compression === null ? null : this.#compression.deflate(payload)
    // RFC 7692 §6.1: RSV1 marks a compressed message.
    if (deflated === null) this.#port.writeFrame(messageHead(kind), payload)
    else this.#port.writeFrame(messageHead(kind) | RSV1, deflated)
    return true
  }

  /**
   * Sends a Ping. False unless the connection is open.
   * @throws {RangeError} for more than 125 bytes. RFC 6455 §5.5.
   */
  ping(payload: Uint8Array = EMPTY): boolean {
    if (payload.length > MAX_CONTROL_BYTES) {
      throw new RangeError(`a ping carries at most ${MAX_CONTROL_BYTES} bytes, not ${payload.length}`)
    }
    if (this.#state !== OPEN) return false
    this.#port.writeFrame(PING_HEAD, payload)
    return true
  }

  /**
   * Starts the closing handshake; without a code the Close frame is empty. Does nothing unless the connection is open.
   * No message is told any more. RFC 6455 §7.1.2.
   * @throws {RangeError} if the code must not be sent (§7.4) or the reason is longer than 123 bytes.
   */
  close(code?: number, reason = ''): void {
    const payload = encodeClose(code, reason)
    if (this.#state !== OPEN) return
    this.#move('close', CLOSING)
    this.#port.writeFrame(CLOSE_HEAD, payload)
    this.#port.expectEnd()
  }

  /**
   * Fails the connection for a reason of ours, such as a limit: a Close frame is sent, and the peer is not listened to
   * any more. Does nothing once both Close frames passed. RFC 6455 §7.1.7.
   */
  fail(code: number, reason: string): void {
    const before = this.#state
    if (before !== OPEN && before !== CLOSING) return
    this.#parser.stop()
    this.#move('failure', { name: 'failed', code, reason })
    // One Close frame is all we may send.
    if (before === OPEN) this.#port.writeFrame(CLOSE_HEAD, encodeClose(code, fitCloseReason(reason)))
    this.#port.endOutput()
    this.#port.expectEnd()
  }

  /**
   * Gives up without a Close frame, because the transport is being destroyed: nothing is sent or told any more but the
   * end, which is 1006 unless both Close frames had passed.
   */
  abort(): void {
    this.#parser.stop()
    if (this.#state === OPEN || this.#state === CLOSING) this.#move('failure', ABORTED)
  }

  /** The transport ended or broke: the last thing to tell a connection, and allowed in every state. */
  transportEnd(): void {
    const last = this.#state
    if (last === DONE) return
    this.#parser.stop()
    this.#move('transport-end', DONE)
    if (last.name === 'shaken') this.#port.onClose(last.code, last.reason, true)
    else if (last.name === 'failed') this.#port.onClose(last.code, last.reason, false)
    else this.#port.onClose(CLOSE_CODE.abnormal, '', false)
  }

  onMessage(kind: MessageKind, payload: Uint8Array, compressed: boolean): void {
    if (this.#state !== OPEN) return
    this.#port.onMessage(kind, compressed ? this.#inflate(kind, payload) : payload)
  }

  onPing(payload: Uint8Array): void {
    // After our Close frame nothing may be sent. RFC 6455 §5.5.1.
    if (this.#state !== OPEN) return
    this.#port.onPing?.(payload)
    this.#pings += 1
    if (this.#pings <= MAX_PONGS_PER_CHUNK) this.#pong(payload)
    else this.#unanswered = payload
  }

  onPong(payload: Uint8Array): void {
    if (this.#state === OPEN) this.#port.onPong(payload)
  }

  onPeerClose({ code, reason }: CloseStatus): void {
    const before = this.#state
    this.#move('peer-close', { name: 'shaken', code, reason })
    // RFC 6455 §5.5.1: answer with a Close frame, usually echoing the code, unless ours is what this one answers.
    if (before === OPEN) {
      this.#port.writeFrame(CLOSE_HEAD, encodeClose(code === CLOSE_CODE.noStatus ? undefined : code))
    }
    // RFC 6455 §7.1.1: the server ends the transport first; a client waits for it.
    if (this.#settings.role === 'server') this.#port.endOutput()
    this.#port.expectEnd()
  }

  onFailure(failure: ProtocolFailure): void {
    this.fail(failure.code, failure.message)
  }

  #inflate(kind: MessageKind, payload: Uint8Array): Uint8Array {
    const { limits, isUtf8 } = this.#settings.rules
    if (this.#compression === null)
      throw new Error('a parser that allows compression needs a compression port')
    const message = this.#compression.inflate(payload, limits.maxInflatedBytes)
    this.#inflated += message.length
    const most = Math.max(MAX_INFLATED_AT_ONCE, limits.maxInflatedBytes)
    if (this.#inflated > most)
      fail(CLOSE_CODE.messageTooBig, `messages that came at once inflate to more than ${most} bytes`)
    if (kind === 'text' && !isValidUtf8(message, isUtf8)) {
      throw new ProtocolFailure(CLOSE_CODE.invalidPayload, 'the inflated text is not valid UTF-8')
    }
    return message
  }

  #pong(payload: Uint8Array): void {
    if (this.#state === OPEN) this.#port.writeFrame(PONG_HEAD, payload)
  }

  #move(event: ConnectionEvent, to: ConnectionState): void {
    if (nextState(this.#state.name, event) !== to.name)
      throw new Error(`"${event}" does not lead to ${to.name}`)
    this.#state = to
  }
}
