/** What the harness asks of the processes of a run, one JSON line each, and what they answer. */
import type { Counts } from '../common/judge/delivery.js'
import type { Quantiles } from '../common/judge/quantiles.js'
import type { CpuTime } from '../harness/proc.js'
import type { Peer, Transport } from './contestants.js'

/** One channel for each client, or one for all. */
export const AUDIENCES = ['own', 'shared'] as const
export type Audience = (typeof AUDIENCES)[number]

/** Bytes of a message. */
export const SIZE = 100
/** Messages are published every so many milliseconds, as many as are due. */
export const TURN = 10

export interface ServerSetup {
  readonly transport: Transport
}
export type ServerCommand =
  /**
   * Publishes one message a second in each channel of the audience, spread evenly over the second, for so many seconds. Answers when
   * these are over.
   */
  | {
      readonly do: 'publish'
      readonly audience: Audience
      readonly clients: number
      readonly seconds: number
    }
  | { readonly do: 'collect-garbage' }
  /** Answers with what the process has taken. */
  | { readonly do: 'usage' }
export interface Usage {
  /** Seconds since it started, to the microsecond: from outside only hundredths can be read. */
  readonly cpu: CpuTime
  /** Bytes of JavaScript's heap in use, and of memory that objects in it hold outside of it. */
  readonly heap: number
  readonly external: number
}

export interface ClientsSetup {
  readonly peer: Peer
  readonly transport: Transport
  readonly port: number
}
export type ClientsCommand =
  /** Starts clients, so many a second, and subscribes each to its channels. Answers when all are. */
  | {
      readonly do: 'join'
      /** The number of the first one. */
      readonly first: number
      readonly count: number
      readonly perSecond: number
      readonly audiences: readonly Audience[]
    }
  /** Forgets what was heard until now. */
  | { readonly do: 'forget' }
  /** Waits until each client has heard so many messages of the audience since, but at most `patience` ms. */
  | {
      readonly do: 'wait'
      readonly audience: Audience
      readonly messages: number
      readonly patience: number
    }
  /** Answers with what was heard since, where so many were published in each channel of the audience. */
  | { readonly do: 'tell'; readonly audience: Audience; readonly messages: number }
  /** Answers with what became of the connections until now. */
  | { readonly do: 'standing' }
export interface Told {
  readonly counts: Counts
  /** Clients that heard everything. */
  readonly complete: number
  /** From publication to delivery, in milliseconds; null when nothing came. */
  readonly latency: Quantiles | null
}
/** How many clients were lost for a reason. */
export type Lost = { readonly [reason: string]: number }
export interface Standing {
  /** Clients whose connection ended. */
  readonly lost: Lost
  /** HTTP requests made. */
  readonly requests: number
}
