/** Nodes on one broker, and clients that come by requests, each to whichever node it likes: for tests without sockets. */
import { type Command, jsonDialect, type Message, type RequestBody, writeRequest } from '@millrace/protocol'
import type { Hub, HubOptions, RequestAnswer } from '../src/hub/index.js'
import { type EventStream, type RequestKind, RequestLinks } from '../src/requests/index.js'
import { FakeClock, SharedBroker, type SharedBrokerNode, settle, testHub } from '../src/testing/index.js'

const INFO = () => ({ headers: { 'user-agent': 'test' }, remoteAddress: '192.0.2.1' })

/** What one node says to another: its question or its answer, as the broker carries it. */
export interface Carried {
  readonly to: string
  readonly is: string
  readonly kind: string | undefined
}

export interface RequestNode {
  readonly name: string
  readonly hub: Hub
  readonly links: RequestLinks
  readonly broker: SharedBrokerNode
  readonly clock: FakeClock
}

export class RequestWorld {
  readonly clock = new FakeClock()
  readonly shared = new SharedBroker(this.clock)
  /** What nodes have said to each other. */
  readonly carried: Carried[] = []
  /** Whether this is lost on its way. */
  loses: (carried: Carried) => boolean = () => false
  #ids = 0

  async node(
    name: string,
    options: Partial<HubOptions> & { readonly outbox?: number } = {},
  ): Promise<RequestNode> {
    const broker = this.shared.node()
    const { send } = broker
    broker.send = async (channel, event) => {
      const carried = readCarried(channel, 'text' in event.data ? event.data.text : '{}')
      if (carried !== undefined) this.carried.push(carried)
      if (carried === undefined || !this.loses(carried)) await send.call(broker, channel, event)
    }
    const { clock } = this
    const random = { id: () => `${name}-${++this.#ids}` }
    const { hub } = testHub({ clock, broker, random, node: name, ...options })
    await settle()
    const links = new RequestLinks({
      ...{ hub, clock, random },
      node: name,
      outbox: options.outbox ?? 1_048_576,
      sizeOf: (text) => new TextEncoder().encode(text).length,
      soon: (run) => clock.schedule(0, run),
    })
    return { name, hub, links, broker, clock }
  }

  async nodes<N extends string>(...names: readonly N[]): Promise<Record<N, RequestNode>> {
    const all = await Promise.all(names.map(async (name) => [name, await this.node(name)] as const))
    return Object.fromEntries(all) as Record<N, RequestNode>
  }
}

function readCarried(channel: string, text: string): Carried | undefined {
  if (!channel.startsWith('@node')) return undefined
  const { is, question } = JSON.parse(text)
  return { to: channel.slice('@node:'.length), is, kind: question?.kind }
}

/** A request, as a test sees it end. */
export interface Asked {
  /** Undefined as long as it waits. */
  answer: RequestAnswer | undefined
}

export function ask(node: RequestNode, kind: RequestKind, body: Partial<RequestBody> | string): Asked {
  const asked: Asked = { answer: undefined }
  const text = typeof body === 'string' ? body : writeRequest({ frames: [], ...body })
  void node.links.answer(kind, text, INFO).then((answer) => {
    asked.answer = answer
  })
  return asked
}

/** A request that is answered without time passing. */
export async function answered(
  node: RequestNode,
  kind: RequestKind,
  body: Partial<RequestBody> | string,
): Promise<RequestAnswer> {
  const asked = ask(node, kind, body)
  await node.clock.advance(0)
  if (asked.answer === undefined) throw new Error(`${kind} was not answered`)
  return asked.answer
}

export interface Heard {
  readonly no: number
  readonly event: string
  readonly data: { readonly [name: string]: unknown }
}

/** What an answer tells. */
export const heard = (events: string): Heard[] =>
  events
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const fields = Object.fromEntries(
        event.split('\n').map((line) => [line.split(':', 1)[0], line.replace(/^\w+:/, '')]),
      )
      return {
        no: Number(fields['id'] ?? 0),
        event: fields['event'] ?? 'message',
        data: JSON.parse(fields['data'] ?? ''),
      }
    })

/** The kinds of messages and events in an answer, with their numbers. */
export const told = (events: string): string[] =>
  heard(events).map(({ no, event, data }) => {
    const what = event === 'message' ? (Object.keys(data).find((key) => key !== 'id') ?? '') : event
    return no === 0 ? what : `${no} ${what}`
  })

let ids = 0
export const frame = (kind: Command['kind'], body: object): string =>
  jsonDialect.encodeCommands([{ id: ++ids, kind, body } as Command])
export const connect = (more: object = {}): string => frame('connect', { version: 1, ...more })
export const ping = (): string => frame('ping', {})

/** A client by polling: it has a connection, and knows how to go on. */
export class PollClient {
  readonly link: string
  ack = 0
  seq = 1
  readonly messages: Message[] = []
  closed: { readonly code: number; readonly reason: string } | undefined

  private constructor(link: string) {
    this.link = link
  }

  static async open(node: RequestNode, frames: readonly string[] = [connect()]): Promise<PollClient> {
    const { status, body } = await answered(node, 'poll', '{}')
    const [open] = heard(body)
    if (status !== 200 || open?.event !== 'open') throw new Error(`${status}: ${body}`)
    const client = new PollClient(String(open.data['link']))
    await client.polled(node, frames)
    return client
  }

  /** Asks without waiting. */
  poll(node: RequestNode, frames: readonly string[] = [], wait?: number): Asked {
    const { link, seq, ack } = this
    this.seq += frames.length
    return ask(node, 'poll', { link, seq, ack, wait, frames })
  }

  /** Asks, is answered at once, and takes what it is told. */
  async polled(node: RequestNode, frames: readonly string[] = []): Promise<string[]> {
    const asked = this.poll(node, frames)
    await node.clock.advance(0)
    if (asked.answer?.status !== 200)
      throw new Error(`Answered ${asked.answer?.status} ${asked.answer?.body}`)
    return this.take(asked.answer.body)
  }

  async send(node: RequestNode, frames: readonly string[]): Promise<RequestAnswer> {
    const { link, seq } = this
    this.seq += frames.length
    return answered(node, 'send', { link, seq, frames })
  }

  take(body: string): string[] {
    for (const { no, event, data } of heard(body)) {
      if (event === 'close') this.closed = data as unknown as { code: number; reason: string }
      if (event !== 'message' || no <= this.ack) continue
      this.ack = no
      this.messages.push(...jsonDialect.decodeMessages(JSON.stringify(data)))
    }
    return told(body)
  }
}

/** The platform's end of a response that goes on. */
export class FakeStream implements EventStream {
  text = ''
  buffered = 0
  isEnded = false

  write(events: string): void {
    if (this.isEnded) throw new Error('It has ended')
    this.text += events
  }

  end(): void {
    this.isEnded = true
  }
}

/** A client by streaming. */
export class StreamClient {
  readonly stream = new FakeStream()
  readonly link: string
  readonly broken: () => void

  constructor(node: RequestNode) {
    const opened = node.links.stream('{}', INFO, this.stream)
    if ('status' in opened) throw new Error(`${opened.status}: ${opened.body}`)
    this.broken = opened.broken
    this.link = String(heard(this.stream.text)[0]?.data['link'])
  }

  /** One that is connected, and has said this. */
  static async open(node: RequestNode, frames: readonly string[] = [connect()]): Promise<StreamClient> {
    const client = new StreamClient(node)
    await answered(node, 'send', { link: client.link, seq: 1, frames })
    return client
  }

  get told(): string[] {
    return told(this.stream.text)
  }
}
