import type {
  Appended,
  Clock,
  Known,
  NewPublication,
  Position,
  StoredPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '@millrace/server'
import { FORMATS } from './data-folder.js'
import { encodeEntry } from './entry-codec.js'
import { GroupCommit } from './group-commit.js'
import type { IdWindowOptions } from './id-window.js'
import { checkKey } from './key-record.js'
import { StagedStream } from './staged-stream.js'
import type { Store, StoreWriter } from './store.js'
import { StreamView } from './stream-view.js'
import { Transaction } from './transaction.js'

export interface DiskStreamsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly lineage: string
  readonly ids: IdWindowOptions
  /** Takes a publication that is safe on disk: in the order of offsets, before its publisher hears of it. */
  deliver(channel: string, epoch: string, publication: StoredPublication): void
}

/** Which streams count as unused. */
export interface Unused {
  /** Those not used since then: milliseconds since 1970. */
  readonly used: number
  /** The same for those that keep nothing: whether one is forgotten depends on when it was last read. */
  readonly empty: number
  isJoined(channel: string): boolean
}

/** Names of numbers that the store keeps of itself. */
const FACTS = { format: 'format', sid: 'sid', generation: 'generation' } as const
/** LMDB's keys are this long at most, in bytes, with room for what the encoding adds. */
const MAX_CHANNEL_BYTES = 1_900
/** One piece of the sweep's work removes so many records at most. */
const REMOVE_AT_ONCE = 2_000

/** The streams on disk: what is asked of them goes to their views, what is to change goes into the next transaction. */
export class DiskStreams {
  readonly #options: DiskStreamsOptions
  readonly #views = new Map<string, StreamView>()
  readonly #commit: GroupCommit<Transaction>
  #underWay: Transaction | undefined
  #lastSid: number
  /** Grows when a stream ends, so that what begins after it is in another epoch. */
  #generation: number

  /** @throws {Error} when the store cannot be read. */
  constructor(options: DiskStreamsOptions) {
    this.#options = options
    const { store, clock } = options
    this.#lastSid = Number(store.fact(FACTS.sid) ?? 0)
    this.#generation = Number(store.fact(FACTS.generation) ?? 0)
    this.#commit = new GroupCommit({
      begin: () => {
        this.#underWay = new Transaction(clock.now())
        return this.#underWay
      },
      write: (transaction) => transaction.commit(store),
    })
  }

  append(channel: string, publication: NewPublication, options: StreamOptions): Promise<Appended> {
    checkChannel(channel)
    checkKey(publication.key ?? '')
    const prepared = { publication, bytes: encodeEntry(publication) }
    return this.#commit.run<Appended>((transaction) => {
      const staged = this.#stage(transaction, channel)
      const skipped = staged.skips(publication, options)
      if (skipped !== undefined) return () => skipped
      const stored = staged.append(prepared, options, () => this.#newSid(transaction, options))
      const position = { epoch: staged.epoch, offset: stored.offset }
      return () => {
        this.#options.deliver(channel, position.epoch, stored)
        return position
      }
    })
  }

  read(channel: string, range: StreamRange, options: StreamOptions): StreamSlice {
    return this.#view(channel).read(range, this.#options.clock.now(), options)
  }

  /** Whether anything was ever stored there. */
  has(channel: string): boolean {
    return this.#glance(channel).state !== undefined
  }

  /** Where a stream stands; one that ends before what is known of it begins anew first. */
  async head({ channel, position }: Known): Promise<Position> {
    const known = this.#view(channel)
    if (known.epoch === position.epoch && known.head < position.offset) await this.#restart(channel, position)
    const { epoch, head } = this.#view(channel)
    return { epoch, offset: head }
  }

  /** Lets go of what is past its time in this channel, and answers whether more is left than one such step removes. */
  tidy(channel: string): Promise<boolean> {
    return this.#commit.run((transaction) => {
      const staged = this.#stage(transaction, channel)
      staged.tidy(REMOVE_AT_ONCE)
      return () => staged.leavesMore
    })
  }

  /** Whether `tidy` has anything to do there. */
  isUntidy(channel: string): boolean {
    return this.#glance(channel).isUntidy(this.#options.clock.now())
  }

  /** Forgets a stream that keeps nothing, and that nobody used since. */
  forget(channel: string, since: number): Promise<void> {
    return this.#commit.run((transaction) => {
      if (!transaction.has(channel) && this.isForgettable(channel, since)) this.#end(transaction, channel)
      return () => {}
    })
  }

  /** Whether a stream keeps nothing and nobody used it since. */
  isForgettable(channel: string, since: number): boolean {
    const view = this.#glance(channel)
    return view.state !== undefined && view.keepsNothing && !view.usedSince(since)
  }

  /** Removes some of what is left of streams that ended, and answers whether more is left. */
  collect(): Promise<boolean> {
    const { store } = this.#options
    return this.#commit.run((transaction) => {
      const [sid] = store.ended(1)
      if (sid === undefined) return () => false
      const entries = store.entryOffsets(sid, REMOVE_AT_ONCE)
      const keys = store.keysOf(sid, REMOVE_AT_ONCE)
      const ids = store.idOffsets(sid, REMOVE_AT_ONCE)
      const last = [entries, keys, ids].every(({ length }) => length < REMOVE_AT_ONCE)
      transaction.also((writer) => {
        for (const offset of entries) writer.removeEntry(sid, offset)
        for (const key of keys) writer.removeKeyBytes(key)
        for (const offset of ids) writer.removeIds(sid, offset)
        if (last) writer.removeEnded(sid)
      })
      return () => true
    })
  }

  /** Lets go of views that nobody needs: they come back from disk. */
  release({ used, empty, isJoined }: Unused): void {
    for (const [channel, view] of this.#views) {
      if (this.#underWay?.has(channel) === true || isJoined(channel)) continue
      if (!view.usedSince(view.isEmpty ? empty : used)) this.#views.delete(channel)
    }
  }

  /** Makes a change of another kind, in the next transaction. It must not throw. */
  write(change: (writer: StoreWriter) => void): Promise<void> {
    return this.#commit.run((transaction) => {
      transaction.also(change)
      return () => {}
    })
  }

  /** Resolves when everything that was begun is safe on disk. */
  idle(): Promise<void> {
    return this.#commit.idle()
  }

  async #restart(channel: string, { epoch, offset }: Position): Promise<void> {
    for (let done = false; !done; ) {
      done = await this.#commit.run((transaction) => {
        const staged = this.#stage(transaction, channel)
        const ahead = staged.epoch === epoch && staged.head < offset
        // What this transaction stores must not be lost with the stream: it has its turn first.
        if (ahead && staged.hasEntries) return () => false
        if (ahead) this.#end(transaction, channel)
        return () => true
      })
    }
  }

  #end(transaction: Transaction, channel: string): void {
    const generation = ++this.#generation
    this.#stage(transaction, channel).end(generation)
    transaction.also((writer) => writer.putFact(FACTS.generation, generation))
  }

  #newSid(transaction: Transaction, { latest }: StreamOptions): number {
    const sid = ++this.#lastSid
    transaction.also((writer) => {
      writer.putFact(FACTS.sid, sid)
      if (latest) writer.putFact(FACTS.format, FORMATS.latest)
    })
    return sid
  }

  #stage(transaction: Transaction, channel: string): StagedStream {
    return transaction.stream(channel, () => new StagedStream(this.#view(channel), transaction.now))
  }

  #view(channel: string): StreamView {
    const view = this.#glance(channel)
    this.#views.set(channel, view)
    return view
  }

  /** The view of a stream, which is not kept for the sake of this look at it. */
  #glance(channel: string): StreamView {
    const { store, ids, lineage } = this.#options
    const known = this.#views.get(channel)
    return known ?? new StreamView({ channel, store, ids, lineage, generation: this.#generation })
  }
}

function checkChannel(channel: string): void {
  if (channel === '') throw new TypeError('A channel has a name, and this one is empty')
  const length = Buffer.byteLength(channel)
  if (length <= MAX_CHANNEL_BYTES) return
  throw new TypeError(
    `A channel's name has ${MAX_CHANNEL_BYTES} bytes at most in a store on disk, and this one has ${length}`,
  )
}
