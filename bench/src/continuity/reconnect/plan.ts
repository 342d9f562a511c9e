/** What the reconnect test does. */
import { count, duration } from '../../report/format.js'

/** Durations are milliseconds. */
export interface ReconnectPlan {
  /** Clients that are cut and come back together. */
  readonly clients: number
  /** Clients that are cut and come back one after the other. */
  readonly alone: number
  /** Messages that each misses. */
  readonly messages: number
  /** Bytes of a message. */
  readonly size: number
  /** From the cut of all to the return of the network. */
  readonly outage: number
  /** How long clients may take to have everything, before what they lack counts as lost. */
  readonly patience: number
}

/** Four times what everybody should take. */
export const PATIENCE = 60_000

const CONNECTED_PER_SECOND = 500
/** What one client that comes back alone takes: most of it is its own wait before it tries. */
const ALONE_SECONDS = 0.3

/** Rough seconds, for the progress line and the help. */
export const herdSeconds = (plan: ReconnectPlan): number =>
  10 + plan.clients / CONNECTED_PER_SECOND + plan.outage / 1000

export const aloneSeconds = (plan: ReconnectPlan): number => 3 + plan.alone * ALONE_SECONDS

export const describeHerd = ({ clients, messages, outage }: ReconnectPlan): string =>
  `${count(clients)} clients cut at once, ${count(messages)} messages within ${duration(outage / 1000)}, then all come back`

export const describeAlone = ({ alone, messages }: ReconnectPlan): string =>
  `${count(alone)} clients cut one after the other, each misses ${count(messages)} messages`
