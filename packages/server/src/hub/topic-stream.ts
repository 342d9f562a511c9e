import { type Position, predecessor } from '@millrace/protocol'
import type { StreamRange, Streams } from './broker-ports.js'
import { Feed, type Live } from './feed.js'
import type { Clock, Logger } from './ports.js'
import { SharedReads, type Wanted } from './shared-reads.js'
import { streamOptionsOf } from './stream-options.js'
import type { Topic } from './topic.js'

export interface TopicStreamParts {
  readonly streams: Streams
  readonly clock: Clock
  readonly logger: Logger
}

/** How long a feed waits to read its stream again after that failed. */
const RETRY_AFTER = 500

/** What a topic delivers live. */
export function feedOf({ streams, clock, logger }: TopicStreamParts, topic: Topic): Feed {
  const { name: channel, resolved } = topic
  const keeping = streamOptionsOf(resolved.definition)
  return new Feed({
    isState: keeping.latest === true,
    deliver: keeping.latest ? closing((live) => topic.publish(live)) : (live) => topic.publish(live),
    // A state forgets, and what is superseded is not missing: only another epoch voids what subscribers know.
    gap: (gap) => {
      if (!keeping.latest || gap.from?.epoch !== gap.to.epoch) topic.gap(gap)
    },
    // One more than is kept, for a feed reads from its last on, and must come further with every read.
    read: (since) => streams.read(channel, { since, limit: keeping.size + 1 }, keeping),
    // Beyond every end, so that the stream ends before it whatever it has come to.
    renew: ({ epoch }) => streams.heads([{ channel, position: { epoch, offset: Number.MAX_SAFE_INTEGER } }]),
    retry: (error, again) => {
      logger.warn('could not read a stream', { channel, error })
      clock.schedule(RETRY_AFTER, again)
    },
  })
}

/** Passes on a state's publications: each follows the one before it, for what lies between was superseded or forgotten. */
function closing(pass: (live: Live) => void): (live: Live) => void {
  let last: Position | undefined
  return ({ epoch, publication }) => {
    const isAfterHole = last?.epoch === epoch && predecessor(publication) > last.offset
    const prev = isAfterHole ? last?.offset : publication.prev
    last = { epoch, offset: publication.offset }
    pass({ epoch, publication: prev === publication.prev ? publication : { ...publication, prev } })
  }
}

/** What the topic's subscribers read of its past. */
export function readsOf(
  { streams, clock }: Pick<TopicStreamParts, 'streams' | 'clock'>,
  { name: channel, resolved }: Pick<Topic, 'name' | 'resolved'>,
): SharedReads {
  const keeping = streamOptionsOf(resolved.definition)
  const rangeOf = (wanted: Wanted): StreamRange =>
    'since' in wanted
      ? { since: wanted.since, limit: keeping.size }
      : { before: Number.MAX_SAFE_INTEGER, limit: wanted.newest }
  return new SharedReads({ clock, read: (wanted) => streams.read(channel, rangeOf(wanted), keeping) })
}
