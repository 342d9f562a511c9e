import { readRequest, writeEvent } from '@millrace/protocol'
import type { CarriedRequest, Clock, Hub, LinkInfo, Random, RequestAnswer } from '../hub/index.js'
import { KnownNodes } from './known-nodes.js'
import { Neighbours } from './neighbours.js'
import { PollLink } from './poll-link.js'
import type { RequestLinkParts } from './request-link-parts.js'
import { type EventStream, StreamLink } from './stream-link.js'

/** What is asked of a connection. */
export type RequestKind = CarriedRequest['kind']

export interface RequestLinksParts {
  readonly hub: Pick<Hub, 'accept' | 'cluster' | 'maxMessage'>
  /** This node's name. */
  readonly node: string
  readonly clock: Clock
  readonly random: Random
  /** Bytes that may wait for one client. */
  readonly outbox: number
  /** Bytes a text takes as UTF-8. */
  sizeOf(text: string): number
  /** Runs something at the end of the turn of the event loop, before time passes. */
  soon(run: () => void): void
}

/** Milliseconds for which a poll waits at most for something to tell: less than what most proxies cut as idle. [P8.4] */
const HELD = 25_000
/** Milliseconds for which it is known of a connection that is over how it ended. */
const REMEMBERED = 15_000
/** Milliseconds after which a stream is over whose response has broken: that its client says goodbye may come after that. */
const BROKEN = 500
/** Milliseconds within which clients of a server that closes come to hear so. */
const FAREWELL = 1_000
/** Milliseconds within which another node does what it can do at once. */
const CARRIED_WITHIN = 5_000

/** A request may come twice by no doing of its client's, and what opens a connection has no number. */
const EARLY: RequestAnswer = {
  status: 400,
  body: 'Commands come when the connection has its name, and not with the request that opens it\n',
}
const GONE: RequestAnswer = {
  status: 410,
  body: 'The connection is over, or its node is: open another one\n',
}
const SILENT: RequestAnswer = { status: 503, body: 'The connection’s node does not answer: ask again\n' }
const BUSY: RequestAnswer = { status: 503, body: 'Too many requests of this connection wait: ask again\n' }
const CLOSING: RequestAnswer = { status: 503, body: 'The server is shutting down: open a connection again\n' }
const TAKEN: RequestAnswer = { status: 200, body: '' }

/** Connections that are made of requests, of this node; and requests for those of other nodes, which are carried there. [P8.*] */
export class RequestLinks {
  readonly #parts: RequestLinksParts
  readonly #links = new Map<string, PollLink | StreamLink>()
  readonly #neighbours: Neighbours
  readonly #known: KnownNodes
  #isClosing = false
  /** Connections that are over and whose clients have not been told. */
  readonly #untold = new Set<string>()
  #whenTold = (): void => {}

  constructor(parts: RequestLinksParts) {
    const { hub, clock } = parts
    this.#parts = parts
    this.#known = new KnownNodes({ clock, nodes: () => hub.cluster.nodes() })
    this.#neighbours = new Neighbours({
      clock,
      ask: (node, within) => hub.cluster.ask(node, 'alive', { body: null, within }),
    })
    hub.cluster.answer('request', (request) => this.#here(request))
  }

  /** Connections of this node, those included that are over and whose clients may not have heard so. */
  get size(): number {
    return this.#links.size
  }

  /** What a request is answered. `text` is its body, `info` says who opens a connection by it. */
  async answer(kind: RequestKind, text: string, info: () => LinkInfo): Promise<RequestAnswer> {
    const body = readRequest(text)
    if (typeof body === 'string') return { status: 400, body: `${body}\n` }
    if (body.link !== undefined) return this.#ask({ kind, body })
    if (kind !== 'poll') return { status: 400, body: 'link is missing: the name of the connection\n' }
    if (body.frames.length > 0) return EARLY
    if (this.#isClosing) return CLOSING
    return this.#open(info())
  }

  /** Opens a connection whose response goes on. Returns what to tell it when the response breaks; or an answer that refuses it. */
  stream(text: string, info: () => LinkInfo, stream: EventStream): RequestAnswer | { broken(): void } {
    const body = readRequest(text)
    if (typeof body === 'string') return { status: 400, body: `${body}\n` }
    if (body.frames.length > 0) return EARLY
    if (this.#isClosing) return CLOSING
    const id = this.#newId()
    stream.write(writeEvent('open', { link: id }))
    const link = new StreamLink({ ...this.#linkParts(info()), stream, over: () => this.#links.delete(id) })
    if (!link.isOver) this.#links.set(id, link)
    return { broken: () => void this.#parts.clock.schedule(BROKEN, () => link.end(1006)) }
  }

  /**
   * Takes no more connections, and lets nobody wait. The hub has closed the sessions. Resolves when their clients know, those too that
   * were between two polls, or had time to.
   */
  close(): Promise<void> {
    this.#isClosing = true
    for (const link of this.#links.values()) if (link instanceof PollLink) link.release()
    this.#neighbours.release(CLOSING)
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.schedule(FAREWELL, resolve)
      this.#whenTold = () => {
        if (this.#untold.size > 0) return
        cancel()
        resolve()
      }
      this.#whenTold()
    })
  }

  #open(info: LinkInfo): RequestAnswer {
    const { clock } = this.#parts
    const id = this.#newId()
    const over = (): void => {
      this.#untold.add(id)
      clock.schedule(REMEMBERED, () => {
        this.#links.delete(id)
        told()
      })
    }
    const told = (): void => {
      if (this.#untold.delete(id)) this.#whenTold()
    }
    this.#links.set(id, new PollLink({ ...this.#linkParts(info), over, told }))
    return { status: 200, body: writeEvent('open', { link: id }) }
  }

  /** Does what is asked where the connection is. */
  #ask(request: CarriedRequest): Promise<RequestAnswer> {
    const { node } = this.#parts
    const id = request.body.link ?? ''
    const home = id.slice(0, Math.max(0, id.lastIndexOf('.')))
    return home === node ? this.#here(request) : this.#carry(home, request)
  }

  async #carry(home: string, request: CarriedRequest): Promise<RequestAnswer> {
    const { hub } = this.#parts
    try {
      if (!(await this.#known.has(home))) return GONE
    } catch {
      return SILENT
    }
    if (this.#isClosing) return CLOSING
    const held = request.kind === 'poll' ? heldFor(request.body.wait) : 0
    const answer = hub.cluster.ask(home, 'request', { body: request, within: held + CARRIED_WITHIN })
    return this.#neighbours.wait(
      home,
      answer.catch(() => SILENT),
      GONE,
    )
  }

  async #here({ kind, body }: CarriedRequest): Promise<RequestAnswer> {
    const { link: id = '', seq = 1, ack = 0, code = 1000, wait, frames } = body
    const link = this.#links.get(id)
    if (link === undefined) return GONE
    // Life is whatever comes from the client, so a poll that waits for its commands to be taken is one already.
    link.session.heard()
    const taking = link.inbox.take(seq, frames)
    const taken = taking instanceof Promise ? await taking : taking
    if (kind === 'close') {
      link.end(code)
      return TAKEN
    }
    if (taken === 'busy') return BUSY
    if (taken === 'hole')
      return { status: 409, body: `Commands before number ${seq} have not come: send them again\n` }
    if (kind === 'send') return TAKEN
    if (link instanceof StreamLink)
      return { status: 400, body: 'This connection’s events come by its stream\n' }
    return this.#poll(link, ack, wait)
  }

  async #poll(link: PollLink, ack: number, wait: number | undefined): Promise<RequestAnswer> {
    const answer = link.poll(ack)
    const cancel = this.#parts.clock.schedule(heldFor(wait), () => link.release())
    const body = await answer
    cancel()
    return { status: 200, body }
  }

  #linkParts(info: LinkInfo): Omit<RequestLinkParts, 'over'> {
    const { hub, outbox, sizeOf, soon } = this.#parts
    return {
      ...{ outbox, soon },
      accept: (link) => hub.accept(link, info),
      receive(session, frame) {
        const size = sizeOf(frame)
        if (size > hub.maxMessage) session.tooLarge(size)
        else session.receive(frame)
      },
    }
  }

  /** Names the node, so that others know where to ask, and cannot be guessed: who has it has the connection. */
  #newId(): string {
    const { node, random } = this.#parts
    return `${node}.${random.id()}`
  }
}

const heldFor = (wait = HELD): number => Math.min(wait, HELD)
