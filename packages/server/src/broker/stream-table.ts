import type {
  Appended,
  Clock,
  NewPublication,
  StoredPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '../hub/index.js'
import { MemoryStream, type MemoryStreamParts } from './memory-stream.js'

export interface StreamTableParts extends MemoryStreamParts {
  readonly clock: Pick<Clock, 'now'>
  /** Of streams that begin before any was forgotten. */
  readonly epoch: string
  /** Milliseconds after which a stream that keeps nothing may be forgotten. */
  readonly forgetAfter: number
  /** Bytes that all streams may take together, about. */
  readonly mostBytes: number
  /** Whether somebody reads the channel now: then its stream is not forgotten. */
  isJoined(channel: string): boolean
  /** Is told whenever something is let go because there is no room. */
  full(): void
}

/** What is stored, and the epoch it is of; or why it is not. */
export type Taken = { readonly epoch: string; readonly stored: StoredPublication } | Appended

/** So many streams are looked at for one publication, at most, when there is no room: a small one is some 600 bytes, and who is in use or was just written stays. */
const LOOKS = 64
/** Bytes from which on a stream is large: not one of thousands that each keep a message or two. */
const LARGE = 4_096
/** Ranks of what is not large, and of what is never let go to make room. */
const SMALL = 0
const OURS = -1
/** Of what a stream takes, at least so much must come free, or it is not asked again until it has grown. */
const WORTH = 1 / 8

const nothingIn = (epoch: string): Promise<StreamSlice> =>
  Promise.resolve({ head: { epoch, offset: 0 }, publications: [], more: false })

/**
 * The streams of all channels, and what they take together. Where that is more than may be, the largest loses the older half of what it keeps,
 * so that who fills the memory loses his own past, and not everybody's; where none is large it is their number, and one goes that was not written
 * for long. Each publication makes the room that it takes: nobody waits until it is made for many. [B16]
 */
export class StreamTable {
  readonly #parts: StreamTableParts
  readonly #streams = new Map<string, MemoryStream>()
  /** The large ones by their sizes: `#large[n]` have up to 2^n bytes. Without those that would lose next to nothing. */
  readonly #large: (Set<MemoryStream> | undefined)[] = []
  #bytes = 0
  #forgotten = 0
  /** What is read of a channel that has no stream. One for all, who keep it: there may be a hundred thousand that nobody has published to. */
  #nothing: Promise<StreamSlice>
  /** Goes over all streams, and begins again. One that it does not forget comes last from then on. */
  #hand: Iterator<[string, MemoryStream]>

  constructor(parts: StreamTableParts) {
    this.#parts = parts
    this.#nothing = nothingIn(parts.epoch)
    this.#hand = this.#streams.entries()
  }

  get size(): number {
    return this.#streams.size
  }

  /** A stream that is forgotten starts again at offset 1, so what starts after it must be another epoch. */
  get #epoch(): string {
    const { epoch } = this.#parts
    return this.#forgotten === 0 ? epoch : `${epoch}.${this.#forgotten}`
  }

  append(channel: string, publication: NewPublication, options: StreamOptions): Taken {
    const now = this.#parts.clock.now()
    const known = this.#streams.get(channel)
    const stream = known ?? this.#begin(channel, options)
    const before = stream.bytes
    const skips = stream.skips(publication, now, options)
    const taken = skips ?? { epoch: stream.epoch, stored: stream.append(publication, now, options) }
    stream.wasWritten = known !== undefined
    this.#count(stream, before)
    if (this.#bytes > this.#parts.mostBytes) this.#makeRoom()
    return taken
  }

  read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    const stream = this.#streams.get(channel)
    if (stream === undefined) return this.#nothing
    const before = stream.bytes
    const slice = stream.read(range, this.#parts.clock.now(), options)
    this.#count(stream, before)
    return Promise.resolve(slice)
  }

  head(channel: string): { readonly epoch: string; readonly offset: number } {
    const stream = this.#streams.get(channel)
    return stream === undefined
      ? { epoch: this.#epoch, offset: 0 }
      : { epoch: stream.epoch, offset: stream.head }
  }

  /**
   * Lets go of what is past its time, so that a channel nobody reads or writes costs nothing in the end: in steps, of so many streams each, between
   * which others may come. Yields after each but the last. What begins or comes last meanwhile is for the next sweep, or this one had no end.
   */
  *sweep(atOnce: number): Generator<undefined, void, unknown> {
    const { clock, forgetAfter, isJoined } = this.#parts
    const all = this.#streams.size
    let count = 0
    for (const [channel, stream] of this.#streams) {
      if (count === all) return
      if (count > 0 && count % atOnce === 0) yield
      count++
      const now = clock.now()
      const before = stream.bytes
      stream.expire(now)
      this.#count(stream, before)
      const isOver = stream.empty && now - stream.touched >= forgetAfter
      if (isOver && !isJoined(channel)) this.#forget(channel, stream)
    }
  }

  #begin(channel: string, { latest }: StreamOptions): MemoryStream {
    // What nodes keep for themselves has limits of its own, and must not go for what clients send.
    const rank = channel.startsWith('@') ? OURS : SMALL
    const stream = new MemoryStream(this.#epoch, this.#parts, { latest, rank })
    this.#streams.set(channel, stream)
    this.#bytes += stream.bytes
    return stream
  }

  /** Takes into account that a stream took so many bytes before. */
  #count(stream: MemoryStream, before: number): void {
    const { bytes, rank } = stream
    this.#bytes += bytes - before
    if (rank === OURS) return
    const now = bytes < LARGE ? SMALL : 32 - Math.clz32(bytes)
    if (now === rank) return
    this.#large[rank]?.delete(stream)
    stream.rank = now
    if (now === SMALL) return
    this.#large[now] ??= new Set()
    this.#large[now].add(stream)
  }

  #makeRoom(): void {
    for (let looks = 0; looks < LOOKS && this.#bytes > this.#parts.mostBytes; looks++) {
      const largest = this.#largest()
      if (largest === undefined) this.#next()
      else this.#halve(largest)
    }
    this.#parts.full()
  }

  /** One of those than which none is twice as large. */
  #largest(): MemoryStream | undefined {
    for (let rank = this.#large.length - 1; rank > SMALL; rank--) {
      const { value } = this.#large[rank]?.values().next() ?? {}
      if (value !== undefined) return value
    }
    return undefined
  }

  #halve(stream: MemoryStream): void {
    const before = stream.bytes
    stream.halve()
    const isWorthIt = before - stream.bytes >= before * WORTH
    this.#count(stream, before)
    if (!isWorthIt) this.#large[stream.rank]?.delete(stream)
  }

  /** Forgets the stream that comes next, or has it come last: one that was written since it came by, or that is needed. */
  #next(): void {
    const { value } = this.#hand.next()
    if (value === undefined) {
      this.#hand = this.#streams.entries()
      return
    }
    const [channel, stream] = value
    if (stream.rank === OURS) return
    if (!stream.wasWritten && !this.#parts.isJoined(channel)) {
      this.#forget(channel, stream)
      return
    }
    stream.wasWritten = false
    this.#streams.delete(channel)
    this.#streams.set(channel, stream)
  }

  #forget(channel: string, stream: MemoryStream): void {
    this.#bytes -= stream.bytes
    this.#large[stream.rank]?.delete(stream)
    this.#streams.delete(channel)
    this.#forgotten++
    this.#nothing = nothingIn(this.#epoch)
  }
}
