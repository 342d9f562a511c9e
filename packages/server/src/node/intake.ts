import { CLOSE_CODE, type Connection } from '../websocket/index.js'
import type { MaybeSocket } from './descriptor.js'
import type { LinkSettings, Terminable } from './link-settings.js'
import { readMemory } from './read-memory.js'

/** Whose intake it is. */
export interface Reader extends Terminable {
  /** Its peer reads so little of what it is sent that it should not be read either. */
  readonly isBehind: boolean
  /** Its peer sends no more. */
  receiveEnd(): void
}

/** After a chunk of so many bytes there may be more, of whichever message: what comes next waits until there is time. */
const LARGE = 16 * 1024
/** So many bytes are read of a connection that is over, a chunk counted as so many at least: its end is behind what the peer had sent already. */
const LAST_BYTES = 256 * 1024
const LEAST_COUNTED = 256
const NOT_OVER = -1

interface IntakeParts {
  readonly reader: Reader
  readonly socket: MaybeSocket
  readonly connection: Connection
}

/**
 * What a link reads: when, and how much of it in one turn of the event loop. While something stops it, neither is the socket read nor is told what
 * has been read from it already.
 */
export class Intake {
  readonly #reader: Reader
  readonly #socket: MaybeSocket
  readonly #connection: Connection
  readonly #settings: LinkSettings
  /** Nothing has come yet, or more than a turn has time for: what comes next waits until there is time. */
  #hasToWait = true
  /** Of a chunk, what was not told yet. */
  #rest: Buffer | null = null
  /** The end is to be told once that has been. */
  #isEnding = false
  /** The turns have it in their list. */
  #isQueued = false
  /** The peer does not read, or the application does not want more. */
  #isHeldBack = false
  #isPaused = false
  /** Once the connection is over, how much more is read. */
  #lastBytes = NOT_OVER

  constructor({ reader, socket, connection }: IntakeParts, settings: LinkSettings) {
    this.#reader = reader
    this.#socket = socket
    this.#connection = connection
    this.#settings = settings
  }

  /** To be called once the socket's listeners are there. */
  start(): void {
    if (this.#isStopped || this.#rest !== null) this.#socket.pause()
  }

  receive(chunk: Buffer): void {
    const isItsTurn = !this.#hasToWait || this.#settings.turns.hasTime
    this.#hasToWait = chunk.length >= LARGE && this.#lastBytes === NOT_OVER
    if (isItsTurn && this.#rest === null && !this.#isStopped) this.#tell(chunk, false)
    // What was under way when reading stopped.
    else this.#keep(this.#rest === null ? chunk : this.#joined(this.#rest, chunk))
  }

  /** Whether the end must wait, because something is left that came before it; then the reader is told of it again. */
  putsOffEnd(): boolean {
    this.#isEnding = this.#rest !== null
    return this.#isEnding
  }

  /** A message, of so many bytes, was told. */
  told(bytes: number): void {
    if (!this.#settings.turns.isOver(bytes)) return
    this.#hasToWait = true
    this.#connection.hold()
  }

  pause(): void {
    this.#isPaused = true
    this.#connection.hold()
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#goOn()
  }

  /** The peer reads again. */
  release(): void {
    if (!this.#isHeldBack) return
    this.#isHeldBack = false
    this.#goOn()
  }

  /**
   * The connection is over: only its end is waited for. So whoever stopped the reading, it goes on; but what comes before the end is thrown away, and of that
   * there may be as much as the peer can send. [E40]
   */
  awaitEnd(): void {
    this.#lastBytes = LAST_BYTES
    this.#isHeldBack = false
    this.#isPaused = false
    this.#goOn()
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#isPaused = true
    this.drop()
    this.#socket.pause()
  }

  /** Forgets what was not told yet. */
  drop(): void {
    if (this.#rest === null) return
    readMemory.letGo(this.#rest)
    this.#rest = null
  }

  /** The next part of what is left, in a turn that has time for it. */
  proceed(): void {
    this.#isQueued = false
    const rest = this.#rest
    if (rest === null || this.#isStopped) return
    this.#rest = null
    try {
      this.#tell(rest, true)
    } finally {
      if (!this.#hasRest) readMemory.letGo(rest)
    }
    if (this.#hasRest) return
    if (this.#isEnding) this.#reader.receiveEnd()
    else if (!this.#isStopped) this.#socket.resume()
  }

  get #hasRest(): boolean {
    return this.#rest !== null
  }

  get #isStopped(): boolean {
    return this.#isPaused || this.#isHeldBack
  }

  #goOn(): void {
    if (this.#isStopped) return
    if (this.#rest === null) this.#socket.resume()
    else this.#queue()
  }

  #tell(bytes: Buffer, isRest: boolean): void {
    const { outbox, turns } = this.#settings
    let read = bytes.length
    outbox.beginInput()
    turns.begin()
    try {
      read = isRest ? this.#connection.proceed(bytes) : this.#connection.receive(bytes)
    } catch (error) {
      // The handler threw, and where the parser stood is lost.
      this.#connection.fail(CLOSE_CODE.internalError, 'the server failed to handle a message')
      throw error
    } finally {
      outbox.endInput()
    }
    // Or what it is answered would pile up here.
    if (this.#reader.isBehind) this.#holdBack()
    if (read < bytes.length) this.#keep(bytes.subarray(read))
    else if (this.#lastBytes !== NOT_OVER) this.#thrownAway(bytes.length)
  }

  #thrownAway(bytes: number): void {
    this.#lastBytes = Math.max(0, this.#lastBytes - Math.max(bytes, LEAST_COUNTED))
    if (this.#lastBytes > 0 || this.#isPaused) return
    this.stop()
    this.#settings.heedless.add(this.#reader)
  }

  #joined(rest: Buffer, chunk: Buffer): Buffer {
    const joined = Buffer.concat([rest, chunk])
    readMemory.letGo(rest)
    return joined
  }

  #holdBack(): void {
    if (this.#isHeldBack) return
    this.#isHeldBack = true
    this.#socket.pause()
  }

  #keep(rest: Buffer): void {
    this.#rest = readMemory.keep(rest)
    this.#socket.pause()
    this.#queue()
  }

  #queue(): void {
    if (this.#isQueued || this.#isStopped) return
    this.#isQueued = true
    this.#settings.turns.add(this)
  }
}
