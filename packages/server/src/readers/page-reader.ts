import {
  type Gap,
  type MessageBodies,
  MillraceError,
  type Position,
  type Publication,
} from '@millrace/protocol'
import type { Clock, Link, Outgoing, Session } from '../hub/index.js'
import { connectCommand, ONE_BY_ONE, type Reader, ReaderLink } from './reader-link.js'
import type { PageRequest } from './reader-request.js'

/** A part of a stream. */
export interface Page {
  /** Where to go on: what came after it is what the page does not bring. */
  readonly position: Position
  readonly gap: Gap | undefined
  readonly publications: readonly Publication[]
  /** Whether there are more in the direction asked. */
  readonly more: boolean
}

/** What came while it waits. */
type Came = Omit<Page, 'more'>

export interface PageReaderParts {
  readonly request: PageRequest
  readonly clock: Pick<Clock, 'schedule'>
  /** Makes the session of the link. */
  accept(link: Link): Session
  /** How it ended. Called once, unless the client goes before. */
  done(outcome: Page | MillraceError): void
}

/** Who asks for a part of a channel's stream, and may wait for it. [P9.13] [P9.14] */
export class PageReader implements Reader {
  readonly #link: ReaderLink
  readonly #request: Pick<PageRequest, 'channel' | 'since' | 'before' | 'limit' | 'wait'>
  readonly #clock: PageReaderParts['clock']
  /** An ended session is still looked at for a while: what was read must not stay with it. */
  #done: PageReaderParts['done'] | undefined
  /** Something came while the stream was asked. */
  #hasMissed = false
  #came: Came | undefined
  #cancel = (): void => {}

  constructor({ request, clock, accept, done }: PageReaderParts) {
    const { channel, since, before, limit, wait } = request
    this.#request = { channel, since, before, limit, wait }
    this.#clock = clock
    this.#done = done
    this.#link = new ReaderLink({ reader: this, carrier: ONE_BY_ONE, accept })
    this.#link.say(connectCommand(request))
    // Who waits follows the channel; who does not asks for the past. [P9.4]
    if (since !== undefined && wait > 0)
      this.#link.say({ id: 2, kind: 'subscribe', body: { channel, since } })
    else this.#askForHistory()
  }

  take({ message: { kind, body } }: Outgoing): void {
    switch (kind) {
      case 'history':
        this.#history(body)
        break
      case 'subscribed':
        this.#subscribed(body)
        break
      case 'publication':
        this.#publication(body)
        break
      case 'gap':
        this.#lost(body)
        break
      case 'ping':
        // Nothing is written that the network could take; the wait is bounded.
        this.#link.heard()
        break
      case 'unsubscribed':
        this.#finish(new MillraceError(body.code ?? 'disconnected', { message: body.reason }))
        break
      case 'error':
        this.#finish(new MillraceError(body.code, body))
        break
      default:
    }
  }

  closed(error: MillraceError): void {
    this.#finish(error)
  }

  /** Its client is gone. */
  gone(): void {
    this.#done = undefined
    this.#finish(new MillraceError('connection-lost'))
  }

  #askForHistory(): void {
    const { channel, since, before, limit } = this.#request
    this.#hasMissed = false
    this.#link.say({ id: 3, kind: 'history', body: { channel, since, before, limit } })
  }

  #history({ position, gap, publications, more = false }: MessageBodies['history']): void {
    const { since, wait } = this.#request
    const page = { position, gap, publications, more }
    if (since === undefined) this.#finish(page)
    else if (wait === 0 || gap !== undefined || publications.length > 0) this.#finishAfter(page)
    else if (this.#hasMissed) this.#askForHistory()
    else this.#await(position)
  }

  #subscribed({
    position,
    gap,
    publications = [],
    more = false,
    snapshot,
  }: MessageBodies['subscribed']): void {
    // A whole state would be told again whenever it is asked for: who comes by pages gets what changed.
    if (snapshot) this.#askForHistory()
    else if (gap === undefined && publications.length === 0) this.#await(position)
    else this.#finishAfter({ position, gap, publications, more })
  }

  /** There is nothing after `since` yet. */
  #await(position: Position): void {
    this.#came = { position, gap: undefined, publications: [] }
    this.#cancel = this.#clock.schedule(this.#request.wait, () => this.#answer())
  }

  #publication(publication: Publication): void {
    const came = this.#came
    if (came === undefined) this.#hasMissed = true
    else {
      const position = { epoch: came.position.epoch, offset: publication.offset }
      this.#answerSoon({ ...came, position, publications: [...came.publications, publication] })
    }
  }

  /** A page has what was lost before what it brings: what is lost behind that is told by the next one. */
  #lost(gap: Gap): void {
    const came = this.#came
    if (came === undefined) this.#hasMissed = true
    else if (came.publications.length > 0 || came.gap !== undefined) this.#answer()
    else this.#answerSoon({ position: gap.to, gap, publications: [] })
  }

  /** At the end of the turn: what comes by then goes along. */
  #answerSoon(came: Came): void {
    this.#came = came
    void Promise.resolve().then(() => this.#answer())
  }

  #answer(): void {
    if (this.#came !== undefined) this.#finishAfter({ ...this.#came, more: false })
  }

  #finishAfter(page: Page): void {
    this.#finish(following(page, this.#request.limit))
  }

  #finish(outcome: Page | MillraceError): void {
    const done = this.#done
    this.#done = undefined
    this.#came = undefined
    this.#cancel()
    this.#link.end(1000)
    done?.(outcome)
  }
}

/** What follows a position: at most so many, and the place of the last of them where there are others. */
function following(page: Page, limit: number): Page {
  const publications = page.publications.slice(0, limit)
  const more = page.more || publications.length < page.publications.length
  const last = publications.at(-1)?.offset ?? page.gap?.to.offset
  if (!more || last === undefined) return { ...page, publications, more }
  return { ...page, publications, more, position: { epoch: page.position.epoch, offset: last } }
}
