import { type MessageBodies, MillraceError, type Position } from '@millrace/protocol'
import type { Carrier, Link, Outgoing, Session } from '../hub/index.js'
import { errorAnswer, type ReaderAnswer } from './error-answer.js'
import {
  closeEvent,
  gapEvent,
  PING,
  piecesOf,
  positionEvent,
  publicationEvent,
  retryEvent,
  snapshotEvent,
} from './event-text.js'
import { connectCommand, ONE_BY_ONE, type Reader, ReaderLink } from './reader-link.js'
import type { EventsRequest } from './reader-request.js'

/** An answer that goes on: the platform's. It never throws. */
export interface ReaderStream {
  /** Bytes written that the network has not taken yet. */
  readonly buffered: number
  /** Answers with a failure instead. Nothing was written before, and nothing follows. */
  refuse(answer: ReaderAnswer): void
  /** `taken`, when the network has taken it all. It is not called when that comes to nothing. */
  write(events: string, taken?: () => void): void
  /** Ends it behind what was written. */
  end(): void
  /** Ends it at once, whatever of it has left. */
  cut(): void
}

export interface EventReaderParts {
  readonly request: EventsRequest
  readonly stream: ReaderStream
  /** Bytes that may wait for the reader. */
  readonly outbox: number
  /** Makes the session of the link. */
  accept(link: Link): Session
  /** Milliseconds from 0 to so many, other ones for each who asks. */
  spread(within: number): number
}

/**
 * `opening`: nothing is written. `behind`: it is given what it missed, as fast as it takes it, and what comes live is left to
 * the stream. `live`: it is given what comes. `over`.
 */
type State = 'opening' | 'behind' | 'live' | 'over'

/** What a reply brings of the stream. */
type Part = Pick<MessageBodies['subscribed'], 'position' | 'gap' | 'publications' | 'more' | 'snapshot'>

/** EventSource comes back after so many milliseconds at the least, and so many more at the most where nobody says otherwise. */
const RETRY = 1_000
const RETRY_SPREAD = 2_000
/** So many publications are asked for at once; how many bytes they may take is limited as well. [H4.7] */
const PAGE = 1_000

/** Sends one publication to many readers: its event is written once. */
const EVENTS: Carrier = {
  send(outgoing, targets) {
    const { message } = outgoing
    if (message.kind !== 'publication') return ONE_BY_ONE.send(outgoing, targets)
    let written: { readonly epoch: string; readonly text: string } | undefined
    for (const target of targets as readonly EventReader[]) {
      const { epoch } = target
      // But for who is behind, all are in one epoch.
      if (written?.epoch !== epoch) written = { epoch, text: publicationEvent(epoch, message.body) }
      target.publish(message.body.offset, written.text)
    }
  },
}

/** Who follows a channel by an answer that does not end. [P9.6] */
export class EventReader implements Reader {
  readonly #parts: Omit<EventReaderParts, 'accept'>
  readonly #link: ReaderLink
  #state: State = 'opening'
  /** Everything up to here is written, or told as a gap. */
  #position: Position = { epoch: '', offset: 0 }
  /** Something came live since the stream was asked for the last time. */
  #hasMissed = false
  #retryAfter: number | undefined

  constructor({ accept, ...parts }: EventReaderParts) {
    this.#parts = parts
    this.#link = new ReaderLink({ reader: this, carrier: EVENTS, accept })
    const { channel, since, history } = parts.request
    // What the header says is later than what the URL says.
    const body = { channel, since, history: since === undefined ? history : undefined }
    this.#link.say(connectCommand(parts.request), { id: 2, kind: 'subscribe', body })
  }

  /** That of what comes next. */
  get epoch(): string {
    return this.#position.epoch
  }

  take({ message: { kind, body } }: Outgoing): void {
    switch (kind) {
      case 'subscribed':
      case 'history':
        this.#catchUp(body)
        break
      case 'publication':
        this.publish(body.offset, publicationEvent(this.epoch, body))
        break
      case 'gap':
        this.#publish(body.to, gapEvent(body))
        break
      case 'ping':
        this.#ping()
        break
      case 'disconnect':
        this.#retryAfter = body.retryAfter
        break
      case 'unsubscribed':
        this.#fail(new MillraceError(body.code ?? 'disconnected', { message: body.reason }))
        break
      case 'error':
        this.#fail(new MillraceError(body.code, body))
        break
      default:
    }
  }

  /** A publication that came live, as its event. */
  publish(offset: number, event: string): void {
    this.#publish({ epoch: this.epoch, offset }, event)
  }

  /** The hub has closed it. */
  closed(error: MillraceError): void {
    // Who does not even take a ping would not take a farewell, and what waits for it takes room.
    if (error.kind === 'heartbeat-timeout' && this.#state !== 'opening') this.#parts.stream.cut()
    else this.#farewell(error)
    this.#state = 'over'
  }

  /** Its client is gone. */
  gone(): void {
    this.#state = 'over'
    this.#link.end(1006)
  }

  #publish(to: Position, event: string): void {
    const { stream, outbox } = this.#parts
    const { epoch, offset } = this.#position
    if (this.#state === 'behind') this.#hasMissed = true
    // The live feed may bring what was read from the stream before.
    if (this.#state !== 'live' || (to.epoch === epoch && to.offset <= offset)) return
    this.#position = to
    if (stream.buffered <= outbox) stream.write(event)
    else this.#cut(new MillraceError('slow-consumer'))
  }

  #catchUp({ position, gap, publications = [], more = false, snapshot }: Part): void {
    const { epoch } = position
    const last = publications.at(-1)?.offset ?? gap?.to.offset
    const before = [
      this.#state === 'opening' ? this.#retryEvent() : '',
      gap === undefined ? '' : gapEvent(gap),
      snapshot ? snapshotEvent(position) : '',
    ]
    // Its place is told even where nothing came yet, so that a cut before the first event loses nothing.
    const behind = more || last === position.offset ? '' : positionEvent(position)
    const [first = '', ...rest] = piecesOf(publications, epoch)
    const pieces = [before.join('') + first, ...rest]
    this.#position = more ? { epoch, offset: last ?? position.offset } : position
    this.#state = 'behind'
    this.#give([...pieces.slice(0, -1), pieces.at(-1) + behind], more)
  }

  /** Gives what it missed, each piece when the one before is taken. `more`: the stream has more behind the last one. */
  #give([piece = '', ...rest]: readonly string[], more: boolean): void {
    if (this.#state !== 'behind') return
    const isUpToDate = rest.length === 0 && !more && !this.#hasMissed
    if (isUpToDate) this.#state = 'live'
    this.#parts.stream.write(piece, () => {
      this.#link.heard()
      if (rest.length > 0) this.#give(rest, more)
      else if (!isUpToDate) this.#askOn()
    })
  }

  #askOn(): void {
    const { channel } = this.#parts.request
    this.#hasMissed = false
    this.#link.say({ id: 3, kind: 'history', body: { channel, since: this.#position, limit: PAGE } })
  }

  /** A response cannot answer. That the network takes what it is sent is the sign of life that there is. [P9.9] */
  #ping(): void {
    if (this.#state === 'opening') this.#link.heard()
    else this.#parts.stream.write(PING, () => this.#link.heard())
  }

  #fail(error: MillraceError): void {
    this.#farewell(error)
    this.#state = 'over'
    this.#link.end(1000)
  }

  #cut({ code }: MillraceError): void {
    this.#state = 'over'
    this.#parts.stream.cut()
    this.#link.end(code)
  }

  /** Says why it ends: as an answer; or as an event, where one has begun or another status would be the end. [P9.10] [P9.11] */
  #farewell(error: MillraceError): void {
    const { request, stream } = this.#parts
    if (this.#state === 'opening' && !(request.isEventSource && error.retry !== 'never')) {
      stream.refuse(errorAnswer(error, request.token !== undefined))
      return
    }
    stream.write(this.#retryEvent(this.#retryAfter ?? error.retryAfter) + closeEvent(error))
    stream.end()
  }

  /** Another time for each reader, so that those who are cut at once do not come back at once. */
  #retryEvent(within: number = RETRY_SPREAD): string {
    return retryEvent(RETRY + this.#parts.spread(within))
  }
}
