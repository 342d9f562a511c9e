import { MillraceError } from '@millrace/protocol'
import { Asking } from './asking.js'
import { Breaker, type Verdict } from './breaker.js'
import { Gate } from './gate.js'
import type { ResolvedBackend } from './options.js'
import type { BackendPorts, PostAnswer } from './ports.js'
import { Report } from './report.js'
import { signatureHeaders } from './signature.js'

/** Reads an answer. Throws Unreadable for one that makes no sense; a MillraceError is an answer too, which the asker gets. */
export type Read<T> = (answer: PostAnswer) => T

/** An answer is not as it should be. The message says what is wrong, for a log, and has nothing of what was said. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
}

/** Why a try gave no answer. */
class Failure {
  readonly reason: string
  /** What it says of the backend. */
  readonly verdict: Verdict
  /** Whether another try may help. */
  readonly mayPass: boolean
  /** Milliseconds to wait before, where somebody has said that. */
  readonly retryAfter: number | undefined

  constructor(
    reason: string,
    how: {
      readonly verdict: Verdict
      readonly mayPass: boolean
      readonly retryAfter?: number | undefined
    },
  ) {
    this.reason = reason
    this.verdict = how.verdict
    this.mayPass = how.mayPass
    this.retryAfter = how.retryAfter
  }
}

/** Milliseconds before the second try; twice as many before each one after that. At random between half of it and all. */
const FIRST_PAUSE = 200
/** Whoever it is that asks for it, no client is sent away for longer, in milliseconds. */
const LONGEST_WAIT = 60_000
/** It is not there, or has said that it is too busy. Any other status is said by the backend, and would be said again. */
const PASSING = [429, 502, 503, 504]

/**
 * An application's backend, which is asked over HTTP: signed questions, tried again where that may help, no more at once than it can take, and none
 * while it is away. Whoever asks has an answer by the deadline.
 */
export class Backend {
  readonly #settings: ResolvedBackend
  readonly #ports: BackendPorts
  readonly #gate: Gate
  readonly #breaker: Breaker
  readonly #report: Report

  constructor(settings: ResolvedBackend, ports: BackendPorts) {
    this.#settings = settings
    this.#ports = ports
    this.#gate = new Gate(settings)
    this.#breaker = new Breaker(settings)
    this.#report = new Report({ clock: ports.clock, logger: ports.logger, url: settings.shownUrl })
  }

  /** Asks, and reads the answer. Rejects with what `read` throws for a refusal, else with `unavailable`. */
  async ask<T>(question: string, read: Read<T>): Promise<T> {
    const { clock, random } = this.#ports
    const asking = new Asking(`msg_${random.id()}`, clock, this.#settings.deadline)
    try {
      const answer = await this.#tries(asking, question)
      if (answer instanceof Failure) throw this.#unavailable(answer.reason, answer.retryAfter)
      return this.#read(answer, read)
    } finally {
      asking.end()
    }
  }

  #read<T>(answer: PostAnswer, read: Read<T>): T {
    try {
      const said = read(answer)
      this.#report.answered()
      return said
    } catch (error) {
      if (error instanceof Unreadable) throw this.#unavailable(error.message, undefined)
      if (error instanceof MillraceError) this.#report.answered()
      throw error
    }
  }

  async #tries(asking: Asking, question: string): Promise<PostAnswer | Failure> {
    const { jitter } = this.#ports
    for (let failed = 0; ; failed++) {
      const outcome = await this.#inTurn(asking, question)
      if (!(outcome instanceof Failure) || !outcome.mayPass || failed >= this.#settings.retries)
        return outcome
      const pause = FIRST_PAUSE * 2 ** failed * (0.5 + jitter() / 2)
      const wait = Math.max(pause, outcome.retryAfter ?? 0)
      // There would be no time left to wait for the answer.
      if (wait >= asking.left) return outcome
      await asking.pause(wait)
      if (asking.isOver) return outcome
    }
  }

  /** A try, when its turn has come: others have theirs while it waits for the next. */
  async #inTurn(asking: Asking, question: string): Promise<PostAnswer | Failure> {
    const { clock } = this.#ports
    // At once, and not only when its turn has come.
    if (this.#breaker.wait(clock.now()) > 0) return this.#stopped()
    const turn = this.#gate.enter()
    if (turn === undefined) return new Failure(`${this.#settings.queue} questions wait already`, UNTRIED)
    try {
      if (!(await asking.until(turn.come, turn.leave)) || asking.isOver)
        return new Failure('its turn did not come in time', UNTRIED)
      const pass = this.#breaker.enter(clock.now())
      if (pass === undefined) return this.#stopped()
      let verdict: Verdict = 'unknown'
      try {
        const outcome = await this.#try(asking, question)
        verdict = outcome instanceof Failure ? outcome.verdict : 'answers'
        return outcome
      } finally {
        this.#breaker.leave(pass, verdict, clock.now())
      }
    } finally {
      turn.leave()
    }
  }

  #stopped(): Failure {
    const retryAfter = this.#breaker.wait(this.#ports.clock.now())
    return new Failure('it did not answer so often that it is not asked for a while', {
      ...UNTRIED,
      retryAfter,
    })
  }

  async #try(asking: Asking, body: string): Promise<PostAnswer | Failure> {
    const { clock, hmac, post } = this.#ports
    const { url, secrets, timeout, maxAnswer } = this.#settings
    const headers = signatureHeaders({ id: asking.id, time: clock.now(), body }, secrets, hmac)
    const posting = post({ url, headers, body, maxAnswer })
    let isLate = false
    const cancelTimeout = clock.schedule(timeout, () => {
      isLate = true
      posting.cancel()
    })
    try {
      const answer = await asking.until(posting.answer, () => posting.cancel())
      return this.#judge(answer)
    } catch (error) {
      if (isLate) return new Failure(`no answer within ${timeout} ms`, AWAY)
      // It may have had less time than it needs.
      if (asking.isOver) return new Failure('no answer in the time that was left', UNTRIED)
      return new Failure(error instanceof Error ? error.message : 'no connection', AWAY)
    } finally {
      cancelTimeout()
    }
  }

  #judge(answer: PostAnswer): PostAnswer | Failure {
    const { status, text, retryAfter } = answer
    if (PASSING.includes(status))
      return new Failure(`status ${status}`, {
        verdict: status === 429 ? 'answers' : 'fails',
        mayPass: true,
        retryAfter,
      })
    if (text !== undefined) return answer
    const { maxAnswer } = this.#settings
    return new Failure(`an answer (status ${status}) of more than ${maxAnswer} bytes, or not in UTF-8`, {
      verdict: 'answers',
      mayPass: false,
    })
  }

  #unavailable(reason: string, retryAfter: number | undefined): MillraceError {
    this.#report.failed(reason)
    // All who are told the same would else come back together.
    const spread = (retryAfter ?? 0) * (1 + this.#ports.jitter())
    return new MillraceError('unavailable', {
      message: 'Who decides about this cannot be asked now',
      retryAfter: spread > 0 ? Math.round(Math.min(spread, LONGEST_WAIT)) : undefined,
    })
  }
}

const UNTRIED = { verdict: 'unknown', mayPass: false } as const
const AWAY = { verdict: 'fails', mayPass: true } as const
