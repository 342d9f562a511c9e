import { type Member, MillraceError, type Position, type ResolvedChannel } from '@millrace/protocol'
import type {
  BrokerListener,
  EphemeralEvent,
  PresenceChange,
  PresenceStore,
  StoredPublication,
  StreamSlice,
  Streams,
} from './broker-ports.js'
import type { Counters } from './counters.js'
import { Emptied } from './emptied.js'
import { Feed } from './feed.js'
import type { Clock, Logger } from './ports.js'
import { Roster } from './roster.js'
import { SharedReads, type Wanted } from './shared-reads.js'
import type { Subscription } from './subscription.js'
import { forgetPresence, Topic } from './topic.js'
import { TopicStream } from './topic-stream.js'
import { VERIFY_EVERY, verifyFeeds } from './verify-feeds.js'

interface Entry {
  readonly topic: Topic
  readonly feed: Feed
  readonly reads: SharedReads
  /** Resolved when the node has joined the channel's live feed. */
  readonly joined: Promise<void>
  /** Kept from the first on who watches presence. */
  roster: Roster | undefined
}

export interface TopicsParts {
  readonly streams: Streams & { readonly exact: boolean }
  readonly presence: Pick<PresenceStore, 'members'>
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: Counters
}

/** Every so many times the members are compared as well. [H4.8] */
const ROSTERS_EVERY = 2

/** The channels this node has joined, and the subscriptions of its sessions to them. */
export class Topics implements BrokerListener {
  readonly #entries = new Map<string, Entry>()
  readonly #parts: TopicsParts
  /** Those that lost their last subscriber. */
  readonly #emptied: Emptied<Entry>
  #cancelVerify: (() => void) | undefined
  #verified = 0
  #isStopped = false

  constructor(parts: TopicsParts) {
    this.#parts = parts
    this.#emptied = new Emptied(parts.clock, (entry) => this.#drop(entry))
  }

  get size(): number {
    return this.#entries.size
  }

  /** The definition of a channel that somebody here is subscribed to: what the channel table would find, without looking. */
  resolved(channel: string): ResolvedChannel | undefined {
    return this.#entries.get(channel)?.topic.resolved
  }

  subscribers(channel: string): number {
    return this.#entries.get(channel)?.topic.size ?? 0
  }

  /** Begins to look after the feeds, where the broker's can lose something. */
  start(): void {
    if (!this.#parts.streams.exact) this.#verifyLater()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelVerify?.()
    this.#emptied.stop()
    for (const { feed } of this.#entries.values()) feed.close()
  }

  /**
   * Adds a subscription, holding back what is published until `release`. When the returned promise resolves, everything
   * published from then on is held for it or delivered to it. On rejection the subscription is out again.
   */
  async join(subscription: Subscription, resolved: ResolvedChannel): Promise<void> {
    const entry = this.#entry(subscription.channel, resolved)
    subscription.held = []
    entry.topic.add(subscription)
    try {
      await entry.joined
    } catch (error) {
      this.leave(subscription)
      if (this.#entries.get(subscription.channel) === entry) this.#entries.delete(subscription.channel)
      throw error
    }
  }

  /** What a subscriber who has joined wants of the stream, as it stood then or later. */
  async read(channel: string, wanted: Wanted): Promise<StreamSlice> {
    const entry = this.#entries.get(channel)
    if (entry === undefined) throw new MillraceError('connection-lost')
    return entry.reads.read(wanted, entry.feed.position)
  }

  /** Where the feed of a channel stands. */
  position(channel: string): Position | undefined {
    return this.#entries.get(channel)?.feed.position
  }

  /** The stream was seen to end before where its feed stood already. */
  doubt(channel: string): void {
    this.#entries.get(channel)?.feed.doubt()
  }

  /**
   * The subscriber has read the stream up to `head`. False when it must be read again: when the feed is in another epoch, for
   * the stream began anew before or after it was read, and when the feed began behind `head`.
   */
  align(subscription: Subscription, head: Position): boolean {
    const entry = this.#entries.get(subscription.channel)
    if (entry === undefined) return false
    const { feed, topic } = entry
    feed.anchor(head)
    const { position = head } = feed
    if (position.epoch !== head.epoch) {
      feed.verify(head)
      return false
    }
    if (!feed.continues(head)) return false
    topic.align(subscription, head, position)
    return true
  }

  /** Lets go what was held back for an aligned subscription. */
  release(subscription: Subscription): void {
    this.#entries.get(subscription.channel)?.topic.release(subscription)
  }

  /** Keeps what is for this subscription until the function returned is called: something else must reach it first. */
  holdBack(subscription: Subscription): () => void {
    return this.#entries.get(subscription.channel)?.topic.holdBack(subscription) ?? (() => {})
  }

  leave(subscription: Subscription): void {
    subscription.behind?.close()
    const entry = this.#entries.get(subscription.channel)
    if (entry === undefined || !entry.topic.remove(subscription)) return
    if (entry.topic.size === 0) this.#emptied.add(entry)
  }

  publication(channel: string, epoch: string, publication: StoredPublication): void {
    this.#entries.get(channel)?.feed.receive({ epoch, publication })
  }

  ephemeral(channel: string, event: EphemeralEvent): void {
    this.#entries.get(channel)?.topic.ephemeral(event)
  }

  presence(channel: string, change: PresenceChange, member: Member): void {
    const entry = this.#entries.get(channel)
    if (entry?.roster?.take(change, member) !== false) entry?.topic.presence(change, member)
  }

  /**
   * Who is in a channel that a session here has joined and watches from now on: what was held back for it of comings and goings
   * until then is in there already. What others have missed of that is told to them.
   */
  async watch(subscription: Subscription): Promise<readonly Member[]> {
    const { presence, streams } = this.#parts
    const { channel } = subscription
    const entry = this.#entries.get(channel)
    const counted = (): void => forgetPresence(subscription)
    if (entry === undefined || streams.exact) {
      counted()
      return presence.members(channel)
    }
    entry.roster ??= new Roster()
    return this.#compareRoster(channel, entry.topic, { roster: entry.roster, counted })
  }

  interrupted(): void {
    for (const { reads } of this.#entries.values()) reads.forget()
    void this.#verify()
    void this.#compareRosters()
  }

  #verifyLater(): void {
    this.#cancelVerify = this.#parts.clock.schedule(VERIFY_EVERY, () => {
      const isTurnOfRosters = ++this.#verified % ROSTERS_EVERY === 0
      void Promise.all([this.#verify(), isTurnOfRosters && this.#compareRosters()]).then(() => {
        if (!this.#isStopped) this.#verifyLater()
      })
    })
  }

  /** Asks the broker who is where, one channel after the other, and tells the watchers what they have missed. */
  async #compareRosters(): Promise<void> {
    for (const [channel, { topic, roster }] of [...this.#entries]) {
      if (roster === undefined || !topic.isWatched) continue
      try {
        await this.#compareRoster(channel, topic, { roster })
      } catch (error) {
        this.#parts.logger.warn('could not compare members with the store', { channel, error })
        return
      }
    }
  }

  async #compareRoster(
    channel: string,
    topic: Topic,
    { roster, counted }: { readonly roster: Roster; readonly counted?: () => void },
  ): Promise<readonly Member[]> {
    const { members, changes } = await roster.compare(() => this.#parts.presence.members(channel), counted)
    for (const { change, member } of changes) topic.presence(change, member)
    return members
  }

  /** Asks the broker where the streams stand, so that every feed finds out what it has missed. */
  #verify(): Promise<void> {
    const feeds = [...this.#entries].map(([channel, { feed }]) => [channel, feed] as const)
    return verifyFeeds(this.#parts, feeds)
  }

  #entry(channel: string, resolved: ResolvedChannel): Entry {
    let entry = this.#entries.get(channel)
    if (entry === undefined) {
      const topic = new Topic(channel, resolved, this.#parts)
      const stream = new TopicStream(this.#parts, topic)
      entry = {
        topic,
        feed: new Feed(stream),
        reads: new SharedReads(stream, this.#parts.clock),
        joined: this.#parts.streams.join(channel),
        roster: undefined,
      }
      this.#entries.set(channel, entry)
    }
    this.#emptied.delete(entry)
    return entry
  }

  #drop(entry: Entry): void {
    const channel = entry.topic.name
    if (entry.topic.size > 0 || this.#entries.get(channel) !== entry) return
    this.#entries.delete(channel)
    entry.feed.close()
    entry.reads.forget()
    this.#parts.streams.leave(channel).catch((error: unknown) => {
      this.#parts.logger.warn('could not leave a channel', { channel, error })
    })
  }
}
