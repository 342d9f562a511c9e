/** What the harness asks of a load generator process, one JSON line each. */
import type { Role } from './dialect.js'
import type { DialectName } from './dialects.js'
import type { Window } from './measure.js'

/** Given on the command line, as JSON. */
export interface GeneratorSetup {
  readonly dialect: DialectName
  readonly port: number
  readonly serverPid: number
}

export type GeneratorCommand =
  /** Opens connections and keeps them. Answers when all are ready. */
  | { readonly do: 'open'; readonly role: Role; readonly count: number }
  | { readonly do: 'fan-out'; readonly size: number; readonly outstanding: number; readonly window: Window }
  | { readonly do: 'echo'; readonly size: number; readonly inFlight: number; readonly window: Window }
  | { readonly do: 'connect'; readonly atOnce: number; readonly kept: number; readonly window: Window }
  /** How many of the opened connections still stand. */
  | { readonly do: 'standing' }

/** First words of the lines a child process prints. */
export const WORD = { ready: 'ready', done: 'done', failed: 'failed' } as const
