import type { Clock, Logger } from '../hub/index.js'

/** Milliseconds between two lines of a kind. */
const EVERY = 60_000

export interface ReportParts {
  readonly clock: Clock
  readonly logger: Logger
  /** Where the backend is, as a log may show it. */
  readonly url: string
}

/** Tells the log how a backend does, in few lines however much fails. */
export class Report {
  readonly #parts: ReportParts
  #isFailing = false
  #warnedAt = Number.NEGATIVE_INFINITY
  #dropped = 0
  #cancel: (() => void) | undefined

  constructor(parts: ReportParts) {
    this.#parts = parts
  }

  /** A request was not taken. `wait`: milliseconds until it is tried again. */
  failed(reason: string, wait: number): void {
    const { clock, logger, url } = this.#parts
    this.#isFailing = true
    const now = clock.now()
    if (now - this.#warnedAt < EVERY) return
    this.#warnedAt = now
    logger.warn('a webhook was not taken, and is tried again', { url, reason, wait: Math.round(wait) })
  }

  taken(): void {
    if (!this.#isFailing) return
    this.#isFailing = false
    this.#parts.logger.info('a webhook is taken again', { url: this.#parts.url })
  }

  /** Events will not be told. The first are logged at once, others once a minute. */
  dropped(events: number): void {
    this.#dropped += events
    if (this.#cancel === undefined) this.#tellDropped()
  }

  /** The backend wants to hear no more, for good. */
  gone(): void {
    const { logger, url } = this.#parts
    logger.error('a webhook is switched off until the next start: the backend answered 410 (Gone)', { url })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#dropped > 0) this.#tell()
  }

  #tellDropped(): void {
    this.#tell()
    this.#cancel = this.#parts.clock.schedule(EVERY, () => {
      this.#cancel = undefined
      if (this.#dropped > 0) this.#tellDropped()
    })
  }

  #tell(): void {
    const { logger, url } = this.#parts
    logger.warn('events for a webhook were dropped: the backend did not take them', {
      url,
      dropped: this.#dropped,
    })
    this.#dropped = 0
  }
}
