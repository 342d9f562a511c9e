import { MillraceError, type Position } from '@millrace/protocol'
import type { StreamOptions, Streams } from '../broker-ports.js'
import { Feed, type Live } from '../feed.js'
import type { Clock, Logger } from '../ports.js'
import { type Fact, readPage, sizeOfFact, writePage } from './facts.js'
import type { QueueState } from './queue-state.js'

export interface CommandLogParts {
  readonly channel: string
  readonly keeping: StreamOptions
  readonly streams: Streams
  readonly clock: Clock
  readonly logger: Logger
  readonly state: QueueState
  /** What is to be written with everything, such as the end of what is late. */
  upkeep(): readonly Fact[]
  /** The state says more than before. */
  changed(facts: readonly Fact[]): void
  /** The stream has lost its past: what waited is gone. */
  lost(): void
}

/**
 * What to write, by the state at the moment of writing and by what is written along with it; nothing, if there is nothing to say.
 * It may be asked again, by a later state. What it throws goes to who wanted to write.
 */
export type Change = (state: QueueState, along: readonly Fact[]) => readonly Fact[]

interface Writing {
  readonly change: Change
  resolve(): void
  reject(error: unknown): void
}

/** Milliseconds until another try, when the broker failed or what it told does not come. */
const RETRY_AFTER = 500
/** So often it is tried to write behind what is not there. */
const STUCK = 3
/** One read brings so many publications, and one publication about so many bytes. */
const READ_AT_ONCE = 200
const WRITE_AT_ONCE = 262_144
/** Beyond every end. */
const BEYOND = Number.MAX_SAFE_INTEGER

/**
 * One user's stream of commands: read from its beginning and followed, and written by whoever knows all of it. Each page has the
 * version after the one before, which the broker stores once ([B10]): a node that has not seen the last page is told so, reads it,
 * and decides anew. So decisions of several nodes are as if one had made them after the other. [H5.8]
 */
export class CommandLog {
  readonly state: QueueState
  readonly feed: Feed
  readonly #parts: CommandLogParts
  /** What came before it was known where the stream stands. */
  #early: Live[] | undefined = []
  #epoch = ''
  #isRead = false
  #whenRead: (() => void)[] = []
  /** Who waits until the feed has come further. */
  readonly #looking = new Set<() => void>()
  #writings: Writing[] = []
  #isWriting = false
  /** How often in a row nothing could be written though nothing was missing. */
  #stuck = 0
  #isOver = false

  constructor(parts: CommandLogParts) {
    const { channel, keeping, streams, clock, logger } = parts
    this.#parts = parts
    this.state = parts.state
    this.feed = new Feed({
      isState: false,
      deliver: (live) => this.#deliver(live),
      gap: ({ to }) => this.#skip(to),
      read: (since) => streams.read(channel, { since, limit: READ_AT_ONCE }, keeping),
      renew: ({ epoch }) => this.#renew(epoch),
      retry: (error, again) => {
        logger.warn('could not read a stream of commands', { channel, error })
        clock.schedule(RETRY_AFTER, again)
      },
    })
    void this.#open()
  }

  /** Resolves when all that was written before is read. */
  read(): Promise<void> {
    return this.#isRead ? Promise.resolve() : new Promise((resolve) => this.#whenRead.push(resolve))
  }

  receive(live: Live): void {
    if (this.#early === undefined) this.feed.receive(live)
    else this.#early.push(live)
  }

  /** Resolves when it is stored, or there was nothing to store; rejects when it could not be stored, or may not have been. */
  write(change: Change): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#writings.push({ change, resolve, reject })
      if (!this.#isWriting) void this.#write()
    })
  }

  close(): void {
    this.#isOver = true
    this.feed.close()
    this.#refuse()
    for (const look of [...this.#looking]) look()
    const { streams, channel, logger } = this.#parts
    streams
      .leave(channel)
      .catch((error: unknown) => logger.warn('could not leave a channel', { channel, error }))
  }

  /** Joins, then finds out where the stream stands, and has the feed read it from its beginning. */
  async #open(): Promise<void> {
    const { streams, channel, keeping, clock, logger } = this.#parts
    try {
      await streams.join(channel)
      const { head } = await streams.read(channel, { before: BEYOND, limit: 1 }, keeping)
      if (!this.#isOver) this.#begin(head)
    } catch (error) {
      if (this.#isOver) return
      logger.warn('could not open a stream of commands', { channel, error })
      clock.schedule(RETRY_AFTER, () => {
        if (!this.#isOver) void this.#open()
      })
    }
  }

  #begin(head: Position): void {
    const early = this.#early ?? []
    this.#early = undefined
    this.#epoch = head.epoch
    this.feed.anchor({ epoch: head.epoch, offset: 0 })
    this.feed.verify(head)
    for (const live of early) this.feed.receive(live)
    void this.#reach(head).then(() => {
      this.#isRead = true
      for (const resolve of this.#whenRead.splice(0)) resolve()
      this.#parts.changed([])
    })
  }

  #deliver({ publication: { offset, data } }: Live): void {
    this.#apply(offset, data)
    this.#look()
  }

  #apply(offset: number, data: Parameters<typeof readPage>[0]): void {
    // What this node wrote itself it knows already.
    if (offset <= this.state.offset) return
    const page = readPage(data)
    this.state.apply(offset, page)
    if (this.#isRead) this.#parts.changed(page.facts)
  }

  /** The stream goes on from here. */
  #skip(to: Position): void {
    const isNew = to.epoch !== this.#epoch
    if (isNew || to.offset > this.state.offset) this.state.reset(to.offset)
    this.#epoch = to.epoch
    if (isNew && this.#isRead) this.#parts.lost()
    this.#look()
  }

  #look(): void {
    for (const look of [...this.#looking]) look()
  }

  /** Waits until the feed has come to a position, or its time is over: then who waits tries again and is told anew. */
  #reach({ epoch, offset }: Position): Promise<void> {
    this.feed.verify({ epoch, offset })
    return new Promise((resolve) => {
      let isLate = false
      const look = (): void => {
        const { position } = this.feed
        const isThere = position?.epoch === epoch && position.offset >= offset
        if (!isThere && !isLate && !this.#isOver) return
        this.#looking.delete(look)
        cancel()
        resolve()
      }
      const cancel = this.#parts.clock.schedule(RETRY_AFTER, () => {
        isLate = true
        look()
      })
      this.#looking.add(look)
      look()
    })
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    await this.read()
    while (this.#writings.length > 0 && !this.#isOver) {
      const { writings, facts } = this.#next()
      try {
        if (facts.length > 0 && !(await this.#append(facts))) this.#writings.unshift(...writings)
        else for (const { resolve } of writings) resolve()
      } catch (error) {
        for (const { reject } of writings) reject(error)
      }
    }
    this.#isWriting = false
    if (this.#isOver) this.#refuse()
  }

  #refuse(): void {
    const error = new MillraceError('unavailable', { message: 'The node is going away' })
    for (const { reject } of this.#writings.splice(0)) reject(error)
  }

  /** What is written next, and who wanted it. */
  #next(): { readonly writings: readonly Writing[]; readonly facts: readonly Fact[] } {
    const facts = [...this.#parts.upkeep()]
    const writings: Writing[] = []
    let bytes = facts.reduce((sum, fact) => sum + sizeOfFact(fact), 0)
    while (bytes < WRITE_AT_ONCE || writings.length === 0) {
      const writing = this.#writings.shift()
      if (writing === undefined) break
      try {
        const more = writing.change(this.state, facts)
        facts.push(...more)
        bytes += more.reduce((sum, fact) => sum + sizeOfFact(fact), 0)
        writings.push(writing)
      } catch (error) {
        writing.reject(error)
      }
    }
    return { writings, facts }
  }

  /** Writes a page; false when another node was quicker, whose page is read by now. */
  async #append(facts: readonly Fact[]): Promise<boolean> {
    const { streams, channel, keeping } = this.#parts
    // Offsets grow with versions, so the last version is known even when its page is kept no more.
    const version = Math.max(this.state.version, this.state.offset) + 1
    const publication = { data: writePage({ version, facts }), version }
    const [epoch, { offset }] = [this.#epoch, this.state]
    const where = await streams.append(channel, publication, keeping)
    if (where.skipped !== undefined || where.epoch !== epoch || this.#epoch !== epoch) {
      // The feed may have been quicker than this answer, and then all is known by now.
      if (where.epoch === epoch && where.offset === offset) await this.#unstick(where)
      else await this.#reach(where)
      return false
    }
    this.#stuck = 0
    // A broker that stores at once has told the feed already.
    if (where.offset > this.state.offset) {
      this.state.apply(where.offset, { version, facts })
      this.#parts.changed(facts)
    }
    return true
  }

  /**
   * Nobody else has written, and yet there was a later version: of a part of the stream that is no more, as after half a backup. When that
   * stays so, the stream begins anew.
   */
  async #unstick(where: Position): Promise<void> {
    if (++this.#stuck < STUCK) return this.#pause()
    const { channel, logger } = this.#parts
    logger.warn('a stream of commands begins anew: its last page is not there', { channel })
    const [head = where] = await this.#renew(where.epoch)
    return this.#reach(head)
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.schedule(RETRY_AFTER, resolve))
  }

  #renew(epoch: string): Promise<readonly Position[]> {
    const { streams, channel } = this.#parts
    return streams.heads([{ channel, position: { epoch, offset: BEYOND } }])
  }
}
