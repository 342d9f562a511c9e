/** A way for HTTP requests, one after the other, by one raw TCP connection: a browser's, as cheap as can be. */
import { connect, type Socket } from 'node:net'
import { Gate } from './gate.js'
import { HttpReader, type ResponseEars } from './http-reader.js'

/** All connections read into this one buffer: each read is consumed before the next. */
const READ_BUFFER = Buffer.alloc(64 * 1024)

/**
 * So many connections of a process may be without a first answer: two processes stay below the 511 that a server of Node lets wait. A queue
 * that overflows costs a second or more, which thousands of clients elsewhere would not cause in the same millisecond.
 */
const GATE = new Gate(200)

export interface ConnectionEars extends ResponseEars {
  /** The connection ended or broke. */
  lost(error: Error): void
}

export class HttpConnection {
  /** Requests of this process. */
  static requests = 0
  readonly #port: number
  readonly #ears: ConnectionEars
  #socket: Socket | undefined
  /** The request of which no answer has begun. */
  #request: string | undefined
  /** An answer has come by this socket. */
  #isUsed = false
  #isEntering = false
  #isClosed = false

  constructor(port: number, ears: ConnectionEars) {
    this.#port = port
    this.#ears = ears
    this.#enter()
  }

  /** Writes a whole request. The one before must have been answered. */
  write(request: string): void {
    HttpConnection.requests++
    this.#request = request
    this.#socket?.write(request, 'latin1')
  }

  /** Ends it with a reset, so that thousands of them leave no ports in TIME_WAIT. */
  destroy(): void {
    this.#isClosed = true
    this.#leave()
    this.#socket?.resetAndDestroy()
  }

  #enter(): void {
    this.#isUsed = false
    this.#socket = undefined
    GATE.enter(() => {
      this.#isEntering = true
      if (this.#isClosed) this.#leave()
      else this.#connect()
    })
  }

  #leave(): void {
    if (!this.#isEntering) return
    this.#isEntering = false
    GATE.leave()
  }

  #connect(): void {
    const reader = new HttpReader(this.#ears)
    const read = (length: number): boolean => this.#read(reader, length)
    const onread = { buffer: READ_BUFFER, callback: read }
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true, onread })
    socket.on('error', (error) => this.#broke(socket, error))
    socket.on('close', () => this.#broke(socket, new Error('The server closed the connection')))
    if (this.#request !== undefined) socket.write(this.#request, 'latin1')
    this.#socket = socket
  }

  #read(reader: HttpReader, length: number): boolean {
    this.#leave()
    if (this.#isClosed) return false
    this.#isUsed = true
    this.#request = undefined
    try {
      reader.push(READ_BUFFER.toString('latin1', 0, length))
    } catch (error) {
      this.#lost(error as Error)
    }
    return !this.#isClosed
  }

  /**
   * A connection that was kept may be closed by the server just when the next request goes out: then browsers send that again by
   * another one (RFC 9110 §9.2.2).
   */
  #broke(socket: Socket, error: Error): void {
    if (this.#isClosed || socket !== this.#socket) return
    if (this.#isUsed && this.#request !== undefined) this.#enter()
    else this.#lost(error)
  }

  #lost(error: Error): void {
    if (this.#isClosed) return
    this.destroy()
    this.#ears.lost(error)
  }
}
