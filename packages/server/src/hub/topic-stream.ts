import { type Gap, type Position, predecessor } from '@millrace/protocol'
import type { StreamOptions, StreamSlice, Streams } from './broker-ports.js'
import type { FeedHost, Live } from './feed.js'
import type { Clock, Logger } from './ports.js'
import type { Wanted, WantedSource } from './shared-reads.js'
import { streamOptionsOf } from './stream-options.js'
import type { Topic } from './topic.js'

export interface TopicStreamParts {
  readonly streams: Streams
  readonly clock: Clock
  readonly logger: Logger
}

/** How long a feed waits to read its stream again after that failed. */
const RETRY_AFTER = 500

/**
 * The stream behind a topic: what the topic delivers live, and what its subscribers read of the past. A class, and no closures, because
 * there is one for each of perhaps a hundred thousand channels.
 */
export class TopicStream implements FeedHost, WantedSource {
  readonly #parts: TopicStreamParts
  readonly #topic: Topic
  readonly #keeping: StreamOptions
  /** What came last of a state. */
  #last: Position | undefined

  constructor(parts: TopicStreamParts, topic: Topic) {
    this.#parts = parts
    this.#topic = topic
    this.#keeping = streamOptionsOf(topic.resolved.definition)
  }

  get isState(): boolean {
    return this.#keeping.latest === true
  }

  deliver(live: Live): void {
    this.#topic.publish(this.isState ? this.#closed(live) : live)
  }

  gap(gap: Gap): void {
    // A state forgets, and what is superseded is not missing: only another epoch voids what subscribers know.
    if (!this.isState || gap.from?.epoch !== gap.to.epoch) this.#topic.gap(gap)
  }

  read(since: Position): Promise<StreamSlice> {
    // One more than is kept, for a feed reads from its last on, and must come further with every read.
    const limit = this.#keeping.size + 1
    return this.#parts.streams.read(this.#topic.name, { since, limit }, this.#keeping)
  }

  renew({ epoch }: Position): Promise<unknown> {
    // Beyond every end, so that the stream ends before it whatever it has come to.
    const position = { epoch, offset: Number.MAX_SAFE_INTEGER }
    return this.#parts.streams.heads([{ channel: this.#topic.name, position }])
  }

  retry(error: unknown, again: () => void): void {
    const { logger, clock } = this.#parts
    logger.warn('could not read a stream', { channel: this.#topic.name, error })
    clock.schedule(RETRY_AFTER, again)
  }

  readWanted(wanted: Wanted): Promise<StreamSlice> {
    const range =
      'since' in wanted
        ? { since: wanted.since, limit: this.#keeping.size }
        : { before: Number.MAX_SAFE_INTEGER, limit: wanted.newest }
    return this.#parts.streams.read(this.#topic.name, range, this.#keeping)
  }

  /** Each publication of a state follows the one before it, for what lies between was superseded or forgotten. */
  #closed(live: Live): Live {
    const { epoch, publication } = live
    const last = this.#last
    this.#last = { epoch, offset: publication.offset }
    const isAfterHole = last?.epoch === epoch && predecessor(publication) > last.offset
    return isAfterHole ? { epoch, publication: { ...publication, prev: last.offset } } : live
  }
}
