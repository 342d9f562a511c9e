import type { Clock, Logger } from '@millrace/server'
import type { DiskStreams } from './disk-streams.js'
import type { Store } from './store.js'

export interface SweeperOptions {
  readonly streams: DiskStreams
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
  /** Milliseconds after which a stream that keeps nothing, without publications or readers, is forgotten. */
  readonly forgetAfter: number
  isJoined(channel: string): boolean
  /** Called with each sweep. */
  onSweep(now: number): void
}

/** Milliseconds from the end of one sweep to the next. */
const SWEEP_EVERY = 10_000
/** A sweep looks at so many streams in one go, and waits so many milliseconds before the next. */
const STREAMS_AT_ONCE = 250
const PAUSE = 20
/** A stream nobody used for so long is only on disk. */
const RELEASE_AFTER = 300_000

/**
 * Goes through all streams every 10 s and lets go of what is past its time, also where nobody reads or writes. It takes
 * small steps, so that a store of very many channels does not hold up the rest.
 */
export class Sweeper {
  readonly #options: SweeperOptions
  #cancel: (() => void) | undefined
  #stopped = false
  #running: Promise<void> = Promise.resolve()
  /** The channel that was looked at last; undefined at the beginning of a sweep. */
  #at: string | undefined

  constructor(options: SweeperOptions) {
    this.#options = options
    this.#schedule(SWEEP_EVERY)
  }

  /** Resolves when nothing more comes of it. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel?.()
    await this.#running
  }

  #schedule(delay: number): void {
    if (this.#stopped) return
    this.#cancel = this.#options.clock.schedule(delay, () => {
      this.#running = this.#step()
    })
  }

  async #step(): Promise<void> {
    try {
      const more = await this.#sweep()
      this.#schedule(more ? PAUSE : SWEEP_EVERY)
    } catch (error) {
      this.#report(error, 1)
      this.#at = undefined
      this.#schedule(SWEEP_EVERY)
    }
  }

  /** One step; answers whether the sweep goes on. */
  async #sweep(): Promise<boolean> {
    const { store, streams, clock, isJoined } = this.#options
    const now = clock.now()
    if (this.#at === undefined) {
      this.#options.onSweep(now)
      const { forgetAfter } = this.#options
      streams.release({
        used: now - RELEASE_AFTER,
        empty: now - Math.max(RELEASE_AFTER, forgetAfter),
        isJoined,
      })
    }
    const some = store.streamsAfter(this.#at, STREAMS_AT_ONCE)
    const looks = await Promise.allSettled(some.map(({ channel }) => this.#look(channel, now)))
    // A damaged stream must not keep the sweep from all that come after it.
    const [failed, ...others] = looks.filter((look) => look.status === 'rejected')
    if (failed !== undefined) this.#report(failed.reason, others.length + 1)
    this.#at = some.length < STREAMS_AT_ONCE ? undefined : some.at(-1)?.channel
    while (!this.#stopped && (await streams.collect()));
    return this.#at !== undefined
  }

  /** The disk may be full for now; what is past its time is not shown in any case. */
  #report(error: unknown, times: number): void {
    this.#options.logger.error('The store could not let go of what is past its time', { error, times })
  }

  async #look(channel: string, now: number): Promise<void> {
    const { streams, forgetAfter, isJoined } = this.#options
    if (streams.isUntidy(channel)) {
      while (!this.#stopped && (await streams.tidy(channel)));
      return
    }
    const since = now - forgetAfter
    if (!isJoined(channel) && streams.isForgettable(channel, since)) await streams.forget(channel, since)
  }
}
