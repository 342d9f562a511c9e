import type { Streams } from './broker-ports.js'
import type { Feed } from './feed.js'
import type { Logger } from './ports.js'

/** How often feeds are compared with their streams, so that a publication that was lost on the way is missed soon. [H4.6] */
export const VERIFY_EVERY = 5000
/** So many channels are asked about at once. */
const AT_ONCE = 500

interface Parts {
  readonly streams: Pick<Streams, 'heads'>
  readonly logger: Logger
}

/** Asks the broker where the streams stand, so that every feed finds out what it has missed. */
export async function verifyFeeds(
  { streams, logger }: Parts,
  feeds: Iterable<readonly [channel: string, feed: Feed]>,
): Promise<void> {
  const known = [...feeds].flatMap(([channel, feed]) =>
    feed.position === undefined ? [] : [{ channel, position: feed.position, feed }],
  )
  for (let from = 0; from < known.length; from += AT_ONCE) {
    const some = known.slice(from, from + AT_ONCE)
    try {
      const heads = await streams.heads(some.map(({ channel, position }) => ({ channel, position })))
      for (const [index, head] of heads.entries()) some[index]?.feed.verify(head)
    } catch (error) {
      logger.warn('could not compare feeds with their streams', { error })
      return
    }
  }
}
