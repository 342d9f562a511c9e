/**
 * One connection to Redis that is made anew whenever it is lost. Each attempt is a client of its own, which never
 * reconnects and keeps no queue for later: so a command belongs to one connection, and fails with it.
 */
import type { Clock, Logger } from '@millrace/server'
import { type Address, shownAddress } from './address.js'
import { type Client, checkServer, discard, makeClient } from './client.js'
import { failureOf, isReplica, messageOf, NoEntry, noEntry, unavailable } from './failures.js'

/** A client, and signs of life from its Redis. */
interface Link {
  readonly client: Client
  waiting: number
  life: number
}

type State =
  | { readonly name: 'away'; readonly retryAt: number }
  | { readonly name: 'up'; readonly link: Link }
  | { readonly name: 'closed' }

export interface ConnectionOptions {
  readonly address: Address
  readonly clock: Clock
  readonly logger: Logger
  /** Makes a new connection ready for use; it is used by nobody else until this resolves. */
  prepare(client: Client): Promise<void>
  /** The connection is there again. */
  returned(): void
}

/** Milliseconds one attempt may take. */
const ATTEMPT = 2_000
const BACKOFF = { first: 50, most: 2_000 } as const
/** How often signs of life are looked for. */
const TICK = 250
/** So many ticks in a row without any, while something waits for an answer, and the connection counts as dead. */
const PATIENCE = 6
/** Every so many ticks an idle connection is asked. */
const PING_EVERY = 4

export class Connection {
  readonly #options: ConnectionOptions
  readonly #where: string
  #state: State = { name: 'away', retryAt: 0 }

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#where = shownAddress(options.address)
  }

  get isUp(): boolean {
    return this.#state.name === 'up'
  }

  /** Connects, trying again within so many milliseconds; rejects at once when trying again is of no use. */
  async start(within: number): Promise<void> {
    const { clock } = this.#options
    const end = clock.now() + within
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#connect(Math.max(1, Math.min(ATTEMPT, end - clock.now())))
      } catch (error) {
        const delay = backoff(attempt)
        if (error instanceof NoEntry || this.isClosed) throw error
        if (clock.now() + delay >= end)
          throw unavailable(`Redis at ${this.#where} cannot be reached: ${messageOf(error)}`)
        await new Promise<void>((resolve) => void setTimeout(resolve, delay))
      }
    }
  }

  close(): void {
    const state = this.#state
    this.#state = { name: 'closed' }
    if (state.name === 'up') discard(state.link.client)
  }

  /** Has the client do something. Rejects with `unavailable` while Redis is away, and when the answer does not come. */
  async run<T>(task: (client: Client) => Promise<T>): Promise<T> {
    const state = this.#state
    if (state.name !== 'up') throw this.#absence(state)
    const { link } = state
    link.waiting++
    try {
      return await task(link.client)
    } catch (error) {
      if (isReplica(error)) this.#lost(link, messageOf(error))
      throw failureOf(error, this.#where)
    } finally {
      link.waiting--
      link.life++
    }
  }

  /** Sends a command; strings in the answer are Buffers. */
  send(args: readonly (string | Buffer)[]): Promise<unknown> {
    return this.run((client) => client.send(args))
  }

  /** Something arrived that answers nothing. */
  heard(): void {
    if (this.#state.name === 'up') this.#state.link.life++
  }

  #absence(state: Exclude<State, { name: 'up' }>): Error {
    if (state.name === 'closed') return unavailable('The broker is closed')
    const wait = state.retryAt - this.#options.clock.now()
    return unavailable(`Redis at ${this.#where} is away`, Math.max(100, wait + 100))
  }

  async #connect(within: number): Promise<void> {
    const { address, clock, prepare } = this.#options
    const client = makeClient(address, (why) => this.#lost(link, why))
    const link: Link = { client, waiting: 0, life: 0 }
    let late: () => void = () => {}
    const timeout = new Promise<never>((_, reject) => {
      late = clock.schedule(within, () => reject(new Error(`no answer within ${within} ms`)))
    })
    try {
      await Promise.race([timeout, this.#enter(client, prepare)])
    } catch (error) {
      discard(client)
      throw noEntry(error, this.#where) ?? error
    } finally {
      late()
    }
    // Closed, or lost again before anybody could hear of it.
    if (this.#state.name === 'closed' || !client.isReady) {
      discard(client)
      throw new Error('the connection was closed at once')
    }
    this.#state = { name: 'up', link }
    this.#watch(link, { tick: 0, life: 0, silent: 0 })
  }

  async #enter(client: Client, prepare: ConnectionOptions['prepare']): Promise<void> {
    await client.connect()
    await checkServer(client, this.#where)
    await prepare(client)
  }

  #lost(link: Link, why: string): void {
    if (this.#state.name !== 'up' || this.#state.link !== link) return
    this.#options.logger.warn(`lost a connection to Redis at ${this.#where}`, { why })
    this.#again(0)
    discard(link.client)
  }

  #again(attempt: number): void {
    const { clock, logger, returned } = this.#options
    const delay = backoff(attempt)
    this.#state = { name: 'away', retryAt: clock.now() + delay }
    clock.schedule(delay, async () => {
      if (this.#state.name === 'closed') return
      try {
        await this.#connect(ATTEMPT)
      } catch (error) {
        if (this.isClosed) return
        logger.debug(`Redis at ${this.#where} is still away`, { why: messageOf(error) })
        if (error instanceof NoEntry) logger.error(error.message)
        return this.#again(attempt + 1)
      }
      logger.info(`connected to Redis at ${this.#where} again`)
      returned()
    })
  }

  get isClosed(): boolean {
    return this.#state.name === 'closed'
  }

  /**
   * Counts ticks without a sign of life rather than time, for after this process was stopped or blocked, what has
   * arrived meanwhile is only read between two ticks.
   */
  #watch(link: Link, last: { readonly tick: number; readonly life: number; readonly silent: number }): void {
    this.#options.clock.schedule(TICK, () => {
      if (this.#state.name !== 'up' || this.#state.link !== link) return
      const silent = link.waiting > 0 && link.life === last.life ? last.silent + 1 : 0
      if (silent >= PATIENCE) return this.#lost(link, `no answer for ${(TICK * PATIENCE) / 1000} s`)
      const tick = last.tick + 1
      if (link.waiting === 0 && tick % PING_EVERY === 0) this.send(['PING']).catch(() => {})
      this.#watch(link, { tick, life: link.life, silent })
    })
  }
}

/** Grows from one attempt to the next, and differs from node to node, so that they do not all come at once. */
function backoff(attempt: number): number {
  const longest = Math.min(BACKOFF.first * 2 ** attempt, BACKOFF.most)
  return Math.round(longest * (0.5 + Math.random() / 2))
}
