/** What an outage costs beyond itself. */
import type { Arrival } from '../../common/judge/delivery.js'
import type { Outage } from '../proxy/outage.js'

/**
 * How much later than its client's outage a message arrived, or than its publication where that came after. An outage held a
 * message up that was published before the client was back and arrived after the outage; undefined when none did. Who missed
 * two outages in a row is judged by the last one.
 */
export function beyondOutage(
  { published, arrived }: Arrival,
  outages: readonly Outage[],
): number | undefined {
  const outage = outages.findLast(({ to }) => to < arrived)
  if (outage === undefined || published >= (outage.back ?? Number.POSITIVE_INFINITY)) return undefined
  return arrived - Math.max(outage.to, published)
}
