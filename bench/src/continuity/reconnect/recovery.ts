/** How long a client took to have all that it missed. */
import type { TallyLog } from '../../common/judge/tally.js'
import type { Outage } from '../proxy/outage.js'

export interface Recovery {
  /** When the last of the missed messages was heard. */
  readonly at: number
  /** Milliseconds since the proxy accepted the client's first connection after the outage. */
  readonly sinceBack: number
  /** Milliseconds since the outage was over: with the client's own wait before it tried. */
  readonly sinceHealed: number
}

/** Undefined when the client did not come back, or lacks one of the first `messages`, which it missed. */
export function recoveryOf(
  { arrived }: Pick<TallyLog, 'arrived'>,
  outage: Outage | undefined,
  messages: number,
): Recovery | undefined {
  if (outage === undefined || outage.back === null) return undefined
  let at = 0
  for (let i = 0; i < messages; i++) {
    const heard = arrived[i]
    if (heard === null || heard === undefined) return undefined
    at = Math.max(at, heard)
  }
  return { at, sinceBack: at - outage.back, sinceHealed: at - outage.to }
}

export interface Attempts {
  readonly total: number
  /** Of the client with the most. */
  readonly most: number
  /** Connections after the return of the network, of the client with the most: more than one is a loop. */
  readonly mostAfter: number
}

export function attemptsOf(outages: readonly Outage[]): Attempts {
  const each = outages.map(({ refused, accepted }) => refused + accepted)
  return {
    total: each.reduce((sum, one) => sum + one, 0),
    most: Math.max(0, ...each),
    mostAfter: Math.max(0, ...outages.map(({ accepted }) => accepted)),
  }
}
