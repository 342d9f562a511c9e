import { CODES, type Dialect, type Message } from '@millrace/protocol'
import type { Carrier, Hub, Link, LinkInfo, Outgoing, Session } from '@millrace/server/hub'
import { type Connection, type End, type Frame, sizeOf } from './network.js'

export interface NodeLinkParts {
  /** There as soon as the node has taken the connection. */
  readonly connection: () => Connection
  readonly dialect: Dialect
  readonly info: LinkInfo
  /** Whether the client reads too slowly for what waits for it already. */
  readonly isCongested: (connection: Connection) => boolean
  /** Hears each message that is sent. */
  readonly sent?: ((message: Message) => void) | undefined
  /** The node is done with the connection. */
  readonly over: () => void
}

/** Gives a connection to a hub. What is returned is told what the client sends. */
export function acceptLink(hub: Hub, parts: NodeLinkParts): End {
  const link = new NodeLink(parts)
  const session = hub.accept(link, parts.info)
  link.session = session
  return {
    frame: (frame) => {
      if (!link.isOver) receive(hub, session, frame)
    },
    closed: (code) => {
      link.end()
      session.closed(code)
    },
  }
}

/** An honest client is told of a message that is too large, not cut. [P3.9] */
function receive(hub: Hub, session: Session, frame: Frame): void {
  const size = sizeOf(frame)
  if (size > hub.maxMessage) session.tooLarge(size)
  else session.receive(frame)
}

const MORE = '+'.charCodeAt(0)

/** Here is nothing to share between links. */
const LINK_BY_LINK: Carrier = {
  send: (outgoing, targets) => {
    for (const target of targets) (target as NodeLink).send(outgoing)
  },
}

/** A node's end of a connection. */
class NodeLink implements Link {
  readonly dialect: Dialect
  readonly target = this
  readonly carrier = LINK_BY_LINK
  session: Session | undefined
  isOver = false
  written = 0
  readonly #parts: NodeLinkParts

  constructor(parts: NodeLinkParts) {
    this.#parts = parts
    this.dialect = parts.dialect
  }

  send(outgoing: Outgoing): void {
    if (this.isOver) return
    const { connection, isCongested, sent } = this.#parts
    if (isCongested(connection())) this.#overflow()
    else {
      const wire = outgoing.wire(this.dialect)
      this.written += wire.length
      // Of one that goes in parts it is heard when the last is sent. [P3.11]
      if (wire[0] !== '+' && wire[0] !== MORE) sent?.(outgoing.message)
      connection().toClient.send(wire)
    }
  }

  close(code: number, reason: string): void {
    if (this.isOver) return
    this.end()
    this.#parts.connection().toClient.close(code, reason)
  }

  pause(): void {}
  resume(): void {}

  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.#parts.over()
  }

  /** The client reads too slowly: it is let go, and the hub hears of it, though not within its own call. */
  #overflow(): void {
    const { code, reason } = CODES['slow-consumer']
    this.close(code, reason)
    this.#parts.connection().node.schedule(0, () => this.session?.closed(code))
  }
}
