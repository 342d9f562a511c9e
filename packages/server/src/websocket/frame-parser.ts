import { CLOSE_CODE } from './close-code.js'
import {
  type CloseStatus,
  decodeClose,
  headerBytes,
  LENGTH_16,
  LENGTH_64,
  MASK_BIT,
  MAX_CONTROL_BYTES,
  readLength64,
} from './frame.js'
import type { FrameLimits } from './limits.js'
import { advanceMaskKey, applyMask, MAKE_WORDS_FROM_BYTES, readMaskKey, wordsOf } from './mask.js'
import { MessageAssembly } from './message-assembly.js'
import { FIN, type MessageKind, OPCODE, RSV1 } from './opcode.js'
import { fail, ProtocolFailure } from './protocol-failure.js'
import { isValidUtf8, type Utf8Check } from './utf8.js'

/** What a parser tells. See docs/engine.md for what a callback may do (re-entrancy) and who owns the bytes. */
export interface FrameEvents {
  /** A whole message. A text that is not `compressed` is valid UTF-8; a compressed payload is still to be inflated. */
  onMessage(kind: MessageKind, payload: Uint8Array, compressed: boolean): void
  onPing(payload: Uint8Array): void
  onPong(payload: Uint8Array): void
  /** The peer's Close frame. Nothing is told after it. */
  onPeerClose(status: CloseStatus): void
  /** The peer broke a rule or a limit. Nothing is told after it. */
  onFailure(failure: ProtocolFailure): void
}

/** What a parser holds its peer to; one object for all connections of a kind. */
export interface FrameRules {
  /** Frames must be masked (they come from a client) or must not be (they come from a server). RFC 6455 §5.1. */
  readonly masked: boolean
  /** permessage-deflate was agreed, so RSV1 may begin a message. RFC 7692 §6. */
  readonly compression: boolean
  readonly limits: FrameLimits
  /** A native validator of whole texts; without it the engine's own is used throughout. */
  readonly isUtf8?: Utf8Check | undefined
}

type Step = (bytes: Uint8Array, at: number) => number

const WHOLE_TEXT = FIN | OPCODE.text
const WHOLE_BINARY = FIN | OPCODE.binary
const RSV2_RSV3 = 0x30
const OPCODE_BITS = 0x0f
const FIRST_CONTROL_OPCODE = OPCODE.close
/** The longest thing kept until the rest arrives: a control frame, or the header of a data frame. */
const MAX_KEPT_BYTES = 2 + 8 + 4 + MAX_CONTROL_BYTES

/**
 * Bytes in, in any chunks; messages and control frames out, as RFC 6455 §5 has them.
 *
 * The parser unmasks in place, so it takes possession of what it is given, and what it tells is a view of that wherever
 * a payload arrived in one chunk. Its behaviour is its current step: the step is replaced, not asked for flags.
 */
export class FrameParser {
  readonly #events: FrameEvents
  readonly #rules: FrameRules
  #step: Step = this.#readFrames
  #receiving = false
  /** Nothing more is told of the chunk in hand. */
  #isHeld = false
  /** The message in progress, between its first byte and its last. */
  #assembly: MessageAssembly | null = null
  /** The frame in progress, in #readPayload: its first byte, what is missing of its payload, the key for what comes. */
  #head = 0
  #missing = 0
  #key = 0
  /** The beginning of a header or of a control frame, in #readKept. */
  #kept: Uint8Array | null = null
  #keptBytes = 0

  constructor(events: FrameEvents, rules: FrameRules) {
    this.#events = events
    this.#rules = rules
  }

  /**
   * Takes the next bytes from the peer, and possession of them. Answers how many of them it has read: all, unless a callback said `hold`;
   * the rest is to be given again.
   * @throws {Error} when called from within a callback of this parser, and whatever a callback throws: after that the
   * position in the stream is lost, so the parser discards the rest.
   */
  receive(bytes: Uint8Array): number {
    if (this.#receiving) throw new Error('receive() must not be called from a callback of the same parser')
    this.#receiving = true
    this.#isHeld = false
    let at = 0
    try {
      while (at < bytes.length && !this.#isHeld) at = this.#step(bytes, at)
    } catch (error) {
      this.stop()
      if (!(error instanceof ProtocolFailure)) throw error
      this.#events.onFailure(error)
      return bytes.length
    } finally {
      this.#receiving = false
      if (this.#isHeld) this.#step = this.#readFrames
    }
    return at
  }

  /** From a callback: what follows in the chunk in hand is neither read nor told now. Does nothing otherwise. */
  hold(): void {
    if (!this.#receiving || this.#step === this.#discard) return
    this.#isHeld = true
    // Every callback is told between two frames. A step that is another ends the loop over them.
    this.#step = this.#holdsStill
  }

  /** From now on everything is discarded; nothing more is told, not even of the chunk in hand. */
  stop(): void {
    this.#isHeld = false
    this.#step = this.#discard
    this.#assembly = null
    this.#kept = null
  }

  #discard(bytes: Uint8Array): number {
    return bytes.length
  }

  #holdsStill(_: Uint8Array, at: number): number {
    return at
  }

  /**
   * The hot loop: frames from `at` until the chunk ends or within one. Longer than the house likes, because calls per
   * frame are what it is measured by; whatever is not a whole, unfragmented message leaves for a method.
   */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: measured: calls per frame are what this loop saves
  #readFrames(bytes: Uint8Array, at: number): number {
    const { masked, limits } = this.#rules
    const end = bytes.length
    // Asking a buffer for its memory is slow, and `subarray` asks every time.
    const memory = bytes.buffer
    const base = bytes.byteOffset
    let words: Int32Array | null | undefined
    while (at < end) {
      if (end - at < 2) return this.#keep(bytes, at)
      const head = bytes[at] as number
      const second = bytes[at + 1] as number
      // RFC 6455 §5.1: a client masks every frame, a server none.
      if (second >= MASK_BIT !== masked) failMask(masked)
      let length = second & ~MASK_BIT
      if ((head !== WHOLE_TEXT && head !== WHOLE_BINARY) || this.#assembly !== null) {
        this.#checkHead(head, length)
      }
      let start = at + 2
      if (length >= LENGTH_16) {
        start += length === LENGTH_16 ? 2 : 8
        if (start > end) return this.#keep(bytes, at)
        length = readExtendedLength(bytes, at + 2, length)
      }
      if (length > limits.maxFrameBytes || length > limits.maxMessageBytes - (this.#assembly?.size ?? 0)) {
        this.#checkSize(head, length)
      }
      if (masked) start += 4
      if (start > end) return this.#keep(bytes, at)
      const key = masked ? readMaskKey(bytes, start - 4) : 0
      at = start + length
      if (at > end) return this.#beginFrame(bytes, start, { head, length, key })

      const payload = new Uint8Array(memory, base + start, length)
      let seen = MASK_BIT
      if (masked) {
        if (words === undefined && end - start >= MAKE_WORDS_FROM_BYTES) words = wordsOf(memory)
        seen = applyMask(payload, key, words)
      }
      if (this.#assembly === null && (head === WHOLE_TEXT || head === WHOLE_BINARY)) {
        this.#tellMessage(head, payload, seen)
      } else {
        this.#endFrame(head, payload)
      }
      // A callback may have stopped the parser, and a Close frame always does; or it has asked it to hold.
      if (this.#step !== this.#readFrames) return this.#isHeld ? at : end
    }
    return at
  }

  /** Keeps an incomplete header, or control frame, until the rest of it arrives. */
  #keep(bytes: Uint8Array, at: number): number {
    const kept = new Uint8Array(MAX_KEPT_BYTES)
    kept.set(bytes.subarray(at))
    this.#kept = kept
    this.#keptBytes = bytes.length - at
    this.#step = this.#readKept
    return bytes.length
  }

  /** Completes what was kept, as far as it is known, and reads it like any other bytes. */
  #readKept(bytes: Uint8Array, at: number): number {
    const kept = this.#kept as Uint8Array
    const taken = Math.min(neededBytes(kept, this.#keptBytes) - this.#keptBytes, bytes.length - at)
    kept.set(bytes.subarray(at, at + taken), this.#keptBytes)
    this.#kept = null
    this.#step = this.#readFrames
    this.#readFrames(kept.subarray(0, this.#keptBytes + taken), 0)
    return at + taken
  }

  /** Begins a frame whose payload ends in a later chunk. */
  #beginFrame(bytes: Uint8Array, start: number, frame: FrameStart): number {
    // A control frame is kept whole: it may stand between the frames of a message in progress.
    if (isControl(frame.head)) {
      return this.#keep(bytes, start - headerBytes(frame.length, this.#rules.masked))
    }
    this.#openMessage(frame.head)
    this.#head = frame.head
    this.#missing = frame.length
    this.#key = frame.key
    this.#step = this.#readPayload
    return this.#readPayload(bytes, start)
  }

  #readPayload(bytes: Uint8Array, at: number): number {
    const assembly = this.#assembly as MessageAssembly
    const taken = Math.min(this.#missing, bytes.length - at)
    const piece = bytes.subarray(at, at + taken)
    if (this.#rules.masked) {
      applyMask(piece, this.#key)
      this.#key = advanceMaskKey(this.#key, taken)
    }
    this.#missing -= taken
    const final = (this.#head & FIN) !== 0
    assembly.append(piece, final ? this.#missing : null)
    if (this.#missing === 0) {
      this.#step = this.#readFrames
      if (final) this.#finishMessage(assembly)
    }
    return at + taken
  }

  /** A whole frame that is not a whole, plain message. */
  #endFrame(head: number, payload: Uint8Array): void {
    if (isControl(head)) {
      this.#tellControl(head & OPCODE_BITS, payload)
      return
    }
    const assembly = this.#openMessage(head)
    const final = (head & FIN) !== 0
    assembly.append(payload, final ? 0 : null)
    if (final) this.#finishMessage(assembly)
  }

  /** The message this data frame belongs to: a new one for its first frame. */
  #openMessage(head: number): MessageAssembly {
    this.#assembly ??= new MessageAssembly(head, this.#rules.isUtf8)
    const assembly = this.#assembly
    assembly.frames += 1
    const { maxFragments } = this.#rules.limits
    if (assembly.frames > maxFragments) {
      fail(
        CLOSE_CODE.policyViolation,
        `a message may have ${maxFragments} fragments at most; send larger ones`,
      )
    }
    return assembly
  }

  #finishMessage(assembly: MessageAssembly): void {
    const payload = assembly.finish()
    this.#assembly = null
    this.#events.onMessage(assembly.kind, payload, assembly.compressed)
  }

  #tellMessage(head: number, payload: Uint8Array, seen: number): void {
    if (head === WHOLE_BINARY) {
      this.#events.onMessage('binary', payload, false)
      return
    }
    // `seen` below 0x80 proves ASCII. RFC 6455 §8.1: what is not UTF-8 fails the connection.
    if (seen >= 0x80 && !isValidUtf8(payload, this.#rules.isUtf8)) {
      fail(CLOSE_CODE.invalidPayload, 'the text is not valid UTF-8')
    }
    this.#events.onMessage('text', payload, false)
  }

  #tellControl(opcode: number, payload: Uint8Array): void {
    if (opcode === OPCODE.ping) {
      this.#events.onPing(payload)
    } else if (opcode === OPCODE.pong) {
      this.#events.onPong(payload)
    } else {
      const status = decodeClose(payload)
      // RFC 6455 §5.5.1: nothing the peer sends after its Close frame counts.
      this.stop()
      this.#events.onPeerClose(status)
    }
  }

  /** The rules for the first byte, and for a control frame's length. RFC 6455 §5.2, §5.4, §5.5. */
  #checkHead(head: number, length: number): void {
    const opcode = head & OPCODE_BITS
    if ((head & RSV2_RSV3) !== 0) failProtocol('RSV2 and RSV3 belong to no agreed extension and must be 0')
    if (opcode >= FIRST_CONTROL_OPCODE) {
      if (opcode > OPCODE.pong) failProtocol(`opcode ${opcode} is reserved`)
      if ((head & RSV1) !== 0) failProtocol('RSV1 must be 0 in a control frame')
      if ((head & FIN) === 0) failProtocol('a control frame must not be fragmented')
      if (length > MAX_CONTROL_BYTES)
        failProtocol(`a control frame has at most ${MAX_CONTROL_BYTES} bytes of payload`)
      return
    }
    if (opcode > OPCODE.binary) failProtocol(`opcode ${opcode} is reserved`)
    if ((head & RSV1) !== 0) this.#checkCompressed(opcode)
    if (opcode === OPCODE.continuation) {
      if (this.#assembly === null) failProtocol('a continuation frame has no message to continue')
    } else if (this.#assembly !== null) {
      failProtocol('a new message began before the last fragment of the one before')
    }
  }

  #checkCompressed(opcode: number): void {
    if (!this.#rules.compression) failProtocol('RSV1 must be 0: permessage-deflate was not agreed')
    // RFC 7692 §6.1: the bit is the first fragment's.
    if (opcode === OPCODE.continuation) failProtocol('RSV1 must be 0 in a continuation frame')
  }

  #checkSize(head: number, length: number): void {
    // The limits are for data; a control frame has its own, and may stand inside a message that is nearly full.
    if (isControl(head)) return
    const { maxFrameBytes, maxMessageBytes } = this.#rules.limits
    if (length > maxFrameBytes) {
      fail(CLOSE_CODE.messageTooBig, `a frame of ${length} bytes exceeds the limit of ${maxFrameBytes}`)
    }
    const size = (this.#assembly?.size ?? 0) + length
    fail(
      CLOSE_CODE.messageTooBig,
      `a message of ${size} bytes or more exceeds the limit of ${maxMessageBytes}`,
    )
  }
}

interface FrameStart {
  readonly head: number
  readonly length: number
  readonly key: number
}

function isControl(head: number): boolean {
  return (head & FIRST_CONTROL_OPCODE) !== 0
}

function failProtocol(reason: string): never {
  fail(CLOSE_CODE.protocolError, reason)
}

function failMask(expected: boolean): never {
  failProtocol(expected ? 'a client must mask its frames' : 'a server must not mask its frames')
}

/** RFC 6455 §5.2: a length must be encoded in the fewest bytes that hold it. */
function readExtendedLength(bytes: Uint8Array, at: number, form: number): number {
  if (form === LENGTH_16) {
    const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    if (length < LENGTH_16) failProtocol(`the length ${length} must be encoded in 7 bits`)
    return length
  }
  const length = readLength64(bytes, at)
  if (length < 0x10000)
    failProtocol(`the length ${length} must be encoded in ${length < LENGTH_16 ? 7 : 16} bits`)
  return length
}

/** How many bytes to collect before what is kept can be read further: its first two, its header, or all of it. */
function neededBytes(kept: Uint8Array, count: number): number {
  if (count < 2) return 2
  const second = kept[1] as number
  const length = second & ~MASK_BIT
  const extended = length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0
  const header = 2 + extended + (second >= MASK_BIT ? 4 : 0)
  return count >= header && isControl(kept[0] as number) ? header + length : header
}
