import { MillraceError } from '@millrace/protocol'

/** Milliseconds after which a client may come back that came before the broker could be reached. */
const RETRY_AFTER = 1_000

/** What is started once. A start that failed is tried again by the next who needs it. */
export class StartOnce {
  readonly #start: () => Promise<void>
  #started: Promise<void> | undefined
  #isDone = false

  constructor(start: () => Promise<void>) {
    this.#start = start
  }

  get isDone(): boolean {
    return this.#isDone
  }

  run(): Promise<void> {
    this.#started ??= this.#start().then(
      () => {
        this.#isDone = true
      },
      (error: unknown) => {
        this.#started = undefined
        throw error
      },
    )
    return this.#started
  }

  /** For a client that comes meanwhile: who cannot know what was revoked must not let anybody in. Rejects with `unavailable`. [H10.1] */
  needed(): Promise<void> {
    return this.run().catch(() => {
      throw new MillraceError('unavailable', {
        message: 'The server has not reached its broker yet',
        retryAfter: RETRY_AFTER,
      })
    })
  }
}
