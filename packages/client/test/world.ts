/** A client in a world under a test's control: its clock, its randomness, its network and its page. */
import {
  type Api,
  BadCommand,
  type Command,
  type CommandKind,
  type CommandOf,
  type Gap,
  jsonClient,
  jsonDialect,
  type Message,
  type MessageBodies,
  type MessageKind,
} from '@millrace/protocol'
import {
  CoreClient,
  type Frame,
  type Link,
  type LinkEvents,
  type PlatformEvent,
  type Ports,
  type Transport,
  type Via,
} from '../src/core/index.js'
import type { CoreOptions, SubscriptionOptions } from '../src/core/types.js'
import { platformBase64 } from '../src/platform/base64.js'
import { FakeClock, settle } from './clock.js'

export const HEARTBEAT = 10_000
export const PATIENCE = 5_000
export const EPOCH = 'e1'

export const position = (offset: number, epoch = EPOCH): { epoch: string; offset: number } => ({
  epoch,
  offset,
})

/** A publication as a server sends it; its value is its offset unless told. */
export const publication = (
  offset: number,
  more: { readonly prev?: number; readonly value?: unknown } = {},
): MessageBodies['publication'] & { channel: string } => ({
  channel: 'chat:lobby',
  offset,
  prev: more.prev,
  time: 1000 + offset,
  data: { codec: 'json', value: more.value ?? offset },
})

/** The server's end of one socket the client opened. */
export class FakeSocket implements Link {
  readonly protocol: string
  /** What the client sent, frame by frame. */
  readonly frames: Command[][] = []
  buffered = 0
  closed: { readonly code: number; readonly reason: string } | undefined
  /** By which way it opens; undefined for a WebSocket. */
  via: Via | undefined
  readonly #events: LinkEvents

  constructor(protocol: string, events: LinkEvents) {
    this.protocol = protocol
    this.#events = events
  }

  get commands(): Command[] {
    return this.frames.flat()
  }

  /** The last command of a kind. Fails the test when there is none. */
  last<K extends CommandKind>(kind: K): CommandOf<K> {
    const found = this.commands.filter((command): command is CommandOf<K> => command.kind === kind).at(-1)
    if (found === undefined) throw new Error(`The client sent no ${kind}`)
    return found
  }

  count(kind: CommandKind): number {
    return this.commands.filter((command) => command.kind === kind).length
  }

  send(frame: Frame): void {
    const commands = jsonDialect
      .readCommands(String(frame))
      .all()
      .map((command) => {
        if (command instanceof BadCommand) throw command.error
        return command
      })
    this.frames.push(commands)
  }

  sizeOf(frame: Frame): number {
    return frame.length
  }

  close(code: number, reason: string): void {
    this.closed ??= { code, reason }
  }

  /** The socket comes up. */
  async open(protocol = this.protocol): Promise<this> {
    this.#events.opened(protocol, this.via)
    await settle()
    return this
  }

  /** The server accepts the connection. */
  async accept(said: Partial<MessageBodies['connected']> = {}): Promise<this> {
    await this.open()
    await this.reply('connect', 'connected', {
      session: 's1',
      node: 'n1',
      server: 'test/1',
      heartbeat: HEARTBEAT,
      patience: PATIENCE,
      maxMessage: 100_000,
      resume: 'proof of s1',
      ...said,
    })
    return this
  }

  /** Answers the last command of a kind. */
  async reply<K extends MessageKind>(to: CommandKind, kind: K, body: MessageBodies[K]): Promise<void> {
    await this.say({ id: this.last(to).id, kind, body } as Message)
  }

  async push<K extends MessageKind>(kind: K, body: MessageBodies[K]): Promise<void> {
    await this.say({ id: 0, kind, body } as Message)
  }

  /** Sends messages in one frame. */
  async say(...messages: Message[]): Promise<void> {
    await this.raw(`[${messages.map((message) => jsonDialect.encodeMessage(message)).join()}]`)
  }

  async raw(frame: Frame): Promise<void> {
    this.#events.frame(frame)
    await settle()
  }

  /** The application's token function, as a way that is about to move asks it. */
  get ask(): NonNullable<LinkEvents['ask']> {
    return this.#events.ask as NonNullable<LinkEvents['ask']>
  }

  /** The connection is gone: with the server's code, or cut. */
  async drop(code = 1006, reason = '', next?: Parameters<LinkEvents['closed']>[2]): Promise<void> {
    this.#events.closed(code, reason, next)
    await settle()
  }
}

/** Subscribes are answered with an empty channel at this offset. */
export const subscribedAt = (
  offset: number,
  more: Partial<MessageBodies['subscribed']> = {},
): MessageBodies['subscribed'] => ({ channel: 'chat:lobby', position: position(offset), ...more })

export interface World {
  readonly clock: FakeClock
  readonly sockets: FakeSocket[]
  /** The newest socket. */
  readonly socket: FakeSocket
  readonly reports: unknown[]
  readonly states: string[]
  readonly client: CoreClient
  /** Whether the platform says that there is a network. */
  online: boolean
  /** Makes opening a socket throw. */
  refuse: Error | undefined
  /** What `random` gives next, again and again. */
  random: number
  tell(event: PlatformEvent): Promise<void>
  readonly watchers: number
}

/** A client that was not used yet. */
export function world(options: CoreOptions<Api> = {}): World {
  const clock = new FakeClock()
  const sockets: FakeSocket[] = []
  const reports: unknown[] = []
  const states: string[] = []
  const watchers = new Set<(event: PlatformEvent) => void>()
  const transport: Transport = {
    open(protocol, events) {
      if (built.refuse !== undefined) throw built.refuse
      const socket = new FakeSocket(protocol, events)
      sockets.push(socket)
      return socket
    },
  }
  const ports: Ports = {
    clock,
    random: () => built.random,
    transport,
    platform: {
      online: () => built.online,
      watch(listener) {
        watchers.add(listener)
        return () => watchers.delete(listener)
      },
      aborter() {
        const controller = new AbortController()
        return { signal: controller.signal, abort: () => controller.abort() }
      },
      report: (error) => reports.push(error),
    },
    json: jsonClient(platformBase64),
  }
  const built = {
    clock,
    sockets,
    reports,
    states,
    online: true,
    refuse: undefined as Error | undefined,
    random: 0.5,
    get socket() {
      const socket = sockets.at(-1)
      if (socket === undefined) throw new Error('The client opened no socket')
      return socket
    },
    get watchers() {
      return watchers.size
    },
    async tell(event: PlatformEvent) {
      for (const watcher of [...watchers]) watcher(event)
      await settle()
    },
  }
  const client = new CoreClient(options, ports)
  client.on('state', ({ name }) => states.push(name))
  return Object.assign(built, { client })
}

/** A client that is connected. */
export async function connected(options: CoreOptions<Api> = {}): Promise<World> {
  const made = world(options)
  void made.client.connect()
  await settle()
  await made.socket.accept()
  return made
}

/** A connected client with a subscription at offset 10, and what its listeners heard. */
export async function subscribed(options: SubscriptionOptions = {}) {
  const w = await connected()
  const room = w.client.channel('chat:lobby', options)
  const heard: unknown[] = []
  room.on('message', (message, { recovered }) => heard.push(recovered ? `${message}r` : message))
  room.on('gap', ({ from, to, reason }: Gap) => heard.push(`gap ${from?.offset}-${to.offset} ${reason}`))
  await settle()
  await w.socket.reply('subscribe', 'subscribed', subscribedAt(10))
  return { w, room, heard }
}
