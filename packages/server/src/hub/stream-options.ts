import { type ChannelDefinition, milliseconds } from '@millrace/protocol'
import type { StreamOptions } from './broker-ports.js'

const DEFAULT_KEEPING: StreamOptions = { size: 256, ttl: 600_000 }
/** Of a state channel: keys, and for each. */
const DEFAULT_STATE: StreamOptions = { size: 10_000, ttl: 86_400_000 }

const kept = new WeakMap<ChannelDefinition, StreamOptions>()

/** How much a channel keeps, and how well. Worked out once per definition: every publication asks. */
export function streamOptionsOf(definition: ChannelDefinition): StreamOptions {
  let options = kept.get(definition)
  if (options === undefined) {
    const { history, conflate, durability } = definition
    const latest = conflate !== undefined
    const { size, ttl } = { ...(latest ? DEFAULT_STATE : DEFAULT_KEEPING), ...history }
    options = { size, ttl: milliseconds(ttl, 'history.ttl'), durability, ...(latest && { latest }) }
    kept.set(definition, options)
  }
  return options
}
