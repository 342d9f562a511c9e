/** What the test of transports does. */
import { count, duration } from '../report/format.js'
import { BASE, type Contestant } from './contestants.js'

export const CASES = ['load', 'idle'] as const
export type Case = (typeof CASES)[number]

/** Durations are seconds. */
export interface LoadPlan {
  readonly clients: number
  /** How often each contestant is measured with each audience, taking turns, and for how long each time. */
  readonly rounds: number
  readonly window: number
  /** Published to each audience on a fresh server before anything is measured. */
  readonly warmUp: number
}
export interface IdlePlan {
  readonly connections: number
  /** For how long they are idle: what CPU that takes is measured. */
  readonly seconds: number
}
export interface TransportPlan {
  readonly contestants: readonly Contestant[]
  /** Undefined where it is not asked for. */
  readonly load: LoadPlan | undefined
  readonly idle: IdlePlan | undefined
}

/** Connections that come within a second: spread over more than the time for which an unused connection of requests is kept. */
export const JOINS = { load: 500, idle: 1000 } as const
/** Published at the beginning of each window before it is measured, in seconds: caches are full of the contestant before. */
export const SETTLE = 1
/** Connections of one process of clients, at most: each may need another file for what it says. */
export const PER_PROCESS = 8000
/** Connections before memory is read first, so that code loaded once does not count as theirs. */
export const BEFORE = 200

const START = 1
/** Two readings of memory, and what is waited for until all have the last message. */
const READINGS = 8

/** Rough seconds. */
export const loadSeconds = ({ contestants, load }: TransportPlan): number =>
  load === undefined
    ? 0
    : contestants.length *
        (START + load.clients / JOINS.load + 2 * (load.warmUp + load.rounds * (SETTLE + load.window))) +
      contestants.filter(({ transport }) => transport === BASE).length * (load.warmUp + load.window)

/** For one contestant. */
export const idleSeconds = ({ connections, seconds }: IdlePlan): number =>
  2 * START + (connections + BEFORE) / JOINS.idle + READINGS + seconds

export const totalSeconds = (plan: TransportPlan): number =>
  loadSeconds(plan) + (plan.idle === undefined ? 0 : plan.contestants.length * idleSeconds(plan.idle))

export const describeLoad = ({ clients, rounds, window }: LoadPlan): string =>
  `${count(clients)} clients, a message a second to each, once by a channel for each and once by one for all; ${rounds} × ${duration(window)} each, by turns`

export const describeIdle = ({ connections, seconds }: IdlePlan): string =>
  `${count(connections)} idle connections for ${duration(seconds)}, and then one message to all of them`
