/** Connections made of requests (docs/protocol.md, section 8), as `@millrace/client` makes them. */
import { writeRequest } from '@millrace/protocol'
import type { Connection, ConnectionEvents, Open } from './connection.js'
import { eventReader, type StreamEvent } from './events.js'
import { HttpConnection } from './http-connection.js'
import { post } from './http-request.js'
import { Upstream } from './upstream.js'

/** For how long the server may hold a poll, in milliseconds. [P8.4] */
const WAIT = 25_000

const write = (port: number, kind: string, body: Parameters<typeof writeRequest>[0]): string =>
  post(port, `/millrace/${kind}`, writeRequest(body))

/** What opens a connection. */
const NOTHING = { frames: [] }

const linkOf = ({ data }: StreamEvent): string => (JSON.parse(data) as { link: string }).link

function refuse(status: number): void {
  if (status !== 200) throw new Error(`The server answered ${status}`)
}

/** Asks again and again what there is. What is said goes with the next poll. [P8.4] */
class Poll implements Connection {
  readonly #port: number
  readonly #events: ConnectionEvents
  readonly #http: HttpConnection
  readonly #read = eventReader((event) => this.#hear(event))
  #link = ''
  /** The number of the last event that came, and of the first frame that has not gone up. */
  #ack = 0
  #seq = 1
  #frames: string[] = []

  constructor(port: number, events: ConnectionEvents) {
    this.#port = port
    this.#events = events
    this.#http = new HttpConnection(port, {
      head: refuse,
      body: (text) => this.#read(text),
      end: () => this.#poll(),
      lost: (error) => events.lost(error),
    })
    this.#http.write(write(port, 'poll', NOTHING))
  }

  say(frame: string): void {
    this.#frames.push(frame)
  }

  #poll(): void {
    const frames = this.#frames.splice(0)
    const body = { link: this.#link, seq: this.#seq, ack: this.#ack, wait: WAIT, frames }
    // An answer says that they were taken, and without one the client is lost here. [P8.3]
    this.#seq += frames.length
    this.#http.write(write(this.#port, 'poll', body))
  }

  #hear(event: StreamEvent): void {
    if (event.name === 'open') {
      this.#link = linkOf(event)
      this.#events.opened()
    } else if (event.name === 'close') this.#events.lost(new Error(`The server said goodbye: ${event.data}`))
    else if (event.id === this.#ack + 1) {
      this.#ack = event.id
      this.#events.frame(event.data)
    } else throw new Error(`Event ${event.id} came after ${this.#ack}`)
  }
}

/** One answer that goes on. What is said goes by requests of its own. [P8.6] */
class Stream implements Connection {
  readonly #events: ConnectionEvents
  readonly #upstream: Upstream
  #link = ''
  #seq = 1

  constructor(port: number, events: ConnectionEvents) {
    this.#events = events
    const lost = (error: Error): void => events.lost(error)
    this.#upstream = new Upstream({
      port,
      lost,
      request: (frames) => {
        const body = { link: this.#link, seq: this.#seq, frames }
        this.#seq += frames.length
        return write(port, 'send', body)
      },
    })
    const http = new HttpConnection(port, {
      head: refuse,
      body: eventReader((event) => this.#hear(event)),
      end: () => lost(new Error('The stream ended')),
      lost,
    })
    http.write(write(port, 'stream', NOTHING))
  }

  say(frame: string): void {
    this.#upstream.say(frame)
  }

  #hear(event: StreamEvent): void {
    if (event.name === 'open') {
      this.#link = linkOf(event)
      this.#events.opened()
    } else if (event.name === 'close') this.#events.lost(new Error(`The server said goodbye: ${event.data}`))
    else this.#events.frame(event.data)
  }
}

export const openPoll: Open = (port, events) => new Poll(port, events)
export const openStream: Open = (port, events) => new Stream(port, events)
