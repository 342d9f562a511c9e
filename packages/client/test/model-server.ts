/**
 * A small server that keeps the protocol's promises, and a network that keeps none: it delays, repeats and loses frames, cuts
 * connections at any moment, forgets history and loses streams. What it did is on record, for tests to judge the client by.
 */
import type { Command, Message, Position, Publication } from '@millrace/protocol'
import { jsonDialect } from '@millrace/protocol'
import type { FakeSocket } from './world.js'

interface Stream {
  epoch: number
  head: number
  /** Publications up to this offset are gone. */
  floor: number
  publications: Publication[]
}

/** What was ever published: by epoch and offset, the value. */
export type Published = Map<string, unknown>

interface Session {
  readonly socket: FakeSocket
  connected: boolean
  readonly subscriptions: Set<string>
  /** How many of the client's frames were read. */
  read: number
  /** What waits to reach the client. */
  readonly outgoing: Message[]
}

export class ModelServer {
  readonly published: Published = new Map()
  readonly sessions: Session[] = []
  readonly streams = new Map<string, Stream>()
  /** What no client should ask. */
  readonly complaints: string[] = []

  stream(channel: string): Stream {
    const stream = this.streams.get(channel) ?? { epoch: 1, head: 0, floor: 0, publications: [] }
    this.streams.set(channel, stream)
    return stream
  }

  /** The session of a socket, made when it comes up. */
  session(socket: FakeSocket): Session {
    const known = this.sessions.find((session) => session.socket === socket)
    if (known !== undefined) return known
    const session = { socket, connected: false, subscriptions: new Set<string>(), read: 0, outgoing: [] }
    this.sessions.push(session)
    return session
  }

  /** Reads what the client sent and has not been read. */
  readAll(session: Session): void {
    const { frames } = session.socket
    while (session.read < frames.length) {
      for (const command of frames[session.read] ?? []) this.#carryOut(session, command)
      session.read++
    }
  }

  /** Delivers up to so many messages, as one frame. */
  async deliver(session: Session, count: number): Promise<void> {
    const messages = session.outgoing.splice(0, count)
    if (messages.length > 0)
      await session.socket.raw(`[${messages.map((message) => jsonDialect.encodeMessage(message)).join()}]`)
  }

  /** Everybody who is subscribed is to get it, but those sessions the fan-out loses. */
  publish(channel: string, value: unknown, lose = false): Position {
    const stream = this.stream(channel)
    const publication = {
      offset: ++stream.head,
      time: stream.head,
      data: { codec: 'json', value } as const,
    }
    stream.publications.push(publication)
    const position = { epoch: `e${stream.epoch}`, offset: stream.head }
    this.published.set(`${channel} ${position.epoch} ${position.offset}`, value)
    for (const { subscriptions, outgoing } of this.sessions)
      if (!lose && subscriptions.has(channel))
        outgoing.push({ id: 0, kind: 'publication', body: { ...publication, channel } })
    return position
  }

  trim(channel: string): void {
    const stream = this.stream(channel)
    stream.floor = stream.head
    stream.publications = []
  }

  /** The stream's past is lost: who is subscribed is told. */
  wipe(channel: string): void {
    const stream = this.stream(channel)
    const from = { epoch: `e${stream.epoch}`, offset: stream.head }
    this.streams.set(channel, { epoch: stream.epoch + 1, head: 0, floor: 0, publications: [] })
    const to = { epoch: `e${stream.epoch + 1}`, offset: 0 }
    for (const { subscriptions, outgoing } of this.sessions)
      if (subscriptions.has(channel))
        outgoing.push({ id: 0, kind: 'gap', body: { channel, from, to, reason: 'epoch-changed' } })
  }

  #carryOut(session: Session, command: Command): void {
    const { id, kind, body } = command
    const reply = (message: Omit<Message, 'id'>) => session.outgoing.push({ id, ...message } as Message)
    switch (kind) {
      case 'connect': {
        session.connected = true
        const limits = { heartbeat: 10_000, patience: 5_000, maxMessage: 1_000_000 }
        reply({
          kind: 'connected',
          body: { session: `s${this.sessions.length}`, node: 'n', server: 'm', ...limits },
        })
        break
      }
      case 'subscribe':
        if (session.subscriptions.has(body.channel))
          this.complaints.push(`${body.channel} is subscribed twice`)
        session.subscriptions.add(body.channel)
        reply({ kind: 'subscribed', body: this.#read(body.channel, body.since, body.history ?? 0) })
        break
      case 'unsubscribe':
        if (!session.subscriptions.has(body.channel))
          this.complaints.push(`${body.channel} is not subscribed`)
        session.subscriptions.delete(body.channel)
        reply({ kind: 'unsubscribed', body: { channel: body.channel } })
        break
      case 'history':
        reply({
          kind: 'history',
          body: this.#read(body.channel, body.since, body.limit ?? 100),
        })
        break
      case 'publish': {
        const { data } = body
        const value = data.codec === 'json' && 'value' in data ? data.value : undefined
        const position = this.publish(body.channel, value)
        reply({ kind: 'published', body: { position } })
        break
      }
      case 'call':
        reply({ kind: 'answered', body: { data: body.data } })
        break
      case 'ping':
        reply({ kind: 'pong', body: {} })
        break
      default:
    }
  }

  #read(channel: string, since: Position | undefined, newest: number) {
    const { epoch, head, floor, publications } = this.stream(channel)
    const position = { epoch: `e${epoch}`, offset: head }
    if (since === undefined)
      return { channel, position, publications: newest === 0 ? [] : publications.slice(-newest) }
    const lost =
      since.epoch !== position.epoch ? 'epoch-changed' : since.offset < floor ? 'history-trimmed' : undefined
    if (lost === undefined)
      return {
        channel,
        position,
        recovered: true,
        publications: publications.filter(({ offset }) => offset > since.offset),
      }
    const gap = { from: since, to: { epoch: position.epoch, offset: floor }, reason: lost } as const
    return { channel, position, recovered: false, gap, publications }
  }
}
