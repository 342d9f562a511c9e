/** What a test sees of a testbed. It holds no code. */
import type { Client } from '@millrace/client'
import type { Api, Duration, OpenApi } from '@millrace/protocol'
import type { MillraceServer, User } from '@millrace/server'
import type { BrokerFaults } from './broker.js'
import type { TestClientOptions } from './client.js'
import type { Network } from './network.js'
import type { Death, TestNode } from './node.js'
import type { Trouble } from './troubles.js'

/** The testbed's time, for code of yours that takes a clock. */
export interface TestClock {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs something once, when so many milliseconds have passed; the function returned cancels it. */
  schedule(milliseconds: number, run: () => void): () => void
}

/**
 * A Millrace server and clients of it in this process, real ones, on a network and in a time of their own. What needs no time happens by itself:
 * `await room.publish(…)` resolves. Time stands still unless `advance()` or `until()` lets it pass.
 *
 * Errors of your code that nobody handles (a handler that throws, a listener, a subscription that is refused) come out of the next
 * `settle()`, `advance()`, `until()` or `close()`, as a TestbedError.
 */
export interface Testbed<A extends Api = OpenApi, U extends User | undefined = undefined>
  extends AsyncDisposable {
  /**
   * The server, through all its lives and on all its nodes: hooks and handlers that are registered here are so on each of them, and again
   * after each start. What is asked of it the first node answers that runs. It has no sockets: `attach` and `listen` fail.
   */
  readonly server: MillraceServer<A, U>
  /** The server processes, `node-1` first. */
  readonly nodes: readonly TestNode<MillraceServer<A, U>>[]
  readonly broker: BrokerFaults<A>
  readonly clock: TestClock
  /** Makes a client. It connects with its first use, as every client does. */
  client(options?: TestClientOptions<A>): Client<A>
  /** The network of these clients; of all there are so far, where none is given. */
  network(...clients: readonly Client<A>[]): Network
  /**
   * Resolves when everything has happened that needs no time. Rejects with a TestbedError that says what still runs, when a handler or
   * hook of yours does not end within `realTime` and does not wait for the testbed's time, and when things go round in circles.
   */
  settle(): Promise<void>
  /** Lets time pass: `'15s'`, or milliseconds. Heartbeats, back-offs, timeouts and whatever else falls due on the way run in order. */
  advance(duration: Duration): Promise<void>
  /**
   * Lets time pass until a promise is settled, and gives its value or throws its error; or until a function gives something truthy, and
   * gives that. Rejects with a TestbedError that says what is waited for, when that takes longer than `within`; default 1 minute.
   */
  until<T>(what: PromiseLike<T> | (() => T), within?: Duration): Promise<T>
  /** Resolves when so much of the testbed's time has passed, which `advance()` or `until()` must let it: for handlers that take their time. */
  sleep(duration: Duration): Promise<void>
  /** Every node dies at once, as by `kill -9`, or with its machine, so that nobody hears of it. */
  crash(death?: Death): void
  /** Starts every node that does not run. */
  start(): Promise<void>
  /**
   * Every node dies, as by `kill -9`, and starts again. `keep`: whether what was stored is still there, as with a store on disk (`all`,
   * the default), or gone with the process, as with `memory:` (`nothing`).
   */
  restart(options?: { readonly keep?: 'all' | 'nothing' }): Promise<void>
  /** Takes the errors that nobody handled, so that they do not fail the test. */
  takeErrors(): readonly Trouble[]
  /** What waits for something at this moment, a line each: answers, connections, messages held back, handlers. */
  pending(): readonly string[]
  /**
   * Closes clients and servers. Rejects with a TestbedError when errors were left that nobody handled, or handlers that have not ended.
   * `await using` does it at the end of the block.
   */
  close(): Promise<void>
}
