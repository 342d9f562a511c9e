import type { MessageKind } from '../websocket/index.js'
import type { SharedFrame } from './shared-frame.js'

/** One WebSocket connection over a socket, a TLS socket or an HTTP/2 stream, after its handshake. */
export interface WebSocketLink {
  /** For whoever accepted the link; the engine does not look at it. */
  data: unknown
  /** The agreed subprotocol, or "". */
  readonly protocol: string
  /** Whether messages can be sent: from the handshake until either side closes. */
  readonly isOpen: boolean
  /** Bytes accepted for sending that the operating system has not taken yet. */
  readonly bufferedBytes: number
  /** The peer's IP address while connected; undefined after. */
  readonly remoteAddress: string | undefined
  /** Whole messages received, and bytes received in all. */
  readonly messagesIn: number
  readonly bytesIn: number
  /** Frames sent, control frames included, and bytes sent in all, headers included. */
  readonly framesOut: number
  readonly bytesOut: number
  /** Bytes taken for sending: those sent, and those that wait for the end of the turn. */
  readonly bytesTaken: number
  /** Writes made to the socket: what coalescing keeps far below `framesOut`. */
  readonly flushes: number

  /**
   * Sends a message; false, and nothing happens, when the link is not open. The bytes must not change afterwards. Bytes
   * sent as text must be valid UTF-8. A link whose peer does not read is closed once `maxBufferedBytes` wait for it.
   */
  send(kind: MessageKind, data: Uint8Array | string): boolean
  /** Sends a frame that was made once for many links. Otherwise like `send`. */
  sendFrame(frame: SharedFrame): boolean
  /**
   * Sends a Ping; false when the link is not open. The Pong arrives at `onPong`.
   * @throws {RangeError} for more than 125 bytes. RFC 6455 §5.5.
   */
  ping(payload?: Uint8Array): boolean
  /**
   * Starts the closing handshake: no message is told any more; `onClose` follows when the transport has gone, at the
   * latest after the closing timeout. Without a code the Close frame is empty. Does nothing when not open.
   * @throws {RangeError} if the code must not be sent (RFC 6455 §7.4) or the reason is longer than 123 bytes.
   */
  close(code?: number, reason?: string): void
  /**
   * Closes for what the peer did, without waiting for its word: what it still sends is not even read, and its transport is ended after the
   * closing timeout. `onClose` follows with this code. Throws as `close` does.
   */
  fail(code: number, reason: string): void
  /** Destroys the transport without a Close frame. `onClose` follows in a later turn. */
  terminate(): void
  /** Stops reading from the peer. What has been received already is not told either, until `resume`. */
  pause(): void
  /** Reads from the peer again. */
  resume(): void
}

/**
 * What an application is told. One handler can serve any number of links.
 *
 * Callbacks may call any method of any link. They are told in order, never one within another of the same link. What
 * they throw fails the link with 1011 and surfaces as an uncaught exception, because it is a mistake of the program.
 */
export interface LinkHandler {
  /**
   * Takes bytes that hold only until the callback returns, and copies what it keeps: that spares a copy of each message. Default false: the bytes are its to
   * keep. [E39]
   */
  readonly borrows?: boolean
  /**
   * A whole message. The bytes of a text are valid UTF-8 already; decoding them is the receiver's choice. The bytes are
   * the receiver's to keep, unless it borrows them; they may be part of a larger buffer.
   */
  onMessage(link: WebSocketLink, kind: MessageKind, bytes: Uint8Array): void
  /** The peer's Ping. It is answered without your doing. */
  onPing?(link: WebSocketLink, payload: Uint8Array): void
  onPong?(link: WebSocketLink, payload: Uint8Array): void
  /**
   * All that had piled up because the peer was slow has been written. A pile below the stream's high-water mark (16 KiB
   * for a socket of Node 20) goes without being told.
   */
  onDrain?(link: WebSocketLink): void
  /**
   * The transport has gone. Told exactly once, last of all. `code` is the peer's (1005 if its Close frame had none), or
   * the one the link was failed with, or 1006 if the connection broke. `wasClean`: Close frames went both ways.
   */
  onClose(link: WebSocketLink, code: number, reason: string, wasClean: boolean): void
}
