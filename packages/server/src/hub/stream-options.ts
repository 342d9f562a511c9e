import { type ChannelDefinition, historyOf } from '@millrace/protocol'
import type { StreamOptions } from './broker-ports.js'

const kept = new WeakMap<ChannelDefinition, StreamOptions>()

/** How much a channel keeps, and how well. Worked out once per definition: every publication asks. */
export function streamOptionsOf(definition: ChannelDefinition): StreamOptions {
  let options = kept.get(definition)
  if (options === undefined) {
    const { conflate, durability } = definition
    options = { ...historyOf(definition), durability, ...(conflate !== undefined && { latest: true }) }
    kept.set(definition, options)
  }
  return options
}
