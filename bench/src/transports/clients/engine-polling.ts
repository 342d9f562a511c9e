/** Engine.IO 4 by long polling, as `engine.io-client` does it: one request waits for what comes down, another brings what goes up. */
import type { Connection, ConnectionEvents, Open } from './connection.js'
import { HttpConnection } from './http-connection.js'
import { get, post } from './http-request.js'
import { Upstream } from './upstream.js'

const PATH = '/socket.io/?EIO=4&transport=polling'
/** Between packets of one body. */
const SEPARATOR = '\x1e'

class EnginePolling implements Connection {
  readonly #port: number
  readonly #events: ConnectionEvents
  readonly #http: HttpConnection
  readonly #upstream: Upstream
  #path = PATH
  #body = ''
  #requests = 0

  constructor(port: number, events: ConnectionEvents) {
    const lost = (error: Error): void => events.lost(error)
    this.#port = port
    this.#events = events
    this.#upstream = new Upstream({
      port,
      lost,
      request: (frames) => post(port, this.#target(), frames.join(SEPARATOR)),
    })
    this.#http = new HttpConnection(port, {
      head(status) {
        if (status !== 200) throw new Error(`The server answered ${status}`)
      },
      body: (text) => {
        this.#body += text
      },
      end: () => this.#answered(),
      lost,
    })
    this.#poll()
  }

  say(frame: string): void {
    this.#upstream.say(frame)
  }

  #poll(): void {
    this.#http.write(get(this.#port, this.#target()))
  }

  #answered(): void {
    const packets = this.#body.split(SEPARATOR)
    this.#body = ''
    for (const packet of packets) {
      // The packet that opens the connection brings its name.
      if (packet.startsWith('0')) {
        this.#path = `${PATH}&sid=${(JSON.parse(packet.slice(1)) as { sid: string }).sid}`
        this.#events.opened()
      }
      this.#events.frame(packet)
    }
    this.#poll()
  }

  /** As the library does it, so that no cache answers. */
  #target(): string {
    return `${this.#path}&t=${(this.#requests++).toString(36)}`
  }
}

export const openEnginePolling: Open = (port, events) => new EnginePolling(port, events)
