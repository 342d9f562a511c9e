import { CODES, type Duration } from '@millrace/protocol'
import { count, duration } from '../core/options.js'
import { told } from '../core/pending.js'
import { type EntryStore, memoryStore } from '../outbox/entry.js'
import { type CommandEntry, type CommandOutcome, repeat } from './entry.js'

/** What a handler is given. */
export interface ReceivedCommand<Request = unknown> {
  readonly request: Request
  /** The same whenever the command comes again. */
  readonly id: string
}

/** What is needed of a client: every client of `createClient` has it. */
export interface CommandsClient {
  handle(method: string, handler: (call: ReceivedCommand) => unknown): () => void
}

export interface CommandsOptions {
  /** Where it is remembered what was carried out. Default: nowhere, so as long as the process lives. */
  readonly store?: EntryStore<CommandEntry> | undefined
  readonly limits?:
    | {
        /** Commands that are remembered. Default 1,000. */
        readonly count?: number | undefined
        /** For how long. At least as long as a command may wait at the server. Default 25 hours. */
        readonly age?: Duration | undefined
      }
    | undefined
  /**
   * What becomes of a command that was begun when this device lost its power or its process, and comes again: `fail` (the default)
   * answers that it is not known whether it was carried out; `repeat` carries it out again.
   */
  readonly interrupted?: 'fail' | 'repeat' | undefined
  /** Told when the store does not keep something: then it is remembered as long as the process lives. */
  readonly onStoreError?: ((error: unknown) => void) | undefined
}

interface Known {
  readonly begunAt: number
  readonly outcome: Promise<CommandOutcome>
  isOver: boolean
}

/**
 * Commands that come again, because the connection was lost before they were answered, and are carried out once: what was done already
 * is answered as it was, what is being done is waited for.
 */
export class Commands {
  readonly #client: CommandsClient
  readonly #store: EntryStore<CommandEntry>
  readonly #limits: { readonly count: number; readonly age: number }
  readonly #repeats: boolean
  readonly #onStoreError: (error: unknown) => void
  readonly #now: () => number
  /** In the order in which they were begun. */
  readonly #known = new Map<string, Known>()
  readonly #ready: Promise<void>
  readonly #handled = new Set<() => void>()

  /** Throws a TypeError that names the option that is wrong. */
  constructor(client: CommandsClient, options: CommandsOptions, now: () => number) {
    const { store = memoryStore<CommandEntry>(), limits = {}, interrupted = 'fail', onStoreError } = options
    if (interrupted !== 'fail' && interrupted !== 'repeat')
      throw new TypeError(`interrupted must be 'fail' or 'repeat', not ${String(interrupted)}`)
    this.#client = client
    this.#store = store
    this.#limits = {
      count: count(limits.count ?? 1000, 'limits.count'),
      age: duration(limits.age ?? '25h', 'limits.age'),
    }
    this.#repeats = interrupted === 'repeat'
    this.#onStoreError = onStoreError ?? (() => {})
    this.#now = now
    this.#ready = this.#open()
  }

  /** Carries out the commands of a method. One handler per method; the function it returns removes it. */
  handle(method: string, handler: (command: ReceivedCommand) => unknown): () => void {
    const off = this.#client.handle(method, ({ request, id }) =>
      this.#once(id, method, () => handler({ request, id })),
    )
    this.#handled.add(off)
    return off
  }

  /** Removes the handlers. What the store keeps is known to the next life. */
  close(): void {
    for (const off of this.#handled) off()
    this.#store.close()
  }

  async #open(): Promise<void> {
    try {
      for (const { id, begunAt, outcome } of await this.#store.open()) {
        // Not to be known is to be carried out.
        if (outcome === undefined && this.#repeats) continue
        this.#known.set(id, { begunAt, outcome: Promise.resolve(outcome ?? INTERRUPTED), isOver: true })
      }
      this.#forget()
    } catch (error) {
      this.#onStoreError(error)
    }
  }

  async #once(id: string, method: string, run: () => unknown): Promise<unknown> {
    await this.#ready
    let known = this.#known.get(id)
    if (known === undefined) {
      const begunAt = this.#now()
      const outcome = this.#carryOut({ id, method, begunAt }, run)
      known = { begunAt, outcome, isOver: false }
      this.#known.set(id, known)
      this.#forget()
    }
    return repeat(await known.outcome)
  }

  async #carryOut(entry: CommandEntry, run: () => unknown): Promise<CommandOutcome> {
    // Written down before it is begun: if this process ends in the middle, the next one knows.
    await this.#keep(entry)
    let outcome: CommandOutcome
    try {
      outcome = { value: await run() }
    } catch (error) {
      outcome = { error: told(error, 'application-error') }
    }
    await this.#keep({ ...entry, outcome })
    const known = this.#known.get(entry.id)
    if (known !== undefined) known.isOver = true
    return outcome
  }

  async #keep(entry: CommandEntry): Promise<void> {
    try {
      await this.#store.put(entry)
    } catch (error) {
      this.#onStoreError(error)
    }
  }

  /** What is too old or too much, the oldest first; what is being carried out never. */
  #forget(): void {
    const oldest = this.#now() - this.#limits.age
    for (const [id, { begunAt, isOver }] of this.#known) {
      if (this.#known.size <= this.#limits.count && begunAt >= oldest) return
      if (!isOver) continue
      this.#known.delete(id)
      this.#store.remove(id).catch((error) => this.#onStoreError(error))
    }
  }
}

const INTERRUPTED: CommandOutcome = {
  error: {
    code: CODES['application-error'].code,
    message: 'The device was interrupted while it carried this out: whether it was carried out is not known',
  },
}
