/** What the jitter test does. */
import { duration } from '../../report/format.js'
import type { ContinuityPeer } from '../peers.js'

/** Durations are milliseconds. */
export interface JitterPlan {
  readonly peers: readonly ContinuityPeer[]
  readonly clients: number
  readonly messages: number
  /** From one message to the next. */
  readonly interval: number
  /** How often each client's connection is dropped. */
  readonly dropEvery: number
  /** For how long after a drop its new connections are refused. */
  readonly outage: number
  /** How long clients may take to come back after the last message, before what they lack counts as lost. */
  readonly settling: number
}

/** From the first message on to the end of the last outage. */
export const runningTime = ({ messages, interval, outage }: JitterPlan): number =>
  messages * interval + outage

/** As long as the longest pause that a client makes between two attempts. */
export const SETTLING = 20_000

const CONNECTED_PER_SECOND = 300

/** Rough seconds one peer takes, for the progress line and the help. */
export const estimate = (plan: JitterPlan): number =>
  2 + plan.clients / CONNECTED_PER_SECOND + (runningTime(plan) + plan.settling / 2) / 1000

export const describePlan = (plan: JitterPlan): string =>
  `${plan.clients.toLocaleString('en')} clients, ${plan.messages} messages, each client cut every ${plan.dropEvery / 1000} s and kept out for ` +
  `${plan.outage / 1000} s; about ${duration(estimate(plan))}`
