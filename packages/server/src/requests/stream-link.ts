import { CODES, type Dialect, jsonDialect, writeEvent, writeFrame } from '@millrace/protocol'
import type { Carrier, Link, Outgoing, Session } from '../hub/index.js'
import { Inbox } from './inbox.js'
import type { RequestLinkParts } from './request-link-parts.js'

/** A response that goes on: the platform's. It never throws. */
export interface EventStream {
  /** Bytes written that the network has not taken yet. */
  readonly buffered: number
  write(events: string): void
  end(): void
}

export interface StreamLinkParts extends RequestLinkParts {
  readonly stream: EventStream
}

const event = (wire: string | Uint8Array): string => writeFrame(wire as string)

/** Sends one message over many streams: its event is written once. */
const EVENTS: Carrier = {
  send(outgoing, targets) {
    const text = outgoing.framed(jsonDialect, event)
    for (const target of targets as readonly StreamLink[]) target.write(text)
  },
}

/** A connection that is one long response: what the client says comes by requests of its own. [P8.6] */
export class StreamLink implements Link {
  readonly dialect: Dialect = jsonDialect
  readonly carrier = EVENTS
  readonly target = this
  readonly session: Session
  written = 0
  readonly inbox: Inbox
  readonly #parts: StreamLinkParts
  #isOver = false

  constructor(parts: StreamLinkParts) {
    this.#parts = parts
    this.inbox = new Inbox((frame) => parts.receive(this.session, frame))
    // A hub that is closing closes it at once.
    this.session = parts.accept(this)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  send(outgoing: Outgoing): void {
    // A reply has one reader: nothing to share.
    this.write(
      outgoing.message.id === 0 ? outgoing.framed(jsonDialect, event) : event(outgoing.wire(jsonDialect)),
    )
  }

  write(events: string): void {
    if (this.#isOver) return
    this.written += events.length
    const { stream, outbox } = this.#parts
    if (stream.buffered <= outbox) stream.write(events)
    else {
      const { code, reason } = CODES['slow-consumer']
      this.close(code, reason)
      // Not within the hub's own call.
      void Promise.resolve().then(() => this.session.closed(code))
    }
  }

  close(code: number, reason: string): void {
    if (this.#isOver) return
    this.#parts.stream.write(writeEvent('close', { code, reason }))
    this.#finish()
    this.#parts.stream.end()
  }

  pause(): void {
    this.inbox.pause()
  }

  resume(): void {
    this.inbox.resume()
  }

  /** The client has ended it, or its response has broken. */
  end(code: number): void {
    if (this.#isOver) return
    this.#finish()
    this.#parts.stream.end()
    this.session.closed(code)
  }

  #finish(): void {
    this.#isOver = true
    this.inbox.resume()
    this.#parts.over()
  }
}
