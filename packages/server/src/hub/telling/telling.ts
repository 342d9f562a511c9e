import type { Streams } from '../broker-ports.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Clock, Logger } from '../ports.js'
import { appending } from './append.js'
import type { HubEvents } from './hub-events.js'
import { answerUntracked, Occupancy } from './occupancy.js'
import { SubscriptionWatch } from './subscription-watch.js'

export interface TellingParts {
  readonly events: HubEvents | undefined
  readonly streams: Streams
  readonly cluster: Cluster
  readonly clock: Clock
  readonly logger: Logger
  /** Subscribers here. */
  subscribers(channel: string): number
}

/** How somebody outside is told what happens: nothing of it is there where nobody wants to know. */
export interface Telling {
  /** The broker's append, which tells of what it stored. */
  readonly append: Streams['append']
  readonly watch: SubscriptionWatch | undefined
  readonly occupancy: Occupancy | undefined
}

export function makeTelling({ events = {}, streams, ...parts }: TellingParts): Telling {
  const wanted = events.occupancy
  const occupancy = wanted && new Occupancy({ ...parts, events: wanted })
  if (occupancy === undefined) answerUntracked(parts)
  const isWatched = [events.subscribed, events.unsubscribed, occupancy].some((one) => one !== undefined)
  return {
    append: appending(streams, events.published),
    watch: isWatched ? new SubscriptionWatch(events, occupancy) : undefined,
    occupancy,
  }
}
