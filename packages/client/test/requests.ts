/** Requests that a test answers, and the links made of them. */
import { type RequestBody, readRequest, writeEvent, writeFrame } from '@millrace/protocol'
import type { LinkEvents } from '../src/core/index.js'
import { Pace, type RequestKind, RequestLink, type RequestPorts } from '../src/fallback/index.js'
import { MadeAnswer } from './answer.js'
import { FakeClock, settle } from './clock.js'

/** A request that was sent, and its answer, which is the test's. */
export class FakeRequest {
  readonly kind: RequestKind
  readonly body: RequestBody
  isAborted = false
  readonly #made = new MadeAnswer()

  constructor(kind: RequestKind, text: string) {
    const body = readRequest(text)
    if (typeof body === 'string') throw new Error(body)
    this.kind = kind
    this.body = body
  }

  get answer(): MadeAnswer['answer'] {
    return this.#made.answer
  }

  /** Stands on its own, as ports' functions may. */
  readonly abort = (): void => {
    this.isAborted = true
    this.#break(new Error('aborted'))
  }

  /** The answer's head comes. */
  async head(status = 200, isEvents = status === 200): Promise<this> {
    this.#made.head(status, isEvents)
    await settle()
    return this
  }

  async piece(text: string): Promise<this> {
    this.#made.put(text)
    await settle()
    return this
  }

  /** The answer ends. */
  async end(): Promise<void> {
    this.#made.put(undefined)
    await settle()
  }

  /** The whole answer at once. */
  async reply(events = '', status = 200, isEvents = status === 200): Promise<void> {
    await this.head(status, isEvents)
    await this.piece(events)
    await this.end()
  }

  /** No answer comes, or no more of it. */
  async fail(): Promise<void> {
    this.#break(new Error('the network'))
    await settle()
  }

  #break(error: Error): void {
    this.#made.fail(error)
    this.#made.put(error)
  }
}

export class FakeNetwork {
  readonly clock = new FakeClock()
  readonly pace = new Pace(this.clock)
  readonly requests: FakeRequest[] = []
  /** Who is told when the page goes. */
  readonly pages = new Set<() => void>()
  readonly ports: RequestPorts = {
    clock: this.clock,
    random: () => 0.5,
    sizeOf: (text) => new TextEncoder().encode(text).length,
    post: (kind, text) => {
      const request = new FakeRequest(kind, text)
      this.requests.push(request)
      return request
    },
    leaving: (tell) => {
      this.pages.add(tell)
      return () => this.pages.delete(tell)
    },
  }

  /** The last request of a kind. */
  last(kind: RequestKind): FakeRequest {
    const found = this.requests.filter((request) => request.kind === kind).at(-1)
    if (found === undefined) throw new Error(`No ${kind} was sent`)
    return found
  }

  count(kind: RequestKind): number {
    return this.requests.filter((request) => request.kind === kind).length
  }

  /** A link, and what it tells. */
  link(
    kind: 'poll' | 'stream',
    reactions: { opened?(link: RequestLink): void; frame?(link: RequestLink): void } = {},
  ) {
    const log: string[] = []
    /** How often it said that a part of an event came. */
    const told = { parts: 0 }
    const events: LinkEvents = {
      opened(protocol) {
        log.push(`opened ${protocol}`)
        reactions.opened?.(link)
      },
      frame(frame) {
        if (frame === '[]') told.parts++
        else log.push(String(frame))
        reactions.frame?.(link)
      },
      closed: (code, reason) => log.push(`closed ${code} ${reason}`),
      idle: () => true,
    }
    const link = new RequestLink(kind, { ports: this.ports, pace: this.pace, events })
    return { link, log, told }
  }
}

export const OPEN = writeEvent('open', { link: 'n.1' })
export const frames = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => writeFrame(`"f${from + index}"`, from + index)).join('')

/** A link by polling that is open, has said one thing and heard another, and has its third poll out. */
export async function polling() {
  const network = new FakeNetwork()
  const { link, log, told } = network.link('poll')
  await settle()
  await network.last('poll').reply(OPEN)
  link.send('"c1"')
  await settle()
  await network.last('poll').reply(frames(1, 1))
  log.length = 0
  return { network, link, log, told, clock: network.clock }
}
