import { type ChannelDefinition, milliseconds } from '@millrace/protocol'
import type { StreamOptions } from './broker-ports.js'

const DEFAULT_KEEPING: StreamOptions = { size: 256, ttl: 600_000 }

const kept = new WeakMap<ChannelDefinition, StreamOptions>()

/** How much a channel keeps, and how well. Worked out once per definition: every publication asks. */
export function streamOptionsOf(definition: ChannelDefinition): StreamOptions {
  let options = kept.get(definition)
  if (options === undefined) {
    const { size = DEFAULT_KEEPING.size, ttl = DEFAULT_KEEPING.ttl } = definition.history ?? {}
    options = { size, ttl: milliseconds(ttl, 'history.ttl'), durability: definition.durability }
    kept.set(definition, options)
  }
  return options
}
