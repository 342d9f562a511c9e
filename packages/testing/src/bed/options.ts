import { type Api, type Duration, milliseconds, type OpenApi } from '@millrace/protocol'
import type { MillraceServer, ServerOptions, User } from '@millrace/server'
import { BEGINNING } from '../parts/timeline.js'

/** What of a server's options has no meaning without sockets, or belongs to the testbed. */
type NotHere = 'path' | 'allowedOrigins' | 'compression' | 'broker' | 'node'

/** The server's options, but for those about sockets, its broker and its name; and those of the testbed. */
export interface TestbedOptions<A extends Api = OpenApi, U extends User | undefined = undefined>
  extends Omit<ServerOptions<A, U>, NotHere> {
  /**
   * Sets up the server each time it starts, so also after a crash: the place for your application's own set-up, which then begins with
   * empty hands as it does in production. It may be async.
   */
  readonly setup?: (server: MillraceServer<A, U>) => unknown
  /** How many server processes there are, over one broker. Clients connect to any that runs. Default 1. */
  readonly nodes?: number
  /** Decides everything that is random. Default 1. */
  readonly seed?: number
  /** The time it is at the beginning. Default: 14 November 2023, 22:13:20 UTC. */
  readonly now?: number | Date
  /**
   * How long, in real time, `settle()`, `advance()` and `until()` wait for your handlers and hooks where these wait for something
   * real, such as a file. Default 1 second.
   */
  readonly realTime?: Duration
  /** How many things may happen without time passing before that counts as going round in circles. Default 100,000. */
  readonly mostSteps?: number
  /**
   * A test that waits for what needs time, and lets none pass, waits in vain. So after this much real time in which nothing happened,
   * what waits is written to the log, once: the server's `logger`, or standard error. Default 2 seconds.
   */
  readonly hintAfter?: Duration | false
  /** Is told what happens, a line each: `trace: console.log`. */
  readonly trace?: (line: string) => void
}

/** The testbed's own options, checked. */
export interface Settings {
  readonly nodes: number
  readonly seed: number
  readonly start: number
  readonly realTime: number
  readonly mostSteps: number
  readonly hintAfter: number | false
}

/** Throws a TypeError that names the option that is wrong. */
export function settingsOf(options: TestbedOptions<Api, User>): Settings {
  const { nodes = 1, seed = 1, now = BEGINNING, realTime = '1s' } = options
  const { mostSteps = 100_000, hintAfter = '2s' } = options
  const start = Number(now)
  if (!Number.isSafeInteger(start))
    throw new TypeError(`now must be a Date or whole milliseconds, not ${String(now)}`)
  return {
    nodes: count(nodes, 'nodes', 1),
    seed: count(seed, 'seed', 0),
    start,
    realTime: milliseconds(realTime, 'realTime'),
    mostSteps: count(mostSteps, 'mostSteps', 1),
    hintAfter: hintAfter === false ? false : milliseconds(hintAfter, 'hintAfter'),
  }
}

function count(value: number, option: string, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new TypeError(`${option} must be a whole number of at least ${least}, not ${String(value)}`)
}
