/** What a group commit works with. */
export interface GroupCommitOptions<Batch> {
  begin(): Batch
  /** Resolves when all that the batch holds is safe on disk; rejects when none of it is. */
  write(batch: Batch): Promise<void>
}

interface Work<Batch> {
  /** Adds to the batch, and says what to do once it is safe. Undefined when the work was turned away. */
  stage(batch: Batch): (() => void) | undefined
  fail(error: unknown): void
}

/** So many pieces of work share one transaction at most, so that the first of them does not wait for ever. */
const MOST_AT_ONCE = 8_192

/**
 * Lets work that arrives while a transaction is under way share the next one, and with it one flush. One transaction is
 * under way at a time: whoever stages work sees all that came before it already safe, or in the same batch.
 */
export class GroupCommit<Batch> {
  readonly #options: GroupCommitOptions<Batch>
  #queue: Work<Batch>[] = []
  #running: Promise<void> | undefined

  constructor(options: GroupCommitOptions<Batch>) {
    this.#options = options
  }

  /**
   * Runs `stage` when its turn comes, in the order of these calls. What it returns runs when the batch is safe, in the
   * same order, and makes the result. An error that `stage` throws is this caller's alone, so it must not leave half
   * of its work in the batch.
   */
  run<Result>(stage: (batch: Batch) => () => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({
        stage: (batch) => {
          const finish = attempt(() => stage(batch), reject)
          return finish === undefined ? undefined : () => attempt(() => resolve(finish()), reject)
        },
        fail: reject,
      })
      this.#running ??= this.#drain()
    })
  }

  /** Resolves when nothing is queued or under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // Whatever else this turn of the event loop brings shares the transaction.
      await new Promise<void>((resolve) => setImmediate(resolve))
      const works = this.#queue
      this.#queue = works.splice(MOST_AT_ONCE)
      await this.#commit(works)
    }
    this.#running = undefined
  }

  async #commit(works: readonly Work<Batch>[]): Promise<void> {
    const batch = this.#options.begin()
    const staged: { readonly work: Work<Batch>; readonly finish: () => void }[] = []
    for (const work of works) {
      const finish = work.stage(batch)
      if (finish !== undefined) staged.push({ work, finish })
    }
    try {
      await this.#options.write(batch)
    } catch (error) {
      for (const { work } of staged) work.fail(error)
      return
    }
    for (const { finish } of staged) finish()
  }
}

function attempt<T>(run: () => T, fail: (error: unknown) => void): T | undefined {
  try {
    return run()
  } catch (error) {
    fail(error)
    return undefined
  }
}
