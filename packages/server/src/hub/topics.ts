import type { ResolvedChannel } from '@millrace/protocol'
import type { BrokerListener, Streams } from './broker-ports.js'
import type { Clock, Logger } from './ports.js'
import type { Subscription } from './subscription.js'
import { Topic } from './topic.js'

interface Entry {
  readonly topic: Topic
  /** Resolved when the node has joined the channel's live feed. */
  readonly joined: Promise<void>
  cancelLeave: (() => void) | undefined
}

/** How long a channel that lost its last subscriber stays joined: a reload or a reconnect finds it warm. */
const LINGER = 1000

/** The channels this node has joined, and the subscriptions of its sessions to them. */
export class Topics implements BrokerListener {
  readonly #entries = new Map<string, Entry>()
  readonly #streams: Streams
  readonly #clock: Clock
  readonly #logger: Logger

  constructor(streams: Streams, clock: Clock, logger: Logger) {
    this.#streams = streams
    this.#clock = clock
    this.#logger = logger
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

  /**
   * Adds a subscription, holding back what is published until `release`. When the returned promise resolves, everything
   * published from then on is held for it or delivered to it. On rejection the subscription is out again.
   */
  async join(subscription: Subscription, resolved: ResolvedChannel): Promise<Topic> {
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
    return entry.topic
  }

  leave(subscription: Subscription): void {
    const entry = this.#entries.get(subscription.channel)
    if (entry === undefined || !entry.topic.remove(subscription)) return
    if (entry.topic.size === 0) {
      entry.cancelLeave = this.#clock.schedule(LINGER, () => this.#drop(subscription.channel, entry))
    }
  }

  publication(channel: string, _epoch: string, publication: Parameters<Topic['publish']>[0]): void {
    this.#entries.get(channel)?.topic.publish(publication)
  }

  ephemeral(channel: string, event: Parameters<Topic['ephemeral']>[0]): void {
    this.#entries.get(channel)?.topic.ephemeral(event)
  }

  presence(channel: string, ...[change, member]: Parameters<Topic['presence']>): void {
    this.#entries.get(channel)?.topic.presence(change, member)
  }

  #entry(channel: string, resolved: ResolvedChannel): Entry {
    let entry = this.#entries.get(channel)
    if (entry === undefined) {
      entry = {
        topic: new Topic(channel, resolved),
        joined: this.#streams.join(channel),
        cancelLeave: undefined,
      }
      this.#entries.set(channel, entry)
    }
    entry.cancelLeave?.()
    entry.cancelLeave = undefined
    return entry
  }

  #drop(channel: string, entry: Entry): void {
    if (entry.topic.size > 0 || this.#entries.get(channel) !== entry) return
    this.#entries.delete(channel)
    this.#streams.leave(channel).catch((error: unknown) => {
      this.#logger.warn('could not leave a channel', { channel, error })
    })
  }
}
