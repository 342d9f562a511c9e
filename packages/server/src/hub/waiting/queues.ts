import { MillraceError } from '@millrace/protocol'
import type { StoredPublication, StreamOptions, Streams } from '../broker-ports.js'
import type { ClientCalls } from '../calls.js'
import type { Directory } from '../directory.js'
import type { Clock, Logger } from '../ports.js'
import type { Session } from '../session.js'
import { VERIFY_EVERY, verifyFeeds } from '../verify-feeds.js'
import type { WaitingCommand } from './facts.js'
import { type NewCommand, Queue } from './queue.js'
import type { Accepted } from './waiters.js'

export interface QueuesParts {
  readonly node: string
  /** What a user's stream of commands keeps; undefined where no call waits: then nothing is read, and nothing costs. */
  readonly keeping: StreamOptions | undefined
  readonly streams: Streams & { readonly exact: boolean }
  readonly directory: Directory
  readonly calls: ClientCalls
  readonly clock: Clock
  readonly logger: Logger
  /** Milliseconds after which a connection on which nobody answers is known to be dead. */
  readonly patience: number
  nodes(): Promise<readonly string[]>
}

/** How long a queue that nobody needs is kept: a device that comes back finds it read. Milliseconds. */
const LINGER = 1000
/** Commands of one session that may wait. */
const MOST_OF_SESSION = 1000

// No client can name these channels: the grammar has no name that begins so. [P2.1]
const PREFIX = '@commands:'
const MOST_NAME = 255

interface Entry {
  readonly queue: Queue
  cancelDrop: (() => void) | undefined
}

/** What a client asked, stored by now or not yet. */
interface Forgettable {
  forget(): void
}

/** The commands that wait for users of whom this node has a session, or somebody who asked. */
export class Queues {
  readonly #parts: QueuesParts
  readonly #entries = new Map<string, Entry>()
  /** What keeps the queue of a session's user open. */
  readonly #attached = new Map<Session, () => void>()
  /** The commands that clients here have asked. */
  readonly #asked = new Map<Session, Set<Forgettable>>()
  #cancelVerify: (() => void) | undefined
  #isStopped = false

  constructor(parts: QueuesParts) {
    this.#parts = parts
  }

  start(): void {
    const { keeping, streams } = this.#parts
    if (keeping !== undefined && !streams.exact) this.#verifyLater()
  }

  /** Nothing more is taken: the sessions are about to go. */
  stop(): void {
    this.#isStopped = true
    this.#cancelVerify?.()
    for (const { queue } of this.#entries.values()) queue.stop()
  }

  /** Who still waits is told to ask again. */
  close(): void {
    for (const { queue, cancelDrop } of this.#entries.values()) {
      cancelDrop?.()
      queue.close()
    }
    this.#entries.clear()
  }

  /** A session is open: what waits for its user is due. */
  attach(session: Session): void {
    const { user } = session
    if (user === undefined || this.#parts.keeping === undefined || this.#isStopped) return
    const channel = channelOf(user.id)
    if (channel === undefined) return
    const queue = this.#queue(user.id, channel)
    this.#attached.set(session, queue.hold())
    queue.look()
  }

  /** The session has ended: nothing is carried out by it, and nobody there waits for answers. */
  detach(session: Session): void {
    for (const asked of this.#asked.get(session) ?? []) asked.forget()
    this.#asked.delete(session)
    this.#attached.get(session)?.()
    this.#attached.delete(session)
  }

  /** `by`: the session that asked; when it ends, it is told no more. Rejects as `Queue.ask`. */
  async ask(user: string, command: NewCommand, by?: Session): Promise<Accepted> {
    if (by === undefined) return this.#of(user).ask(command)
    const mine = this.#asked.get(by) ?? new Set()
    this.#asked.set(by, mine)
    if (mine.size >= MOST_OF_SESSION)
      throw new MillraceError('limit-exceeded', {
        message: `A session may wait for ${MOST_OF_SESSION} commands at once`,
      })
    const slot: Forgettable = { forget: () => {} }
    const free = (): void => void mine.delete(slot)
    mine.add(slot)
    try {
      const accepted = await this.#of(user).ask(command)
      slot.forget = () => accepted.forget()
      accepted.answer.then(free, free)
      // It may have ended while the command was stored.
      if (by.state !== 'open') this.detach(by)
      return accepted
    } catch (error) {
      free()
      throw error
    }
  }

  async list(user: string): Promise<readonly WaitingCommand[]> {
    return this.#parts.keeping === undefined ? [] : this.#of(user).list()
  }

  async cancel(user: string, id: string): Promise<boolean> {
    return this.#parts.keeping !== undefined && this.#of(user).cancel(id)
  }

  /** What the broker tells of a stream of commands. */
  publication(channel: string, epoch: string, publication: StoredPublication): void {
    this.#entries.get(channel)?.queue.log.receive({ epoch, publication })
  }

  interrupted(): void {
    void this.#verify()
  }

  #of(user: string): Queue {
    const channel = channelOf(user)
    if (channel !== undefined) return this.#queue(user, channel)
    throw new MillraceError('not-available', {
      message: `Nothing can wait for a user whose id is so long, or is no well-formed text: ${user.length} characters`,
    })
  }

  #queue(user: string, channel: string): Queue {
    const { keeping = { size: 0, ttl: 0 }, ...parts } = this.#parts
    let entry = this.#entries.get(channel)
    if (entry === undefined) {
      const queue = new Queue({ ...parts, user, channel, keeping, idle: () => this.#dropLater(channel) })
      entry = { queue, cancelDrop: undefined }
      this.#entries.set(channel, entry)
    }
    return entry.queue
  }

  #dropLater(channel: string): void {
    const entry = this.#entries.get(channel)
    if (entry === undefined) return
    entry.cancelDrop?.()
    entry.cancelDrop = this.#parts.clock.schedule(LINGER, () => {
      if (entry.queue.isHeld || this.#entries.get(channel) !== entry) return
      this.#entries.delete(channel)
      entry.queue.close()
    })
  }

  #verifyLater(): void {
    this.#cancelVerify = this.#parts.clock.schedule(VERIFY_EVERY, () => {
      void this.#verify().then(() => {
        if (!this.#isStopped) this.#verifyLater()
      })
    })
  }

  #verify(): Promise<void> {
    const feeds = [...this.#entries].map(([channel, { queue }]) => [channel, queue.log.feed] as const)
    return verifyFeeds(this.#parts, feeds)
  }
}

/** Undefined for a user whose id is too long for a channel's name, or has halves of surrogate pairs, which have no percent-encoding. */
function channelOf(user: string): string | undefined {
  if (/\p{Surrogate}/u.test(user)) return undefined
  const name = `${PREFIX}${encodeURIComponent(user)}`
  return name.length <= MOST_NAME ? name : undefined
}
