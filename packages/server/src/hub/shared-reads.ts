import { type Position, predecessor } from '@millrace/protocol'
import type { StreamSlice } from './broker-ports.js'
import type { Clock } from './ports.js'

/** What a subscriber wants of a stream: what follows a position, or the newest so many. */
export type Wanted = { readonly since: Position } | { readonly newest: number }

export interface WantedSource {
  readWanted(wanted: Wanted): Promise<StreamSlice>
}

interface Shared {
  readonly wanted: Wanted
  readonly slice: Promise<StreamSlice>
  /** Milliseconds since 1970. */
  readonly until: number
  /** What was cut out of it, by the offset it follows: who wants the same gets the same, which need be written only once. */
  parts: Map<number, StreamSlice> | undefined
  /** Where it holds something that should not be kept for longer. */
  cancel: (() => void) | undefined
}

/** Milliseconds for which what was read serves others. */
const FRESH = 1000
/** So many reads of others are waited for before one of its own. */
const WAITS = 2

/**
 * Reads of one stream by its subscribers. When a server or a network comes back, thousands subscribe within seconds, and
 * nearly all want the same: one read does for all of them. [H4.9]
 */
export class SharedReads {
  readonly #source: WantedSource
  readonly #clock: Pick<Clock, 'now' | 'schedule'>
  #shared: Shared | undefined

  constructor(source: WantedSource, clock: Pick<Clock, 'now' | 'schedule'>) {
    this.#source = source
    this.#clock = clock
  }

  /**
   * For a subscriber who is told everything behind `joined`, or behind the moment at which the node joined the channel when
   * nothing came yet. So what was read by another does if it reaches as far as that.
   */
  async read(wanted: Wanted, joined: Position | undefined): Promise<StreamSlice> {
    for (let waits = 0; waits < WAITS; waits++) {
      const shared = this.#shared
      if (shared === undefined || this.#clock.now() >= shared.until) break
      const slice = await shared.slice
      const part = reaches(slice, joined) ? partOf(shared, slice, wanted) : undefined
      if (part !== undefined) return part
      if (this.#shared === shared) break
    }
    return this.#readAnew(wanted)
  }

  /** What was read may be out of date in a way that cannot be seen. */
  forget(): void {
    this.#shared?.cancel?.()
    this.#shared = undefined
  }

  async #readAnew(wanted: Wanted): Promise<StreamSlice> {
    const slice = this.#source.readWanted(wanted)
    this.forget()
    const until = this.#clock.now() + FRESH
    const shared: Shared = { wanted, slice, until, parts: undefined, cancel: undefined }
    this.#shared = shared
    const drop = (): void => {
      if (this.#shared === shared) this.forget()
    }
    slice.then(({ more, publications }) => {
      // What a stream has beyond the limit is missing at its end: that is for who asked alone.
      if (more && 'since' in wanted) drop()
      else if (publications.length > 0 && this.#shared === shared)
        shared.cancel = this.#clock.schedule(FRESH, drop)
    }, drop)
    return slice
  }
}

const reaches = ({ head }: StreamSlice, joined: Position | undefined): boolean =>
  joined === undefined || (head.epoch === joined.epoch && head.offset >= joined.offset)

/** The offset behind which a slice has all that is kept. */
function startOf(wanted: Wanted, { head, publications: [first], publications }: StreamSlice): number {
  if ('since' in wanted) {
    const { epoch, offset } = wanted.since
    return epoch === head.epoch && offset <= head.offset ? offset : 0
  }
  if (publications.length < wanted.newest) return 0
  return first === undefined ? head.offset : predecessor(first)
}

/** What one wants, out of what was read for another; undefined when it is not in there. */
function partOf(shared: Shared, slice: StreamSlice, wanted: Wanted): StreamSlice | undefined {
  const { wanted: read } = shared
  const { head, publications } = slice
  const start = startOf(read, slice)
  if ('newest' in wanted) {
    const count = publications.length
    if (count < wanted.newest && start > 0) return undefined
    return cut(slice, shared, Math.max(0, count - wanted.newest))
  }
  const { epoch, offset } = wanted.since
  // Who comes from another epoch may come from a later one, which the other read did not see yet. Not so if that came from it too.
  if (epoch !== head.epoch) return 'since' in read && read.since.epoch === epoch ? slice : undefined
  if (offset < start || offset > head.offset) return undefined
  const from = publications.findIndex((one) => one.offset > offset)
  return cut(slice, shared, from < 0 ? publications.length : from)
}

function cut(slice: StreamSlice, shared: Shared, from: number): StreamSlice {
  if (from === 0) return slice
  shared.parts ??= new Map()
  let part = shared.parts.get(from)
  if (part === undefined) {
    part = { ...slice, publications: slice.publications.slice(from) }
    shared.parts.set(from, part)
  }
  return part
}
