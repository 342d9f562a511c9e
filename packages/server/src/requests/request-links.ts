import { type RequestBody, readRequest, writeEvent } from '@millrace/protocol'
import type { CarriedRequest, Clock, Hub, LinkInfo, Random, RequestAnswer } from '../hub/index.js'
import { Neighbours } from './neighbours.js'
import { PollLink } from './poll-link.js'
import type { RequestLinkParts } from './request-link-parts.js'
import { type EventStream, StreamLink } from './stream-link.js'

/** What is asked of a connection. */
export type RequestKind = CarriedRequest['kind']

export interface RequestLinksParts {
  readonly hub: Hub
  /** This node's name. */
  readonly node: string
  readonly clock: Clock
  readonly random: Random
  /** Bytes that may wait for one client. */
  readonly outbox: number
  /** Bytes a text takes as UTF-8. */
  sizeOf(text: string): number
}

/** Milliseconds for which a poll waits for something to tell: less than what proxies cut as idle. [P8.4] */
const HELD = 25_000
/** Milliseconds for which it is known of a connection that is over how it ended. */
const REMEMBERED = 15_000
/** Milliseconds within which another node does what it can do at once. */
const CARRIED_WITHIN = 5_000

const GONE: RequestAnswer = {
  status: 410,
  body: 'The connection is over, or its node is: open another one\n',
}
const SILENT: RequestAnswer = { status: 503, body: 'The connection’s node does not answer: ask again\n' }
const CLOSING: RequestAnswer = { status: 503, body: 'The server is shutting down: open a connection again\n' }

/** Connections that are made of requests, of this node; and requests for those of other nodes, which are carried there. [P8.*] */
export class RequestLinks {
  readonly #parts: RequestLinksParts
  readonly #links = new Map<string, PollLink | StreamLink>()
  readonly #neighbours: Neighbours
  #isClosing = false

  constructor(parts: RequestLinksParts) {
    const { hub, clock } = parts
    this.#parts = parts
    this.#neighbours = new Neighbours({
      clock,
      ask: (node, within) => hub.cluster.ask(node, 'alive', { body: null, within }),
    })
    hub.cluster.answer('request', (request) => this.#here(request))
  }

  /** Connections of this node. */
  get size(): number {
    return this.#links.size
  }

  /** What a request is answered. `text` is its body. */
  async answer(kind: RequestKind, text: string, info: LinkInfo): Promise<RequestAnswer> {
    const body = readRequest(text)
    if (typeof body === 'string') return { status: 400, body: `${body}\n` }
    if (body.link !== undefined) return this.#ask({ kind, body })
    if (kind !== 'poll') return { status: 400, body: 'link is missing: the name of the connection\n' }
    if (this.#isClosing) return CLOSING
    return this.#open(body, info)
  }

  /** Opens a connection whose response goes on. Returns what to tell it when the response breaks; or an answer that refuses it. */
  stream(text: string, info: LinkInfo, stream: EventStream): RequestAnswer | { broken(): void } {
    const body = readRequest(text)
    if (typeof body === 'string') return { status: 400, body: `${body}\n` }
    if (this.#isClosing) return CLOSING
    const id = this.#newId()
    const link = new StreamLink({ ...this.#linkParts(info), stream, over: () => this.#links.delete(id) })
    this.#links.set(id, link)
    stream.write(writeEvent('open', { link: id }))
    void link.inbox.take(1, body.frames)
    return { broken: () => link.end(1006) }
  }

  /** Takes no more connections, and lets nobody wait. The hub has closed the sessions. */
  close(): void {
    this.#isClosing = true
    for (const link of this.#links.values()) if (link instanceof PollLink) link.release()
  }

  async #open({ frames }: RequestBody, info: LinkInfo): Promise<RequestAnswer> {
    const { clock } = this.#parts
    const id = this.#newId()
    const closing = (): void => void clock.schedule(REMEMBERED, () => this.#links.delete(id))
    const link = new PollLink({ ...this.#linkParts(info), closing })
    this.#links.set(id, link)
    await link.inbox.take(1, frames)
    const { body } = await this.#poll(link, 0)
    return { status: 200, body: writeEvent('open', { link: id }) + body }
  }

  /** Does what is asked where the connection is. */
  async #ask(request: CarriedRequest): Promise<RequestAnswer> {
    const { hub, node } = this.#parts
    const id = request.body.link ?? ''
    const home = id.slice(0, Math.max(0, id.lastIndexOf('.')))
    if (home === node || home === '') return this.#here(request)
    const within = request.kind === 'poll' ? HELD + CARRIED_WITHIN : CARRIED_WITHIN
    const answer = hub.cluster.ask(home, 'request', { body: request, within })
    if (request.kind !== 'poll') return answer.catch(() => SILENT)
    return (
      (await this.#neighbours.wait(
        home,
        answer.catch(() => SILENT),
      )) ?? GONE
    )
  }

  async #here({ kind, body }: CarriedRequest): Promise<RequestAnswer> {
    const { link: id = '', seq = 1, ack = 0, code = 1000, frames } = body
    const link = this.#links.get(id)
    if (link === undefined) return GONE
    if (kind === 'close') {
      link.end(code)
      return { status: 200, body: '' }
    }
    // Life is whatever comes from the client, so a poll that waits for its commands to be taken is one already.
    link.session.heard()
    if (!(await link.inbox.take(seq, frames)))
      return { status: 409, body: `Commands before number ${seq} have not come: send them again\n` }
    if (kind === 'send') return { status: 200, body: '' }
    if (link instanceof StreamLink)
      return { status: 400, body: 'This connection’s events come by its stream\n' }
    return this.#poll(link, ack)
  }

  async #poll(link: PollLink, ack: number): Promise<RequestAnswer> {
    const answer = link.poll(ack)
    const cancel = this.#parts.clock.schedule(HELD, () => link.release())
    const body = await answer
    cancel()
    return { status: 200, body }
  }

  #linkParts(info: LinkInfo): RequestLinkParts {
    const { hub, outbox, sizeOf } = this.#parts
    return {
      outbox,
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
