import { MillraceError } from '@millrace/protocol'
import { duration } from './options.js'
import type { Clock } from './ports.js'
import type { RequestOptions } from './types.js'

/** How something ends: with an error, or without one and with a value. Runs inside whatever ended it. */
export type Done<T> = (error: MillraceError | undefined, value?: T) => void

/** Something that ends exactly once: by an outcome, by its deadline, or by its caller's signal, which has not aborted yet. */
export class Pending<T> {
  #finish: Done<T> | undefined
  #cleanUp: () => void

  /** `what` it waits for is told in the timeout. Throws a TypeError for a timeout that is none. */
  constructor(clock: Clock, options: RequestOptions & { readonly what: string }, done: Done<T>) {
    const ms = duration(options.timeout, 'timeout')
    const { signal, what } = options
    const abort = () => this.settle(aborted(signal?.reason))
    const cancel = clock.schedule(ms, () =>
      this.settle(new MillraceError('timeout', { message: `No answer to ${what} within ${ms} ms` })),
    )
    signal?.addEventListener('abort', abort)
    this.#finish = done
    this.#cleanUp = () => {
      cancel()
      signal?.removeEventListener('abort', abort)
    }
  }

  settle(error: MillraceError | undefined, value?: T): void {
    const finish = this.#finish
    this.#finish = undefined
    this.#cleanUp()
    finish?.(error, value)
  }
}

/** The error of a caller that gave up; its own reason is the `cause`. */
export function aborted(reason: unknown): MillraceError {
  const error = new MillraceError('aborted')
  error.cause = reason
  return error
}

/** Those who wait for something to come about. */
export class Waiting {
  readonly #clock: Clock
  readonly #pending = new Set<Pending<void>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Rejects by its deadline at the latest. */
  wait(options: RequestOptions & { readonly what: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) return reject(aborted(options.signal.reason))
      const pending = new Pending<void>(this.#clock, options, (error) => {
        this.#pending.delete(pending)
        if (error === undefined) resolve()
        else reject(error)
      })
      this.#pending.add(pending)
    })
  }

  /** It came about, or with an error, it never will. False when nobody waited. */
  settle(error?: MillraceError): boolean {
    const pending = [...this.#pending]
    for (const one of pending) one.settle(error)
    return pending.length > 0
  }
}
