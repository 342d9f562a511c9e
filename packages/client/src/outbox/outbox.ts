import { type Duration, MillraceError } from '@millrace/protocol'
import { Emitter } from '../core/emitter.js'
import { count, duration } from '../core/options.js'
import type { ListenOptions, Published, PublishOptions } from '../core/types.js'
import { memoryStore, type OutboxEntry, type OutboxStore, type Waiter } from './entry.js'

/** What the outbox needs of a client: every client of `createClient` has it. */
export interface OutboxClient {
  readonly state: { readonly name: string }
  on(event: 'state', listener: () => void): () => void
  channel(name: string): { publish(data: unknown, options?: PublishOptions): Promise<Published> }
}

export interface OutboxOptions {
  /** Where entries survive the page. Default: nowhere, `indexedDbStore()` for browsers. */
  readonly store?: OutboxStore
  readonly limits?: {
    /** Entries that may wait. Default 1,000. */
    readonly count?: number | undefined
    /** Bytes of JSON that may wait, in all. Default 5 MiB. */
    readonly bytes?: number | undefined
    /** How long an entry may wait. Default 1 hour. */
    readonly age?: Duration | undefined
  }
}

export interface OutboxPublishOptions extends Pick<PublishOptions, 'id' | 'version' | 'excludeSelf'> {
  /**
   * What to do with it while it cannot be sent: `queue` (the default) keeps it, in order; `latest` keeps it in place of one that
   * waits with the same `key`; `drop` rejects at once with `connection-lost`.
   */
  readonly whenAway?: 'queue' | 'latest' | 'drop' | undefined
  /** For `latest`: what the message is the state of. Default: the channel's name. */
  readonly key?: string | undefined
  /** How long it may wait. Default `limits.age`. */
  readonly age?: Duration | undefined
}

export interface OutboxEvents {
  /** What waits has changed. */
  change: [waiting: readonly OutboxEntry[]]
  /** An entry will not be sent: it was refused, is too old, or was replaced. Also told of those from an earlier life, which nobody awaits. */
  failed: [entry: OutboxEntry, error: MillraceError]
  /** An entry is stored. */
  sent: [entry: OutboxEntry, published: Published]
}

/** Time and names. */
export interface OutboxPorts {
  now(): number
  schedule(ms: number, run: () => void): () => void
  id(): string
}

const MIB = 1024 * 1024
/** How long the answer to one attempt is waited for, and how long after one that failed the next begins, in milliseconds. */
const ATTEMPT = 10_000
const PAUSE = 1000

/**
 * Publications that must arrive though the connection is away for long: they wait in order, survive the page where there is
 * a store, and are sent one after the other per channel, each until it is acknowledged or refused.
 */
export class Outbox {
  readonly #client: OutboxClient
  readonly #store: OutboxStore
  readonly #ports: OutboxPorts
  readonly #limits: { readonly count: number; readonly bytes: number; readonly age: number }
  readonly #emitter = new Emitter<OutboxEvents>((error) => {
    throw error
  })
  readonly #waiters = new Map<string, Waiter>()
  /** Channels of which an entry is under way, and which. */
  readonly #sending = new Map<string, string>()
  readonly #ready: Promise<void>
  #entries: OutboxEntry[] = []
  #isClosed = false
  #cancelExpiry: (() => void) | undefined
  readonly #offState: () => void

  /** Throws a TypeError that names the option that is wrong. */
  constructor(client: OutboxClient, options: OutboxOptions, ports: OutboxPorts) {
    const { limits = {}, store = memoryStore() } = options
    this.#client = client
    this.#store = store
    this.#ports = ports
    this.#limits = {
      count: count(limits.count ?? 1000, 'limits.count'),
      bytes: count(limits.bytes ?? 5 * MIB, 'limits.bytes'),
      age: duration(limits.age ?? '1h', 'limits.age'),
    }
    this.#ready = this.#open()
    this.#offState = client.on('state', () => this.#drain())
  }

  /** What waits, oldest first. */
  get waiting(): readonly OutboxEntry[] {
    return this.#entries
  }

  on<E extends keyof OutboxEvents>(
    event: E,
    listener: (...args: OutboxEvents[E]) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#emitter.on(event, listener, options)
  }

  /**
   * Publishes as soon as that is possible, and resolves when it is stored. Rejects with the server's refusal; with `timeout` when it
   * grows too old; with `limit-exceeded` when too much waits; with `aborted` when it is replaced by a newer one of its key, or the
   * outbox is closed (where a store keeps it for the next life).
   */
  async publish(channel: string, data: unknown, options: OutboxPublishOptions = {}): Promise<Published> {
    const { whenAway = 'queue', id = this.#ports.id(), version, excludeSelf } = options
    if (this.#isClosed) throw new MillraceError('aborted', { message: 'The outbox is closed' })
    if (whenAway === 'drop') {
      if (!this.#isConnected)
        throw new MillraceError('connection-lost', { message: 'No connection, and not to be kept' })
      return this.#client.channel(channel).publish(data, { id, version, excludeSelf })
    }
    const writtenAt = this.#ports.now()
    const entry: OutboxEntry = {
      id,
      channel,
      data,
      key: whenAway === 'latest' ? (options.key ?? channel) : undefined,
      version,
      excludeSelf,
      writtenAt,
      expiresAt: writtenAt + duration(options.age ?? this.#limits.age, 'age'),
      bytes: JSON.stringify(data)?.length ?? 4,
    }
    this.#replace(entry)
    this.#checkLimits(entry)
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject })
      void this.#add(entry)
    })
  }

  /** Gives up an entry that waits. */
  discard(id: string): void {
    const entry = this.#entries.find((one) => one.id === id)
    if (entry !== undefined) this.#fail(entry, new MillraceError('aborted', { message: 'Discarded' }))
  }

  /** Sends nothing more. What a store keeps is sent by the next outbox that opens it. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#offState()
    this.#cancelExpiry?.()
    this.#store.close()
    const error = new MillraceError('aborted', { message: 'The outbox was closed' })
    for (const { reject } of this.#waiters.values()) reject(error)
    this.#waiters.clear()
  }

  get #isConnected(): boolean {
    const { name } = this.#client.state
    return name === 'connected' || name === 'degraded'
  }

  async #open(): Promise<void> {
    const left = await this.#store.open()
    if (this.#isClosed || left.length === 0) return
    // What was written before comes before what was written since.
    this.#change([...left, ...this.#entries])
    this.#expire()
    this.#drain()
  }

  async #add(entry: OutboxEntry): Promise<void> {
    this.#change([...this.#entries, entry])
    this.#expire()
    try {
      await Promise.all([this.#ready, this.#store.put(entry)])
    } catch (error) {
      // A store that is full or forbidden keeps nothing; the entry still lives as long as the page.
      this.#emitter.emit('failed', entry, storeError(error))
    }
    this.#drain()
  }

  /** Of entries that wait with the same key, the newest stays; one under way is let go on. */
  #replace({ key, channel }: OutboxEntry): void {
    if (key === undefined) return
    const error = new MillraceError('aborted', { message: `Replaced by a newer one of '${key}'` })
    for (const one of this.#entries)
      if (one.key === key && one.channel === channel && this.#sending.get(channel) !== one.id)
        this.#fail(one, error)
  }

  #checkLimits({ bytes }: OutboxEntry): void {
    const { count: most, bytes: mostBytes } = this.#limits
    const sum = this.#entries.reduce((total, one) => total + one.bytes, bytes)
    if (this.#entries.length >= most)
      throw new MillraceError('limit-exceeded', {
        message: `limits.count: ${most} publications wait already`,
      })
    if (sum > mostBytes)
      throw new MillraceError('limit-exceeded', { message: `limits.bytes: ${mostBytes} bytes wait already` })
  }

  /** Begins with every channel that has something to send and nothing under way. */
  #drain(): void {
    if (this.#isClosed || !this.#isConnected) return
    for (const entry of this.#entries) {
      if (this.#sending.has(entry.channel)) continue
      this.#sending.set(entry.channel, entry.id)
      void this.#send(entry)
    }
  }

  async #send(entry: OutboxEntry): Promise<void> {
    const { channel, data, id, version, excludeSelf } = entry
    let pause = 0
    try {
      await this.#ready
      const options = { id, version, excludeSelf, timeout: ATTEMPT }
      const published = await this.#client.channel(channel).publish(data, options)
      this.#settle(entry)?.resolve(published)
      this.#emitter.emit('sent', entry, published)
    } catch (error) {
      if (error instanceof MillraceError && error.retry === 'never') this.#fail(entry, error)
      else pause = error instanceof MillraceError ? (error.retryAfter ?? PAUSE) : PAUSE
    }
    const next = () => {
      this.#sending.delete(channel)
      this.#expire()
      this.#drain()
    }
    if (pause > 0) this.#ports.schedule(pause, next)
    else next()
  }

  #fail(entry: OutboxEntry, error: MillraceError): void {
    if (!this.#entries.includes(entry)) return
    this.#settle(entry)?.reject(error)
    this.#emitter.emit('failed', entry, error)
  }

  /** The entry waits no more. */
  #settle(entry: OutboxEntry): Waiter | undefined {
    const waiter = this.#waiters.get(entry.id)
    this.#waiters.delete(entry.id)
    this.#change(this.#entries.filter((one) => one !== entry))
    this.#store.remove(entry.id).catch(() => {})
    return waiter
  }

  #expire(): void {
    this.#cancelExpiry?.()
    const now = this.#ports.now()
    const error = new MillraceError('timeout', { message: 'It waited for too long' })
    for (const entry of this.#entries) if (this.#isLate(entry, now)) this.#fail(entry, error)
    const to = this.#entries.map(({ expiresAt }) => expiresAt).filter((at) => at > now)
    const soonest = Math.min(...to)
    if (Number.isFinite(soonest))
      this.#cancelExpiry = this.#ports.schedule(soonest - now, () => this.#expire())
  }

  /** One that is under way is let go on: it may be stored already. */
  #isLate({ id, channel, expiresAt }: OutboxEntry, now: number): boolean {
    return expiresAt <= now && this.#sending.get(channel) !== id
  }

  #change(entries: OutboxEntry[]): void {
    this.#entries = entries
    this.#emitter.emit('change', entries)
  }
}

const storeError = (error: unknown): MillraceError =>
  new MillraceError('not-available', { message: `The store did not keep it: ${String(error)}` })
