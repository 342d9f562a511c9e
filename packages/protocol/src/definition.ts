/**
 * What a definition means where it says nothing: the defaults of channels and calls, for the server that keeps to them and for tools
 * that describe an api.
 */
import type { CallDefinition, ChannelDefinition, SlowPolicy } from './api.js'
import { milliseconds } from './duration.js'

/** How much is kept, and for how many milliseconds. */
export interface Keeping {
  readonly size: number
  readonly ttl: number
}

const STREAM = { size: 256, ttl: '10m' } as const
/** Of a state channel: keys, and for each. */
const STATE = { size: 10_000, ttl: '24h' } as const

/** What a channel keeps: publications, or in a state channel keys. */
export function historyOf({ history, conflate }: ChannelDefinition): Keeping {
  const { size, ttl } = { ...(conflate === undefined ? STREAM : STATE), ...history }
  return { size, ttl: milliseconds(ttl, 'history.ttl') }
}

/** What becomes of a channel's subscriber that reads too slowly. */
export const slowPolicyOf = ({ slow, conflate }: ChannelDefinition): SlowPolicy =>
  slow ?? (conflate === undefined ? 'disconnect' : 'conflate')

/** Milliseconds that the answer to a call may take. */
export const callTimeoutOf = ({ timeout = '10s' }: CallDefinition): number => milliseconds(timeout, 'timeout')

/** How many calls may wait for one user, and for how many milliseconds at most; undefined for a call that does not wait. */
export function waitOf({ wait }: CallDefinition): Keeping | undefined {
  if (wait === undefined) return undefined
  const { ttl = '24h', size = 1000 } = wait
  return { size, ttl: milliseconds(ttl, 'wait.ttl') }
}
