/** What the harness asks of the three processes of a run, one JSON line each, and what they answer. */

import type { Quantiles } from '../common/judge/quantiles.js'
import type { DialectName } from '../generator/dialects.js'

/** What a channel brings. */
export interface Feed {
  /** Bytes of a message. */
  readonly size: number
  /** What messages are about, in turn. */
  readonly keys: number
  /** Messages a second. They are published every `TURN`, as many as are due. */
  readonly each: number
}
/** Milliseconds. */
export const TURN = 10

export interface Message {
  readonly key: string
  /** Counts from 1. */
  readonly n: number
  /** When it was published, by the clock of common/clock.ts. */
  readonly at: number
  readonly filler: string
}

export type ServerCommand =
  /** Publishes for so many seconds. Answers when it is over, with the number of messages. */
  | { readonly do: 'publish'; readonly feed: Feed; readonly seconds: number }
  | { readonly do: 'collect-garbage' }
  /** Answers with how many bytes wait in the process, where it can tell. */
  | { readonly do: 'waiting' }

export interface Published {
  readonly count: number
}
export interface Waiting {
  /** For the connection for which most waits; null where the server does not tell. */
  readonly bytes: number | null
}

/** For the process of those who keep up. */
export interface FastSetup {
  readonly dialect: DialectName
  readonly port: number
}
export type FastCommand =
  /** Answers when all are subscribed. */
  | { readonly do: 'join'; readonly count: number }
  /** Counts afresh. */
  | { readonly do: 'forget' }
  /** Answers with what they heard since. */
  | { readonly do: 'tell' }
export interface FastFigures {
  /** From publication to arrival, in milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly samples: number }
  /** Messages that reached the reader that got fewest, and all together. */
  readonly fewest: number
  readonly delivered: number
  /** Readers whose connection ended. */
  readonly lost: number
}

/** For the process of those who do not. */
export interface SlowSetup extends FastSetup {
  readonly library: Library
  /** Bytes a second that the thin link carries, each way. */
  readonly rate: number
}
export const LIBRARIES = ['millrace', 'ws', 'socket.io'] as const
export type Library = (typeof LIBRARIES)[number]
export type SlowCommand =
  /** The thin one joins, the stalled one too, and a witness that keeps up. Answers when they are there. */
  | { readonly do: 'join' }
  /** From now on the stalled one reads nothing. Answers with its port. */
  | { readonly do: 'stall' }
  /** Answers with what became of them. All leave. */
  | { readonly do: 'tell' }
export interface Stalled {
  /** Of its end of the connection, by which the kernel's queues are found. */
  readonly port: number
}
export interface SlowFigures {
  /** How old what the thin one shows was, over all keys and the whole time, in milliseconds. */
  readonly ages: Quantiles | null
  readonly got: number
  /** Messages it was told it skipped. */
  readonly skipped: number
  /** Connections of the thin one after its first. */
  readonly reconnections: number
  /** Keys of which it does not show the newest value, when it was asked. */
  readonly behind: number
}
