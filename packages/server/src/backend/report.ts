import type { Clock, Logger } from '../hub/index.js'

/** Milliseconds between two warnings. */
const EVERY = 10_000

export interface ReportParts {
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
  /** Where the backend is, as a log may show it. */
  readonly url: string
}

/** Tells the log how a backend does, in few lines however many questions fail. */
export class Report {
  readonly #parts: ReportParts
  #isFailing = false
  #warnedAt = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(parts: ReportParts) {
    this.#parts = parts
  }

  /** A question has no answer that can be used. */
  failed(reason: string): void {
    const { clock, logger, url } = this.#parts
    this.#isFailing = true
    this.#untold++
    const now = clock.now()
    if (now - this.#warnedAt < EVERY) return
    logger.warn('the backend gave no answer that can be used: nobody is let in by it', {
      ...{ url, reason },
      questions: this.#untold,
    })
    this.#warnedAt = now
    this.#untold = 0
  }

  answered(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    this.#parts.logger.info('the backend answers again', { url: this.#parts.url })
  }
}
