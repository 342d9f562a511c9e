import { jsonText, MillraceError, type StoredPayload } from '@millrace/protocol'
import type {
  Appended,
  StoredPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
  Streams,
} from '../broker-ports.js'
import type { Cluster } from '../cluster/cluster.js'
import { endEverywhere } from '../cluster/end-everywhere.js'
import type { Ended } from '../cluster/messages.js'
import { Feed } from '../feed.js'
import type { Clock, Logger } from '../ports.js'
import { VERIFY_EVERY, verifyFeeds } from '../verify-feeds.js'
import { type Bearer, keyOf, type Revocable, type Subject } from './revocable.js'
import { type Revocation, RevocationList } from './revocation-list.js'
import { includes, readWithdrawal, type Withdrawal, WithdrawalList, withdrawalOf } from './withdrawals.js'
import { Withheld } from './withheld.js'

export interface RevocationsParts {
  readonly streams: Streams & { readonly exact: boolean }
  readonly cluster: Cluster
  readonly clock: Clock
  readonly logger: Logger
  /** Ends what this concerns, here. Returns how many sessions those were. */
  readonly end: (revocation: Revocation) => number
  /** Takes from the sessions of a subject here what was withdrawn from it. Returns how many sessions those are. */
  readonly withhold: (from: Subject) => number
}

/** What nodes tell each other, and what the store keeps. */
export type Told = Revocation | Withdrawal

/** What became of a revocation. Nodes that did not answer find it in the store, as soon as they can reach it. */
export type Revoked = Ended

// No client can name this channel: the grammar has no name that begins so. [P2.1]
export const REVOKED = '@revoked'
/** So many revocations are remembered, and none for longer. */
const KEEPING: StreamOptions = { size: 100_000, ttl: 30 * 86_400_000, latest: true }
const DAY = 86_400_000
const READ_AT_ONCE = 1_000
/** Milliseconds until the stream is read again after that failed. */
const RETRY_AFTER = 500
/** So often what was taken from a subject is written while other nodes do the same. */
const WRITES = 20
/** Beyond every end. */
const BEYOND = Number.MAX_SAFE_INTEGER

/**
 * What was taken away from users, sessions and tokens, all or some, on all nodes: a stream that every node follows keeps it, so that a node that starts
 * later, or was cut off, knows it as well; and the others are told at once. [H10.1]
 */
export class Revocations {
  readonly #parts: RevocationsParts
  readonly #list = new RevocationList()
  readonly #withdrawals = new WithdrawalList()
  readonly #feed: Feed
  #cancelVerify: (() => void) | undefined
  #isStopped = false

  constructor(parts: RevocationsParts) {
    this.#parts = parts
    const { streams, clock, logger } = parts
    this.#feed = new Feed({
      isState: true,
      deliver: ({ publication }) => this.#read(publication),
      // What has gone from the store is still remembered here.
      gap: () => {},
      read: (since) => streams.read(REVOKED, { since, limit: READ_AT_ONCE }, KEEPING),
      renew: ({ epoch }) => streams.heads([{ channel: REVOKED, position: { epoch, offset: BEYOND } }]),
      retry: (error, again) => {
        logger.warn('could not read what was revoked', { error })
        clock.schedule(RETRY_AFTER, again)
      },
    })
    parts.cluster.answer('revoke', (told) => this.#take(told))
  }

  /** Reads what was revoked before. Rejects when the broker cannot be reached: who cannot know that must not let anybody in. */
  async start(): Promise<void> {
    const { streams } = this.#parts
    await streams.join(REVOKED)
    let since = { epoch: '', offset: 0 }
    for (let more = true; more; ) {
      const slice = await this.#readFrom({ since, limit: READ_AT_ONCE })
      since = { epoch: slice.head.epoch, offset: slice.publications.at(-1)?.offset ?? slice.head.offset }
      more = slice.more
      if (!more) this.#feed.anchor(slice.head)
    }
    if (!streams.exact) this.#verifyLater()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelVerify?.()
    this.#feed.close()
  }

  /** Throws `revoked` when who comes by this may not. */
  check(bearer: Bearer): void {
    if (this.forbids(bearer)) throw new MillraceError('revoked', { message: 'Access was revoked' })
  }

  forbids(bearer: Bearer): boolean {
    return this.#list.forbids(bearer, this.#parts.clock.now())
  }

  /**
   * Now, or just after what was last taken from the user: as of when something is issued that is made now. Of what happens within a millisecond, or is said by a node whose clock
   * is ahead, time does not tell which was first; who makes something for a user knows. [H14.3]
   */
  issueTime(user: string): number {
    const { clock } = this.#parts
    return Math.max(clock.now(), this.#list.latest({ user }) + 1, this.#withdrawals.latest({ user }) + 1)
  }

  /** What is withheld from who comes by this; undefined where nothing is, as from nearly everybody. [H10.5] */
  withheldFrom(bearer: Bearer): Withheld | undefined {
    const { clock } = this.#parts
    const things = this.#withdrawals.from(bearer, clock.now())
    return things.length === 0 ? undefined : new Withheld(things, clock)
  }

  /**
   * Takes it away everywhere: resolves when it is stored and the nodes have done it. Rejects when it could not be stored; here it
   * holds all the same, and on the nodes that could be told. Throws `limit-exceeded` when too many things are taken from one subject.
   */
  async revoke(what: Revocable, lasts: number = DAY): Promise<Revoked> {
    const { cluster, clock } = this.#parts
    const now = clock.now()
    const until = now + Math.min(lasts, KEEPING.ttl)
    // What is said later of the same counts, also within a millisecond, and after a node whose clock is ahead.
    const withdrawal = withdrawalOf(what, { at: Math.max(now, this.#withdrawals.latest(what) + 1), until })
    if (withdrawal !== undefined) this.#withdrawals.checkRoom(withdrawal, now)
    const told: Told = withdrawal ?? { ...what, at: now, until }
    const here = this.#take(told)
    // First those who are there, who say what they had of it; whoever has not heard that finds it in the store.
    const ended = await endEverywhere(cluster, 'revoke', { asked: told, here }).catch(() => ({
      sessions: here,
      silent: [],
    }))
    if (withdrawal === undefined) await this.#append(keyOf(what), told)
    else await this.#store(withdrawal)
    return ended
  }

  /** What was taken from a subject thing by thing is one value, which others may be adding to: none of them is to undo another's. [B15] */
  async #store(withdrawal: Withdrawal): Promise<void> {
    const { from } = withdrawal
    const key = `of ${keyOf(from)}`
    let expect = 0
    for (let writes = 0; writes < WRITES; writes++) {
      const { epoch, offset, skipped } = await this.#append(key, this.#withdrawals.of(from), expect)
      if (skipped === undefined) return
      expect = offset
      const since = { epoch, offset: offset - 1 }
      const [there] = offset > 0 ? (await this.#readFrom({ since, limit: 1 })).publications : []
      // What is said here is written by whoever comes first.
      if (there?.key === key && isIn(withdrawal, toldBy(there))) return
    }
    throw new MillraceError('unavailable', { message: 'Too many nodes revoke something of the same at once' })
  }

  async #append(key: string, told: Told, expect?: number): Promise<Appended> {
    const data: StoredPayload = { codec: 'json', text: JSON.stringify(told) }
    return this.#parts.streams.append(REVOKED, { data, key, expect }, KEEPING)
  }

  async #readFrom(range: StreamRange): Promise<StreamSlice> {
    const slice = await this.#parts.streams.read(REVOKED, range, KEEPING)
    for (const publication of slice.publications) this.#read(publication)
    return slice
  }

  /** What the broker carried here. */
  publication(epoch: string, publication: StoredPublication): void {
    this.#feed.receive({ epoch, publication })
  }

  interrupted(): void {
    void this.#verify()
  }

  #read(publication: StoredPublication): void {
    const told = toldBy(publication)
    if (told !== undefined) this.#take(told)
  }

  #take(told: Told): number {
    const { clock, end, withhold } = this.#parts
    const now = clock.now()
    if ('from' in told) return this.#withdrawals.take(told, now) ? withhold(told.from) : 0
    return this.#list.take(told, now) ? end(told) : 0
  }

  #verify(): Promise<void> {
    return verifyFeeds(this.#parts, [[REVOKED, this.#feed]])
  }

  #verifyLater(): void {
    this.#cancelVerify = this.#parts.clock.schedule(VERIFY_EVERY, () => {
      void this.#verify().then(() => {
        if (!this.#isStopped) this.#verifyLater()
      })
    })
  }
}

/** One of a later version may be something that this one does not know. */
function toldBy({ data }: StoredPublication): Told | undefined {
  if (data.codec !== 'json') return undefined
  try {
    const value = JSON.parse(jsonText(data)) as Revocation
    if (typeof value.at === 'number' && typeof value.until === 'number') return value
    return readWithdrawal(value)
  } catch {
    return undefined
  }
}

/** Whether all of a withdrawal is in what the store has. */
const isIn = (withdrawal: Withdrawal, there: Told | undefined): boolean =>
  there !== undefined && 'from' in there && includes(there, withdrawal)
