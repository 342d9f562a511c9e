import { MillraceError, type StoredPayload } from '@millrace/protocol'
import type { Clock } from '../ports.js'
import type { EndedCommand } from './queue-state.js'

/** A command that is stored. */
export interface Accepted {
  readonly id: string
  /** How it ends. Rejects with the device's error, `expired`, `connection-lost`, `timeout`, `aborted` or `unavailable`. */
  readonly answer: Promise<StoredPayload>
  /** Nobody wants to know any more. */
  forget(): void
}

interface Waiter {
  resolve(data: StoredPayload): void
  reject(error: MillraceError): void
}

export interface WaitersParts {
  readonly clock: Clock
  /** How a command ended, as far as is known. */
  ended(id: string): EndedCommand | undefined
  /** Keeps the queue at work until the function returned is called. */
  hold(): () => void
}

/** Who on this node waits for the ends of commands. Each is told by its deadline at the latest. */
export class Waiters {
  readonly #parts: WaitersParts
  readonly #waiters = new Map<string, Set<Waiter>>()

  constructor(parts: WaitersParts) {
    this.#parts = parts
  }

  /** Waits for the end of a command until a deadline: milliseconds since 1970. */
  follow(id: string, deadline: number): Accepted {
    const { clock, hold } = this.#parts
    const release = hold()
    const waiters = this.#waiters.get(id) ?? new Set<Waiter>()
    this.#waiters.set(id, waiters)
    let forget = (): void => {}
    const answer = new Promise<StoredPayload>((resolve, reject) => {
      const end = (): void => {
        if (!waiters.delete(waiter)) return
        cancel()
        release()
        if (waiters.size === 0) this.#waiters.delete(id)
      }
      const waiter: Waiter = {
        resolve: (data) => {
          end()
          resolve(data)
        },
        reject: (error) => {
          end()
          reject(error)
        },
      }
      const cancel = clock.schedule(deadline - clock.now(), () =>
        waiter.reject(
          new MillraceError('timeout', { message: 'It is not known what became of the command' }),
        ),
      )
      waiters.add(waiter)
      forget = () => waiter.reject(new MillraceError('connection-lost'))
    })
    // Who only wanted it stored need not look at how it ended.
    answer.catch(() => {})
    this.tell(id)
    return { id, answer, forget }
  }

  /** Tells who waits how a command ended, if it has. */
  tell(id: string): void {
    const ended = this.#parts.ended(id)
    if (ended === undefined) return
    const { outcome } = ended
    this.#settle(id, ({ resolve, reject }) => {
      if (outcome === undefined)
        reject(new MillraceError('not-available', { message: 'It is over; its answer is kept no more' }))
      else if ('data' in outcome) resolve(outcome.data)
      else reject(new MillraceError(outcome.error.code, outcome.error))
    })
  }

  /** Nobody here will learn how they end. */
  refuse(message: string): void {
    const error = new MillraceError('unavailable', { message })
    for (const id of [...this.#waiters.keys()]) this.#settle(id, ({ reject }) => reject(error))
  }

  #settle(id: string, settle: (waiter: Waiter) => void): void {
    for (const waiter of [...(this.#waiters.get(id) ?? [])]) settle(waiter)
  }
}
