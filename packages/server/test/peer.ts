/** A client without the SDK, over a real WebSocket. */
import {
  binaryDialect,
  type Command,
  type Dialect,
  json,
  jsonDialect,
  type Message,
} from '@millrace/protocol'
import { expect, vi } from 'vitest'
import { type ClientOptions, WebSocket } from 'ws'

const utf8 = {
  encode: (text: string) => new TextEncoder().encode(text),
  decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
}
const binary = binaryDialect(utf8)

/** A bare client that speaks a dialect by hand. */
export class Peer {
  readonly messages: Message[] = []
  readonly socket: WebSocket
  readonly opened: Promise<unknown>
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #dialect: Dialect
  #id = 0

  constructor(url: string, options: { protocol?: string; ws?: ClientOptions } = {}) {
    this.socket = new WebSocket(url, options.protocol === undefined ? [] : [options.protocol], options.ws)
    this.#dialect = options.protocol === 'millrace.binary' ? binary : jsonDialect
    this.socket.on('message', (data, isBinary) => {
      this.messages.push(...this.#dialect.decodeMessages((isBinary ? data : String(data)) as never))
    })
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
    )
    this.opened = new Promise((resolve, reject) => this.socket.on('open', resolve).on('error', reject))
    // Whoever waits for it is told; the others expect a failure.
    this.opened.catch(() => {})
  }

  async connect(token?: string): Promise<Message> {
    await this.opened
    return this.ask('connect', { version: 1, token })
  }

  async ask<K extends Command['kind']>(
    kind: K,
    body: Extract<Command, { kind: K }>['body'],
  ): Promise<Message> {
    const id = ++this.#id
    this.socket.send(this.#dialect.encodeCommands([{ id, kind, body } as Command]))
    return vi.waitFor(
      () => this.messages.find((message) => message.id === id) ?? expect.fail(`no reply to ${kind}`),
      { timeout: 10_000 },
    )
  }

  /** Answers the newest call. */
  answer(value: unknown): void {
    const call = this.of('call').at(-1)?.call ?? ''
    this.socket.send(
      this.#dialect.encodeCommands([{ id: 0, kind: 'answer', body: { call, data: json(value) } }]),
    )
  }

  of<K extends Message['kind']>(kind: K): Extract<Message, { kind: K }>['body'][] {
    return this.messages.filter((message) => message.kind === kind).map(({ body }) => body as never)
  }
}
