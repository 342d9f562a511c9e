import type { StagedStream } from './staged-stream.js'
import type { Store, StoreWriter } from './store.js'

/** What one transaction changes: streams, and the store's counters. */
export class Transaction {
  /** One moment for all of it: milliseconds since 1970. */
  readonly now: number
  readonly #streams = new Map<string, StagedStream>()
  readonly #others: ((writer: StoreWriter) => void)[] = []

  constructor(now: number) {
    this.now = now
  }

  stream(channel: string, stage: () => StagedStream): StagedStream {
    const known = this.#streams.get(channel)
    if (known !== undefined) return known
    const staged = stage()
    this.#streams.set(channel, staged)
    return staged
  }

  has(channel: string): boolean {
    return this.#streams.has(channel)
  }

  /** Adds changes of another kind. They must not throw. */
  also(write: (writer: StoreWriter) => void): void {
    this.#others.push(write)
  }

  /** Writes and flushes all of it; streams show it from then on. */
  async commit(store: Store): Promise<void> {
    const streams = [...this.#streams.values()].filter((staged) => staged.changed)
    if (streams.length === 0 && this.#others.length === 0) return
    for (const staged of streams) staged.settle()
    try {
      await store.write((writer) => {
        for (const staged of streams) staged.write(writer)
        for (const write of this.#others) write(writer)
      })
    } catch (error) {
      for (const { view } of streams) view.reread()
      throw error
    }
    for (const staged of streams) staged.view.apply(staged)
  }
}
