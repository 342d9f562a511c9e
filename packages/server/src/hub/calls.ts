import { type ErrorBody, MillraceError, type Payload } from '@millrace/protocol'
import { push } from './outgoing.js'
import type { Clock, Random } from './ports.js'
import type { Session } from './session.js'

type Settle = (outcome: Payload | MillraceError) => void

export interface OutgoingCall {
  readonly method: string
  readonly data: Payload
  /** Milliseconds the answer may take, as the client is told. */
  readonly timeout: number
  /** Its name, by which the client knows one that comes again. Default: one that nothing else has. */
  readonly name?: string | undefined
  /** Milliseconds for which the answer is waited for beyond `timeout`. Default 0. */
  readonly patience?: number | undefined
}

/** Calls from the server to its clients, until each is answered, late or lost. */
export class ClientCalls {
  /** By session, so that the end of one that was never called costs nothing, and by the call's name. */
  readonly #waiting = new Map<Session, Map<string, Settle>>()
  readonly #clock: Clock
  readonly #random: Random

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  get size(): number {
    return [...this.#waiting.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /**
   * Calls a session. Rejects with `timeout`, with `connection-lost` when the session ends first, or with the error the
   * client answered.
   */
  call(session: Session, call: OutgoingCall): Promise<Payload> {
    if (session.state !== 'open') return Promise.reject(new MillraceError('connection-lost'))
    const { method, data, timeout, name = this.#random.id(), patience = 0 } = call
    const calls = this.#of(session)
    // One that is called again under its name has lost its first caller.
    calls.get(name)?.(new MillraceError('connection-lost'))
    return new Promise((resolve, reject) => {
      const settle: Settle = (outcome) => {
        if (calls.get(name) !== settle) return
        calls.delete(name)
        if (calls.size === 0) this.#waiting.delete(session)
        cancel()
        if (outcome instanceof MillraceError) reject(outcome)
        else resolve(outcome)
      }
      const cancel = this.#clock.schedule(timeout + patience, () =>
        settle(new MillraceError('timeout', { message: `No answer to '${method}' within ${timeout} ms` })),
      )
      this.#waiting.set(session, calls.set(name, settle))
      session.send(push('call', { call: name, method, timeout, data }))
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
    const settle = this.#waiting.get(session)?.get(answer.call)
    if (answer.error !== undefined) settle?.(new MillraceError(answer.error.code, answer.error))
    else settle?.(answer.data ?? { codec: 'json', value: null })
  }

  /** The session is gone: whoever waits for it learns so. */
  lost(session: Session): void {
    for (const settle of [...(this.#waiting.get(session)?.values() ?? [])])
      settle(new MillraceError('connection-lost'))
  }

  #of(session: Session): Map<string, Settle> {
    return this.#waiting.get(session) ?? new Map<string, Settle>()
  }
}
