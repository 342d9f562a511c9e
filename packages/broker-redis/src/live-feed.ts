import type { Position } from '@millrace/protocol'
import type { BrokerListener, Logger } from '@millrace/server'
import type { Client, Heard } from './client.js'
import type { Connection } from './connection.js'
import { messageOf } from './failures.js'
import type { Keys } from './keys.js'
import { hear } from './live-message.js'

export interface LiveFeedParts {
  readonly keys: Keys
  readonly logger: Logger
  readonly connection: Pick<Connection, 'run' | 'isUp' | 'heard'>
  listener(): BrokerListener | undefined
  /** A publication was heard of, so it was stored. */
  stored(channel: string, position: Position): void
}

/** A topic's SUBSCRIBE takes so many at once. */
const AT_ONCE = 1_000

/** The channels this node has joined, on a connection of their own. Redis takes SUBSCRIBE and UNSUBSCRIBE in the order they are sent. */
export class LiveFeed {
  readonly #parts: LiveFeedParts
  readonly #joined = new Set<string>()
  /** What a new connection subscribed to while it was made. */
  #resubscribed: readonly string[] = []

  constructor(parts: LiveFeedParts) {
    this.#parts = parts
  }

  async join(channel: string): Promise<void> {
    const { connection, keys } = this.#parts
    const isNew = !this.#joined.has(channel)
    this.#joined.add(channel)
    try {
      await connection.run((client) => client.subscribe([keys.topic(channel)], this.#heard))
    } catch (error) {
      if (isNew) this.#joined.delete(channel)
      throw error
    }
  }

  async leave(channel: string): Promise<void> {
    if (!this.#joined.delete(channel) || !this.#parts.connection.isUp) return
    await this.#unsubscribe(channel).catch(() => {
      // The connection was lost, and the subscription with it.
    })
  }

  /** Joins everything again, on a connection that nobody uses yet. */
  async resubscribe(client: Client): Promise<void> {
    const channels = [...this.#joined]
    const topics = channels.map((channel) => this.#parts.keys.topic(channel))
    const all: Promise<void>[] = []
    for (let from = 0; from < topics.length; from += AT_ONCE)
      all.push(client.subscribe(topics.slice(from, from + AT_ONCE), this.#heard))
    await Promise.all(all)
    this.#resubscribed = channels
  }

  /** The new connection is in use: leaves what was left while it was made. */
  returned(): void {
    for (const channel of this.#resubscribed)
      if (!this.#joined.has(channel)) this.#unsubscribe(channel).catch(() => {})
    this.#resubscribed = []
  }

  #unsubscribe(channel: string): Promise<void> {
    const { connection, keys } = this.#parts
    return connection.run((client) => client.unsubscribe([keys.topic(channel)], this.#heard))
  }

  readonly #heard: Heard = (message, topic) => {
    const { connection, keys, listener, logger, stored } = this.#parts
    connection.heard()
    const channel = keys.channelOf(topic.toString())
    const to = listener()
    if (to === undefined || !this.#joined.has(channel)) return
    try {
      const position = hear(to, channel, message)
      if (position !== undefined) stored(channel, position)
    } catch (error) {
      logger.error('a message from Redis was not understood', { channel, why: messageOf(error) })
    }
  }
}
