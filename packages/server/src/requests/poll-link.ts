import { CODES, jsonDialect, writeEvent, writeFrame } from '@millrace/protocol'
import type { Carrier, Link, Outgoing, Session } from '../hub/index.js'
import { Inbox } from './inbox.js'
import type { RequestLinkParts } from './request-link-parts.js'

/** Links by which messages go one by one. */
const ONE_BY_ONE: Carrier = {
  send(outgoing, targets) {
    for (const target of targets as readonly Link[]) target.send(outgoing)
  },
}

/** About so many characters go into one answer: over a slow link more would take longer than a silence is suffered. */
const MOST_AT_ONCE = 262_144

/**
 * A connection whose client asks again and again what there is. It outlives the requests: what is sent has a number, and is
 * kept until the client has said that it came. [P8.4]
 */
export class PollLink implements Link {
  readonly dialect = jsonDialect
  readonly carrier = ONE_BY_ONE
  readonly target = this
  readonly session: Session
  written = 0
  readonly inbox: Inbox
  readonly #parts: RequestLinkParts
  /** What the client has not acknowledged, oldest first: the last of them has the number `#last`. */
  #kept: string[] = []
  #last = 0
  #bytes = 0
  /** Of these bytes, those that an answer has taken: they are on their way, and not in the outbox. */
  #given = 0
  #close: string | undefined
  #poll: ((events: string) => void) | undefined
  #isAnswering = false

  constructor(parts: RequestLinkParts) {
    this.#parts = parts
    this.inbox = new Inbox((frame) => parts.receive(this.session, frame))
    // A hub that is closing closes it at once.
    this.session = parts.accept(this)
  }

  /** It is closed, and needed only until its client has heard so. */
  get isOver(): boolean {
    return this.#close !== undefined
  }

  send(outgoing: Outgoing): void {
    if (this.#close !== undefined) return
    if (this.#bytes - this.#given > this.#parts.outbox) {
      this.#overflow()
      return
    }
    const frame = outgoing.wire(jsonDialect) as string
    this.written += frame.length
    this.#bytes += frame.length
    this.#kept.push(frame)
    this.#last++
    this.#answerSoon()
  }

  close(code: number, reason: string): void {
    if (this.#close !== undefined) return
    this.#close = writeEvent('close', { code, reason })
    this.inbox.resume()
    this.#answerSoon()
    this.#parts.over()
  }

  pause(): void {
    this.inbox.pause()
  }

  resume(): void {
    this.inbox.resume()
  }

  /** The client has ended it. */
  end(code: number): void {
    this.session.closed(code)
    this.close(code, '')
    this.#parts.told?.()
  }

  /** Resolves with events when there are any, at the latest when the client asks again. `ack` is the number of the last one it has. */
  poll(ack: number): Promise<string> {
    this.#acknowledge(ack)
    this.#poll?.('')
    return new Promise((resolve) => {
      this.#poll = resolve
      this.#answerSoon()
    })
  }

  /** Answers who waits, with nothing if there is nothing. */
  release(): void {
    this.#poll?.(this.#events())
    this.#poll = undefined
  }

  #acknowledge(ack: number): void {
    const count = Math.min(this.#kept.length, Math.max(0, ack - (this.#last - this.#kept.length)))
    for (const { length } of this.#kept.splice(0, count)) {
      this.#bytes -= length
      this.#given = Math.max(0, this.#given - length)
    }
  }

  /** At the end of the turn: what is sent by then goes along, for every answer costs a request. */
  #answerSoon(): void {
    if (this.#isAnswering || this.#poll === undefined) return
    if (this.#kept.length === 0 && this.#close === undefined) return
    this.#isAnswering = true
    this.#parts.soon(() => {
      this.#isAnswering = false
      this.#poll?.(this.#events())
      this.#poll = undefined
    })
  }

  /** About as much as goes into one answer. The rest is there for who asks for it, which shows that these have come. */
  #events(): string {
    let events = ''
    let no = this.#last - this.#kept.length
    this.#given = 0
    for (const frame of this.#kept) {
      events += writeFrame(frame, ++no)
      this.#given += frame.length
      if (events.length > MOST_AT_ONCE && no < this.#last) return events
    }
    if (this.#close === undefined) return events
    this.#parts.told?.()
    return events + this.#close
  }

  /** The client does not read, or too slowly. */
  #overflow(): void {
    const { code, reason } = CODES['slow-consumer']
    this.#kept = []
    this.close(code, reason)
    // Not within the hub's own call.
    void Promise.resolve().then(() => this.session.closed(code))
  }
}
