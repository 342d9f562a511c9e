import { type ErrorBody, MillraceError, type Payload } from '@millrace/protocol'
import { push } from './outgoing.js'
import type { Clock, Random } from './ports.js'
import type { Session } from './session.js'

interface Waiting {
  readonly session: Session
  readonly settle: (outcome: Payload | MillraceError) => void
}

export interface OutgoingCall {
  readonly method: string
  readonly data: Payload
  /** Milliseconds the answer may take. */
  readonly timeout: number
}

/** Calls from the server to its clients, until each is answered, late or lost. */
export class ClientCalls {
  readonly #waiting = new Map<string, Waiting>()
  /** How many wait for each session, so that the end of one that was never called costs nothing. */
  readonly #counts = new Map<Session, number>()
  readonly #clock: Clock
  readonly #random: Random

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  get size(): number {
    return this.#waiting.size
  }

  /**
   * Calls a session. Rejects with `timeout`, with `connection-lost` when the session ends first, or with the error the
   * client answered. The name of a call cannot be guessed, so only the session it went to can answer it. [H5.3]
   */
  call(session: Session, { method, data, timeout }: OutgoingCall): Promise<Payload> {
    if (session.state !== 'open') return Promise.reject(new MillraceError('connection-lost'))
    const call = this.#random.id()
    return new Promise((resolve, reject) => {
      const settle = (outcome: Payload | MillraceError): void => {
        if (!this.#waiting.delete(call)) return
        cancel()
        this.#count(session, -1)
        if (outcome instanceof MillraceError) reject(outcome)
        else resolve(outcome)
      }
      const cancel = this.#clock.schedule(timeout, () =>
        settle(new MillraceError('timeout', { message: `No answer to '${method}' within ${timeout} ms` })),
      )
      this.#waiting.set(call, { session, settle })
      this.#count(session, 1)
      session.send(push('call', { call, method, timeout, data }))
    })
  }

  /** A client's answer. What nobody waits for, or another session was asked, is ignored. */
  answered(
    session: Session,
    answer: {
      readonly call: string
      readonly error?: ErrorBody | undefined
      readonly data?: Payload | undefined
    },
  ): void {
    const waiting = this.#waiting.get(answer.call)
    if (waiting?.session !== session) return
    if (answer.error !== undefined) waiting.settle(new MillraceError(answer.error.code, answer.error))
    else waiting.settle(answer.data ?? { codec: 'json', value: null })
  }

  /** The session is gone: whoever waits for it learns so. */
  lost(session: Session): void {
    if (!this.#counts.has(session)) return
    for (const waiting of this.#waiting.values()) {
      if (waiting.session === session) waiting.settle(new MillraceError('connection-lost'))
    }
  }

  #count(session: Session, change: 1 | -1): void {
    const count = (this.#counts.get(session) ?? 0) + change
    if (count === 0) this.#counts.delete(session)
    else this.#counts.set(session, count)
  }
}
