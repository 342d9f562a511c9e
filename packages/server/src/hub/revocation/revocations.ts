import { jsonText, MillraceError, type StoredPayload } from '@millrace/protocol'
import type { StoredPublication, StreamOptions, Streams } from '../broker-ports.js'
import type { Cluster } from '../cluster/cluster.js'
import { endEverywhere } from '../cluster/end-everywhere.js'
import type { Ended } from '../cluster/messages.js'
import { Feed } from '../feed.js'
import type { Clock, Logger } from '../ports.js'
import { VERIFY_EVERY, verifyFeeds } from '../verify-feeds.js'
import { type Bearer, keyOf, type Revocable, type Revocation, RevocationList } from './revocation-list.js'

export interface RevocationsParts {
  readonly streams: Streams & { readonly exact: boolean }
  readonly cluster: Cluster
  readonly clock: Clock
  readonly logger: Logger
  /** Ends what this concerns, here. Returns how many sessions those were. */
  end(revocation: Revocation): number
}

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
/** Beyond every end. */
const BEYOND = Number.MAX_SAFE_INTEGER

/**
 * What was taken away from users, sessions and tokens, on all nodes: a stream that every node follows keeps it, so that a node that starts
 * later, or was cut off, knows it as well; and the others are told at once. [H10.1]
 */
export class Revocations {
  readonly #parts: RevocationsParts
  readonly #list = new RevocationList()
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
    parts.cluster.answer('revoke', (revocation) => this.#take(revocation))
  }

  /** Reads what was revoked before. Rejects when the broker cannot be reached: who cannot know that must not let anybody in. */
  async start(): Promise<void> {
    const { streams } = this.#parts
    await streams.join(REVOKED)
    let since = { epoch: '', offset: 0 }
    for (let more = true; more; ) {
      const slice = await streams.read(REVOKED, { since, limit: READ_AT_ONCE }, KEEPING)
      for (const publication of slice.publications) this.#read(publication)
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
   * Takes it away everywhere: resolves when it is stored and the nodes have ended what it concerns. Rejects when it could not be stored; here it
   * holds all the same, and on the nodes that could be told.
   */
  async revoke(what: Revocable, lasts: number = DAY): Promise<Revoked> {
    const { streams, cluster, clock } = this.#parts
    const now = clock.now()
    const revocation: Revocation = { ...what, at: now, until: now + Math.min(lasts, KEEPING.ttl) }
    const here = this.#take(revocation)
    // First those who are there, who say what they had of it; whoever has not heard that finds it in the store.
    const ended = await endEverywhere(cluster, 'revoke', { asked: revocation, here }).catch(() => ({
      sessions: here,
      silent: [],
    }))
    const data: StoredPayload = { codec: 'json', text: JSON.stringify(revocation) }
    await streams.append(REVOKED, { data, key: keyOf(what) }, KEEPING)
    return ended
  }

  /** What the broker carried here. */
  publication(epoch: string, publication: StoredPublication): void {
    this.#feed.receive({ epoch, publication })
  }

  interrupted(): void {
    void this.#verify()
  }

  #read({ data }: StoredPublication): void {
    const revocation = data.codec === 'json' ? parsed(jsonText(data)) : undefined
    if (revocation !== undefined) this.#take(revocation)
  }

  #take(revocation: Revocation): number {
    return this.#list.take(revocation, this.#parts.clock.now()) ? this.#parts.end(revocation) : 0
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
function parsed(text: string): Revocation | undefined {
  try {
    const value = JSON.parse(text) as Revocation
    return typeof value.at === 'number' && typeof value.until === 'number' ? value : undefined
  } catch {
    return undefined
  }
}
