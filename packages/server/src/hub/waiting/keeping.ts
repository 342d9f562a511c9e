import { type Api, waitOf } from '@millrace/protocol'
import type { StreamOptions } from '../broker-ports.js'

/** How many publications a user's stream of commands keeps: three for a command that is asked and answered alone. */
const KEPT = 4096
/** How long the end of a command is known after it could still have been waited for. Milliseconds. */
const REMEMBERED = 3_600_000

/** What a user's stream of commands keeps, so that none of them is lost before its time; undefined where no call waits. */
export function keepingOf(api: Api | undefined): StreamOptions | undefined {
  const waits = Object.values(api?.calls ?? {}).flatMap((definition) => waitOf(definition) ?? [])
  if (waits.length === 0) return undefined
  return { size: KEPT, ttl: Math.max(...waits.map(({ ttl }) => ttl)) + REMEMBERED }
}
