import type { LinkEvents, Ports, TransportName } from '@millrace/client/core'
import { jsonDialect } from '@millrace/protocol'
import type { Carrier, Link, Outgoing, Session } from '@millrace/server/hub'

type Transport = Ports['transport']

/** What one end of a connection of requests said and heard, frame by frame. */
export interface Transcript {
  readonly page: string
  readonly said: string[]
  readonly heard: string[]
}

/** What both ends of all connections of requests said and heard. */
export interface Transcripts {
  readonly ofClients: Transcript[]
  readonly ofNodes: Transcript[]
}

const begin = (page: string, list: Transcript[]): Transcript => {
  const transcript = { page, said: [], heard: [] }
  list.push(transcript)
  return transcript
}

export interface OverheardParts {
  readonly page: string
  readonly list: Transcript[]
  /** A connection was opened by this transport. */
  opened(name: TransportName): void
  /** A connection was left for one by a better transport. */
  moved(): void
  /** Tells the client that it is to try again at once. */
  hurry(tell: () => void): void
}

/** A transport that writes down what goes over connections of requests. */
export const overheard = (
  transport: Transport,
  { page, list, opened, moved, hurry }: OverheardParts,
): Transport => ({
  open(protocol: string, events: LinkEvents) {
    let transcript: Transcript | undefined
    const link = transport.open(protocol, {
      idle: () => events.idle(),
      ...(events.ask && { ask: events.ask }),
      opened: (chosen, via) => {
        const { name = 'websocket' } = via ?? {}
        if (name !== 'websocket') transcript = begin(page, list)
        opened(name)
        events.opened(chosen, via)
      },
      frame: (frame) => {
        transcript?.heard.push(String(frame))
        events.frame(frame)
      },
      closed: (code, reason, next) => {
        if (code === MOVING) moved()
        if (next?.wait === 0) hurry(() => events.closed(code, reason, next))
        else events.closed(code, reason, next)
      },
    })
    return {
      get buffered() {
        return link.buffered
      },
      sizeOf: (frame) => link.sizeOf(frame),
      send: (frame) => {
        transcript?.said.push(String(frame))
        link.send(frame)
      },
      close: (code, reason) => link.close(code, reason),
    }
  },
})

/** The close code with which a client leaves a connection for a better one. */
const MOVING = 3000

/** Links by which messages go one by one, so that each is heard. */
const ONE_BY_ONE: Carrier = {
  send: (outgoing, targets) => {
    for (const target of targets) (target as OverheardLink).send(outgoing)
  },
}

/** A node's link of requests that writes down what the hub says on it. */
export class OverheardLink implements Link {
  readonly dialect = jsonDialect
  readonly carrier = ONE_BY_ONE
  readonly target = this
  readonly #link: Link
  readonly #transcript: Transcript
  readonly #sent: (outgoing: Outgoing) => void

  constructor(link: Link, parts: { page: string; list: Transcript[]; sent: (outgoing: Outgoing) => void }) {
    this.#link = link
    this.#transcript = begin(parts.page, parts.list)
    this.#sent = parts.sent
  }

  get written(): number {
    return this.#link.written ?? 0
  }

  send(outgoing: Outgoing): void {
    this.#transcript.said.push(String(outgoing.wire(jsonDialect)))
    this.#sent(outgoing)
    this.#link.send(outgoing)
  }

  close(code: number, reason: string): void {
    this.#link.close(code, reason)
  }

  pause(): void {
    this.#link.pause()
  }

  resume(): void {
    this.#link.resume()
  }

  /** Writes down what the session is told. */
  listenTo(session: Session): Session {
    const receive = session.receive.bind(session)
    session.receive = (frame) => {
      this.#transcript.heard.push(String(frame))
      receive(frame)
    }
    return session
  }
}
