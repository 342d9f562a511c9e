import type { Answer, Posted } from '@millrace/client/transports'
import type { Host } from './host.js'
import { Connection, type Frame } from './network.js'
import type { Rng } from './rng.js'
import type { Timeline } from './timeline.js'

/** Where a request has arrived, and its answer is written. */
export interface Responder {
  /** Bytes of the answer that are on their way. */
  readonly buffered: number
  /** Begins the answer. */
  head(status: number, isEvents: boolean): void
  write(piece: string): void
  end(): void
  /** Breaks off, whatever has been written. */
  fail(): void
  /** Calls back when nobody waits for the answer any more, as far as that is known here. */
  onGone(tell: () => void): void
}

export interface ExchangeParts {
  readonly timeline: Timeline
  readonly rng: Rng
  /** Milliseconds that the request takes, and then each piece of the answer. */
  readonly latency: (rng: Rng) => number
  readonly client: Host
  readonly server: Host
  /** The request has arrived. */
  arrived(responder: Responder): void
  /** For the client it is over. */
  over?(): void
}

/** A close of the connection under an exchange: its end, or a break. RFC 6455 has numbers for both. */
const ENDED = 1000
const BROKEN = 1006
const EVENTS = ' events'

/** An HTTP request and its answer, over a connection of its own, which can be cut, held up and slowed down as others can. */
export class Exchange implements Posted {
  readonly answer: Promise<Answer>
  readonly connection: Connection
  readonly #parts: ExchangeParts
  readonly #pieces: (string | Error | undefined)[] = []
  #head: (answer: Answer) => void = () => {}
  #refuse: (error: Error) => void = () => {}
  #hasHead = false
  #isOver = false
  #more = (): void => {}

  constructor(parts: ExchangeParts) {
    const { timeline, rng, latency, client, server } = parts
    this.#parts = parts
    this.answer = new Promise((resolve, reject) => {
      this.#head = resolve
      this.#refuse = reject
    })
    // Not everybody who asks waits for an answer.
    this.answer.catch(() => {})
    const gone: (() => void)[] = []
    this.connection = new Connection({
      ...{ timeline, rng, latency, client, node: server },
      clientEnd: {
        frame: (frame) => this.#hear(frame),
        closed: (code) => (code === ENDED ? this.#end() : this.fail('The network broke')),
      },
      nodeEnd: {
        frame: () => parts.arrived(this.#responder(gone)),
        closed: () => {
          for (const tell of gone.splice(0)) tell()
        },
      },
    })
  }

  /** Sends the request. Until then its connection can be made one on which things are lost. */
  send(body: string): void {
    this.connection.toNode.send(body)
  }

  /** Breaks it off for the client, which is told so. The server is not told. */
  fail(why: string): void {
    if (this.#isOver) return
    const error = new Error(why)
    this.#refuse(error)
    this.#put(error)
    this.#over()
  }

  /** As with a platform's requests, it may be called without its exchange. */
  readonly abort = (): void => {
    if (this.#isOver) return
    this.fail('Aborted')
    this.connection.toNode.close(BROKEN, '')
  }

  #hear(frame: Frame): void {
    if (this.#isOver) return
    const text = String(frame)
    if (this.#hasHead) {
      this.#put(text)
      return
    }
    this.#hasHead = true
    const status = Number.parseInt(text, 10)
    this.#head({ status, isEvents: text.endsWith(EVENTS), pieces: this.#read() })
  }

  #end(): void {
    if (!this.#hasHead) this.fail('It ended before it had begun')
    this.#put(undefined)
    this.#over()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts.over?.()
  }

  #put(piece: string | Error | undefined): void {
    if (this.#isOver) return
    this.#pieces.push(piece)
    this.#more()
  }

  async *#read(): AsyncGenerator<string> {
    for (;;) {
      while (this.#pieces.length === 0)
        await new Promise<void>((resolve) => {
          this.#more = resolve
        })
      const piece = this.#pieces.shift()
      if (piece instanceof Error) throw piece
      if (piece === undefined) return
      yield piece
    }
  }

  #responder(gone: (() => void)[]): Responder {
    const { toClient, toNode } = this.connection
    return {
      get buffered() {
        return toClient.bytes
      },
      head: (status, isEvents) => toClient.send(`${status}${isEvents ? EVENTS : ''}`),
      write: (piece) => toClient.send(piece),
      end: () => toClient.close(ENDED, ''),
      fail: () => toClient.close(BROKEN, ''),
      onGone: (tell) => {
        if (toNode.isOver) tell()
        else gone.push(tell)
      },
    }
  }
}
