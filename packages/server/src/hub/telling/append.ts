import type { Streams } from '../broker-ports.js'
import { andThen } from '../validation.js'
import type { HubEvents } from './hub-events.js'

/** Stores publications, and tells of them where somebody wants to know. Where nobody does, it is the broker's append and nothing else. */
export function appending(streams: Streams, published: HubEvents['published']): Streams['append'] {
  if (published === undefined)
    return (channel, publication, options) => streams.append(channel, publication, options)
  return (channel, publication, options) =>
    andThen(streams.append(channel, publication, options), (stored) => {
      if (stored.skipped === undefined || stored.skipped === 'duplicate')
        published(channel, publication, stored)
      return stored
    })
}
