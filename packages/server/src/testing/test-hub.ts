import {
  type Command,
  type CommandBodies,
  type CommandKind,
  type Dialect,
  jsonDialect,
  type Message,
} from '@millrace/protocol'
import { MemoryBroker } from '../broker/index.js'
import {
  type Carrier,
  Hub,
  type HubOptions,
  type Link,
  type Logger,
  type Outgoing,
  type Session,
  type SessionLimits,
} from '../hub/index.js'
import { FakeClock, settle } from './fake-clock.js'
import { openSealer } from './open-sealer.js'
import { openSigner } from './open-signer.js'
import { SequenceRandom } from './sequence-random.js'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Limits as a server has them, but for the number of subscriptions. */
export const TEST_LIMITS: SessionLimits = {
  connectTimeout: 10_000,
  heartbeat: 10_000,
  patience: 5_000,
  pendingCommands: 256,
  subscriptions: 100,
  outbox: 1_048_576,
  recovery: 262_144,
  grace: 10_000,
}

/** A hub with a fake clock and an in-memory broker, for tests without sockets. */
export function testHub(options: Partial<HubOptions> = {}): { readonly hub: Hub; readonly clock: FakeClock } {
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock()
  const hub = new Hub({
    api: undefined,
    broker: new MemoryBroker({ clock, epoch: 'epoch-1' }),
    codecs: {},
    authenticate: undefined,
    subscriptions: undefined,
    limits: TEST_LIMITS,
    maxMessage: 65_536,
    node: 'node-1',
    server: 'millrace/test',
    random: new SequenceRandom(),
    signer: openSigner,
    sealer: openSealer,
    logger: silent,
    onSession: () => {},
    ...options,
    clock,
  })
  // Where that fails, the next use tries again and is told.
  hub.start().catch(() => {})
  return { hub, clock }
}

/** A carrier with nothing to share. */
const linkByLink: Carrier = {
  send: (outgoing: Outgoing, targets: readonly Link[]) => {
    for (const target of targets) target.send(outgoing)
  },
}

/** A client as the hub sees it: sends commands, keeps what comes back. */
export class TestClient implements Link {
  readonly dialect: Dialect = jsonDialect
  readonly carrier = linkByLink
  readonly target = this
  readonly session: Session
  readonly messages: Message[] = []
  closed: { readonly code: number; readonly reason: string } | undefined
  paused = false
  #ids = 0

  constructor(hub: Hub, remoteAddress = '192.0.2.1', ticket?: string) {
    this.session = hub.accept(this, { headers: {}, remoteAddress, ticket })
  }

  send(outgoing: Outgoing): void {
    this.messages.push(...jsonDialect.decodeMessages(outgoing.wire(jsonDialect) as string))
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason }
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  /** Says a command without waiting; returns its id. */
  say<K extends CommandKind>(kind: K, body: CommandBodies[K]): number {
    const id = ++this.#ids
    this.session.receive(jsonDialect.encodeCommands([{ id, kind, body } as Command]))
    return id
  }

  /** Says a command and returns the reply, which must come without time passing. */
  async ask<K extends CommandKind>(kind: K, body: CommandBodies[K]): Promise<Message> {
    const id = this.say(kind, body)
    await settle()
    const reply = this.messages.find((message) => message.id === id)
    if (reply === undefined) throw new Error(`no reply to ${kind}`)
    return reply
  }

  /** Connects, and goes on with the session that `resume` is for. */
  async connect(token?: string, resume?: string): Promise<Message> {
    return this.ask('connect', { version: 1, token, resume })
  }

  /** The messages of a kind so far. */
  of<K extends Message['kind']>(kind: K): Extract<Message, { kind: K }>['body'][] {
    return this.messages.filter((message) => message.kind === kind).map((message) => message.body as never)
  }
}
