/** What the harness asks of the three processes of a run, one JSON line each, and what they answer. */
import type { TallyLog } from '../common/judge/tally.js'
import type { DropPlan } from './proxy/drops.js'
import type { Outage } from './proxy/outage.js'

/** Clients by their numbers, which count from 0. */
export interface Range {
  readonly first: number
  readonly count: number
}

export interface Series {
  readonly channel: `bench:${string}`
  /** The number of the first message. */
  readonly from: number
  readonly count: number
  /** Milliseconds from one message to the next. */
  readonly interval: number
  /** Bytes of each message. */
  readonly size: number
}

export type ServerCommand =
  /** Answers when the last of them is published. */
  ({ readonly do: 'publish' } & Series) | { readonly do: 'collect-garbage' }

export interface ProxySetup {
  /** The port of the server behind it. */
  readonly target: number
}

export type ProxyCommand =
  /** Answers with a port for each client, that is its only way to the server. */
  | { readonly do: 'open'; readonly count: number }
  /** From now on what these clients connect to is reset, as are the connections they have. Answers with the moment. */
  | { readonly do: 'cut'; readonly clients: Range }
  /** Ends the outage of these clients. Answers with the moment. */
  | { readonly do: 'heal'; readonly clients: Range }
  /** Drops connections by the plan. Answers when the last outage is over. */
  | { readonly do: 'drop'; readonly plan: DropPlan }
  /** Answers with the outages of each client. */
  | { readonly do: 'outages' }

export interface Moment {
  readonly at: number
}

export type Outages = readonly (readonly Outage[])[]

export const LIBRARIES = ['millrace', 'socket.io'] as const
export type Library = (typeof LIBRARIES)[number]

export interface ClientsSetup {
  readonly library: Library
  /** Whether a connection that did not recover is said to be one: Socket.IO says so only where the server can recover. */
  readonly tellsGaps: boolean
}

export type ClientsCommand =
  /** Starts clients, each on its port, all in one channel or each in one of its own. Answers when all are subscribed. */
  | { readonly do: 'join'; readonly ports: readonly number[]; readonly channels: 'shared' | 'own' }
  /** Waits until these clients have so many messages, but at most `patience` ms. */
  | { readonly do: 'wait'; readonly clients: Range; readonly messages: number; readonly patience: number }
  /** Answers with what each client heard. */
  | { readonly do: 'tallies' }

export interface Waited extends Moment {
  /** How many clients lack messages. */
  readonly lacking: number
}

export type Tallies = readonly TallyLog[]
