/** Frames that go up by requests of their own, while another request waits for what comes down. */
import { HttpConnection } from './http-connection.js'

export interface UpstreamParts {
  readonly port: number
  /** The request that carries these frames. */
  request(frames: readonly string[]): string
  lost(error: Error): void
}

/** Seconds for which an unused connection is kept: as long as the server says, but for so much, or so long where it says nothing; as Node's `fetch` does. */
const MARGIN = 1
const USUALLY = 4

export class Upstream {
  readonly #parts: UpstreamParts
  #waiting: string[] = []
  #isOut = false
  #kept = USUALLY
  #connection: HttpConnection | undefined
  #idle: NodeJS.Timeout | undefined

  constructor(parts: UpstreamParts) {
    this.#parts = parts
  }

  say(frame: string): void {
    this.#waiting.push(frame)
    this.#send()
  }

  #send(): void {
    if (this.#isOut || this.#waiting.length === 0) return
    this.#isOut = true
    clearTimeout(this.#idle)
    this.#connection ??= this.#connect()
    this.#connection.write(this.#parts.request(this.#waiting.splice(0)))
  }

  #connect(): HttpConnection {
    const { port, lost } = this.#parts
    return new HttpConnection(port, {
      head: (status, kept) => {
        this.#kept = kept === undefined ? USUALLY : kept - MARGIN
        if (status !== 200) lost(new Error(`The server answered ${status} to what was sent`))
      },
      body() {},
      end: () => this.#answered(),
      lost: (error) => {
        this.#connection = undefined
        // One that nobody uses may be closed by the server.
        if (this.#isOut) lost(error)
      },
    })
  }

  #answered(): void {
    this.#isOut = false
    this.#idle = setTimeout(() => {
      this.#connection?.destroy()
      this.#connection = undefined
    }, this.#kept * 1000)
    this.#send()
  }
}
