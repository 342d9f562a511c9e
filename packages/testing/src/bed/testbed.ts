/** The composition root of a testbed: the one file that knows every class. */
import type { Client } from '@millrace/client'
import { type Api, type Duration, MillraceError, milliseconds, type OpenApi } from '@millrace/protocol'
import { consoleLogger, type Logger, type MillraceServer, type User } from '@millrace/server'
import type { LinkInfo } from '@millrace/server/hub'
import { BrokerNetwork } from '../parts/node-broker.js'
import { Rng } from '../parts/rng.js'
import { Store } from '../parts/store.js'
import type { Door } from '../parts/transport.js'
import { Faults } from './broker.js'
import { BedClient, type TestClientOptions } from './client.js'
import { Drive } from './drive.js'
import { Face } from './face.js'
import { type Network, Networks } from './network.js'
import { BedNode, type Death } from './node.js'
import { type Settings, settingsOf, type TestbedOptions } from './options.js'
import { Trace } from './trace.js'
import { TestbedError, type Trouble, Troubles } from './troubles.js'
import type { Testbed, TestClock } from './types.js'
import { Work } from './work.js'

/** How long `until` lets time pass when it is not told. */
const WITHIN: Duration = '1m'
const CLOSED = 'The testbed was closed'
/** Milliseconds of its time that a testbed gives its servers to close. */
const CLOSE_WITHIN = 60_000

/**
 * Makes a testbed: `await testbed({ api, auth })`. The server runs when it resolves. Throws a TypeError that names the option that is
 * wrong; rejects with what `setup` throws.
 */
export async function testbed<A extends Api = OpenApi, U extends User | undefined = undefined>(
  options: TestbedOptions<A, U> = {},
): Promise<Testbed<A, U>> {
  // Inside, the application's types are not known; the schemas have the say at run time.
  const bed = new Bed(options as unknown as TestbedOptions<Api, User>)
  try {
    await bed.start()
  } catch (error) {
    await bed.close()
    throw error
  }
  return bed as unknown as Testbed<A, U>
}

class Bed implements Testbed<Api, User> {
  readonly server: MillraceServer<Api, User>
  readonly nodes: readonly BedNode[]
  readonly broker: Faults
  readonly clock: TestClock
  readonly #settings: Settings
  readonly #work = new Work()
  readonly #troubles = new Troubles()
  readonly #drive: Drive
  readonly #trace: Trace
  readonly #logger: Logger
  readonly #hints: Logger
  readonly #rng: Rng
  /** Which node a connection goes to. */
  readonly #balance: Rng
  readonly #store: Store
  readonly #clients = new Map<object, BedClient>()
  /** Ends each sleep that is not over. */
  readonly #sleeping = new Set<() => void>()
  #hasHinted = false
  #closing: Promise<void> | undefined

  constructor(options: TestbedOptions<Api, User>) {
    const settings = settingsOf(options)
    const { start, seed, mostSteps, realTime, hintAfter } = settings
    this.#settings = settings
    this.#hints = options.logger ?? consoleLogger('warn')
    this.#logger = this.#loggerOver(options.logger)
    this.#rng = new Rng(seed)
    this.#balance = this.#rng.fork()
    this.#drive = new Drive({
      ...{ start, mostSteps, realTime, work: this.#work, idleAfter: hintAfter },
      recent: () => this.#trace.recent,
      failed: (error) => this.#troubles.add({ where: 'the testbed', error }),
      idle: () => this.#hint(),
    })
    const { timeline } = this.#drive
    this.#trace = new Trace(timeline, options.trace)
    this.clock = {
      now: () => timeline.now(),
      schedule: (delay, run) => timeline.schedule(delay, run),
    }
    this.#store = new Store(() => timeline.now())
    const brokers = new BrokerNetwork({
      ...{ timeline, store: this.#store, rng: this.#rng.fork() },
      delays: { ask: 0, feed: 0 },
    })
    this.broker = new Faults(brokers)
    this.nodes = this.#makeNodes(options, brokers)
    this.server = this.#faceOfAll()
  }

  client(options: TestClientOptions<Api> = {}): Client<Api> {
    this.#allow('client')
    const { name = `client-${this.#clients.size + 1}`, node } = options
    const made = new BedClient({
      ...{ name, options, work: this.#work, trace: this.#trace, troubles: this.#troubles },
      timeline: this.#drive.timeline,
      rng: this.#rng.fork(),
      door: (info) => this.#door(info, node?.name),
    })
    this.#clients.set(made.client, made)
    return made.client as unknown as Client<Api>
  }

  network(...clients: readonly Client<Api>[]): Network {
    if (clients.length === 0) return new Networks([...this.#clients.values()].map(({ network }) => network))
    return new Networks(
      clients.map((client) => {
        const made = this.#clients.get(client)
        if (made === undefined)
          throw new TypeError('network(client) takes clients that client() of this testbed made')
        return made.network
      }),
    )
  }

  async settle(): Promise<void> {
    this.#allow('settle')
    await this.#drive.settle()
    this.#troubles.tell()
    const { stuck } = this.#work
    if (stuck.length > 0) throw new TestbedError(this.#unsettled(stuck))
  }

  async advance(duration: Duration): Promise<void> {
    this.#allow('advance')
    await this.#drive.advance(milliseconds(duration, 'duration'))
    this.#troubles.tell()
  }

  async until<T>(what: PromiseLike<T> | (() => T), within: Duration = WITHIN): Promise<T> {
    this.#allow('until')
    const most = milliseconds(within, 'within')
    const wish = new Wish(what)
    await this.#drive.until(() => wish.isOver || this.#troubles.isAny, most)
    if (wish.isOver) return wish.value
    this.#troubles.tell()
    throw new TestbedError(
      list(`until() waited for ${most} ms of the testbed's time in vain. At its end`, this.pending()),
    )
  }

  sleep(duration: Duration): Promise<void> {
    const ms = milliseconds(duration, 'duration')
    const slept = new Promise<void>((resolve, reject) => {
      const end = (settle: () => void) => {
        cancel()
        this.#sleeping.delete(abort)
        settle()
      }
      const abort = () => end(() => reject(new MillraceError('aborted', { message: CLOSED })))
      const cancel = this.clock.schedule(ms, () => end(resolve))
      this.#sleeping.add(abort)
    })
    // Who does not wait for it need not hear how it ended.
    slept.catch(() => {})
    return slept
  }

  crash(death: Death = 'process'): void {
    for (const node of this.nodes) node.crash(death)
  }

  async start(): Promise<void> {
    this.#allow('start')
    for (const node of this.nodes) await node.start()
  }

  async restart({ keep = 'all' }: { readonly keep?: 'all' | 'nothing' } = {}): Promise<void> {
    this.#allow('restart')
    this.crash()
    if (keep === 'nothing') this.#store.wipe()
    await this.start()
  }

  takeErrors(): readonly Trouble[] {
    return this.#troubles.take()
  }

  pending(): readonly string[] {
    const clients = [...this.#clients.values()].flatMap(({ pending }) => pending)
    const nodes = this.nodes.filter(({ isRunning }) => !isRunning).map(({ name }) => `${name} does not run`)
    const work = this.#work.running.map((what) => `${what} has not ended`)
    return [...clients, ...nodes, ...this.broker.pending, ...work]
  }

  async close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#allow('close')
      this.#closing = this.#close()
    }
    await this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const calmly = (driving: Promise<unknown>) =>
      driving.catch((error: unknown) => this.#troubles.add({ where: 'the testbed', error }))
    this.broker.heal()
    for (const { client } of this.#clients.values()) client.close(CLOSED)
    await calmly(this.#drive.settle())
    // Whatever a server needs for its end it gets, time included.
    let isClosed = false
    const closing = this.server.close().finally(() => {
      isClosed = true
    })
    await calmly(this.#drive.until(() => isClosed, CLOSE_WITHIN))
    if (isClosed) await calmly(closing)
    for (const abort of [...this.#sleeping]) abort()
    await calmly(this.#drive.settle())
    this.#drive.stop()
    this.#troubles.tell()
    const { running } = this.#work
    if (running.length > 0)
      throw new TestbedError(
        `${list('When the testbed was closed, this had not ended', running)}\nA handler that is to take long, or for ever, can sleep() for it: that ends with the testbed.`,
      )
  }

  #makeNodes(options: TestbedOptions<Api, User>, brokers: BrokerNetwork): BedNode[] {
    const { auth, subscriptions, setup } = options
    const watched = {
      ...options,
      ...(auth && { auth: this.#work.watched('auth', auth) }),
      ...(subscriptions && { subscriptions: this.#work.watched('subscriptions', subscriptions) }),
    }
    return Array.from(
      { length: this.#settings.nodes },
      (_, index) =>
        new BedNode({
          ...{ name: `node-${index + 1}`, options: watched, setup, brokers },
          ...{ work: this.#work, logger: this.#logger, note: (what: string) => this.#trace.note(what) },
        }),
    )
  }

  #faceOfAll(): Face {
    const { nodes } = this
    return new Face({
      work: this.#work,
      register: (registration) => {
        const undos = nodes.map((node) => node.register(registration))
        return () => {
          for (const undo of undos) undo()
        }
      },
      ask: (question) => {
        const node = nodes.find(({ isRunning }) => isRunning)
        if (node === undefined) throw new TestbedError('No node runs; start() starts them')
        return node.ask(question)
      },
      close: async () => {
        for (const node of nodes) await node.close()
      },
    })
  }

  #door(info: LinkInfo, wanted: string | undefined): Door | 'refused' | 'lost' {
    const running = this.nodes.filter(({ isRunning }) => isRunning)
    if (running.length === 0) return this.nodes.some(({ death }) => death === 'machine') ? 'lost' : 'refused'
    const node = running.find(({ name }) => name === wanted) ?? this.#balance.pick(running)
    return node.door(info)
  }

  /** Passes on what the server logs; its errors are the test's. */
  #loggerOver(logger: Logger | undefined): Logger {
    return {
      debug: (message, details) => logger?.debug(message, details),
      info: (message, details) => logger?.info(message, details),
      warn: (message, details) => logger?.warn(message, details),
      error: (message, details) => {
        logger?.error(message, details)
        const { error = message } = (details ?? {}) as { readonly error?: unknown }
        this.#troubles.add({ where: this.#work.blame(error) ?? `the server (${message})`, error })
      },
    }
  }

  /** Throws where something would wait for itself, or for ever. */
  #allow(what: string): void {
    const { current } = this.#work
    if (current !== undefined)
      throw new TestbedError(
        `${what}() within ${current} would wait for itself; sleep() lets time pass there`,
      )
    if (this.#closing !== undefined) throw new TestbedError(`${what}(): the testbed is closed`)
  }

  #unsettled(stuck: readonly string[]): string {
    const { realTime } = this.#settings
    return `${list(`After ${realTime} ms of real time this has not ended`, stuck)}\nIf it waits for time, let it wait with the testbed's sleep() or clock; if it needs longer, raise realTime.`
  }

  /** A test that waits for what needs time, and does not let any pass, waits in vain: it is told before its runner gives up. */
  #hint(): void {
    const pending = this.pending()
    if (this.#hasHinted || pending.length === 0) return
    this.#hasHinted = true
    this.#hints.warn(
      list(
        `The testbed has stood still for ${this.#settings.hintAfter} ms. Only advance() and until() let its time pass, for which this may wait`,
        pending,
      ),
    )
  }
}

/** What `until` waits for. */
class Wish<T> {
  readonly #what: PromiseLike<T> | (() => T)
  #outcome: { readonly value: T } | { readonly error: unknown } | undefined

  constructor(what: PromiseLike<T> | (() => T)) {
    this.#what = what
    if (typeof what === 'function') return
    what.then(
      (value) => {
        this.#outcome = { value }
      },
      (error: unknown) => {
        this.#outcome = { error }
      },
    )
  }

  get isOver(): boolean {
    if (this.#outcome === undefined && typeof this.#what === 'function') {
      const value = this.#what()
      if (value) this.#outcome = { value }
    }
    return this.#outcome !== undefined
  }

  /** Throws what the promise was rejected with. */
  get value(): T {
    if (this.#outcome === undefined) throw new TestbedError('It is not over')
    if ('error' in this.#outcome) throw this.#outcome.error
    return this.#outcome.value
  }
}

const list = (what: string, lines: readonly string[]): string =>
  lines.length === 0 ? `${what}, nothing waits.` : `${what}:${lines.map((line) => `\n  - ${line}`).join('')}`
