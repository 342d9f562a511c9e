import { type Command, jsonDialect, MillraceError, PROTOCOL_VERSION } from '@millrace/protocol'
import type { Carrier, Link, Outgoing, Session } from '../hub/index.js'
import type { ReaderRequest } from './reader-request.js'

/** Whoever is at the other end of a reader's link. */
export interface Reader {
  take(outgoing: Outgoing): void
  /** The hub has closed the link, and why. */
  closed(error: MillraceError): void
}

export interface ReaderLinkParts {
  readonly reader: Reader
  readonly carrier: Carrier
  /** Makes the session of the link. */
  accept(link: Link): Session
}

/** Takes messages one by one. */
export const ONE_BY_ONE: Carrier = {
  send(outgoing, targets) {
    for (const target of targets as readonly Reader[]) target.take(outgoing)
  },
}

/** What connects, before anything else is said. */
export const connectCommand = ({ token }: ReaderRequest): Command => ({
  id: 1,
  kind: 'connect',
  body: { version: PROTOCOL_VERSION, token },
})

/**
 * The link of a client that cannot say anything: the commands are said for it, and it is given what comes back. To the hub
 * it is a connection as any other, so limits, heartbeat, recovery and shutdown hold for it. [P9.17]
 */
export class ReaderLink implements Link {
  readonly dialect = jsonDialect
  readonly onlyReads = true
  readonly carrier: Carrier
  readonly target: Reader
  readonly #session: Session
  #isOver = false

  constructor({ reader, carrier, accept }: ReaderLinkParts) {
    this.carrier = carrier
    this.target = reader
    // A hub that is closing closes it at once.
    this.#session = accept(this)
  }

  send(outgoing: Outgoing): void {
    if (!this.#isOver) this.target.take(outgoing)
  }

  close(code: number, reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#later(() => this.target.closed(new MillraceError(code, { message: reason || undefined })))
  }

  /** Nothing comes that could be read more slowly. */
  pause(): void {}

  resume(): void {}

  /** Says commands for the client, in this order. */
  say(...commands: readonly Command[]): void {
    this.#soon(() => this.#session.receive(jsonDialect.encodeCommands(commands)))
  }

  /** There was a sign of life. */
  heard(): void {
    this.#soon(() => this.#session.heard())
  }

  /** It is over, from this side: nothing more comes. */
  end(code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#later(() => this.#session.closed(code))
  }

  #soon(run: () => void): void {
    this.#later(() => {
      if (!this.#isOver) run()
    })
  }

  /** Not within a call of the hub's. */
  #later(run: () => void): void {
    void Promise.resolve().then(run)
  }
}
