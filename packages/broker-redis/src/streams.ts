import type { Position } from '@millrace/protocol'
import type {
  Appended,
  Clock,
  Known,
  NewPublication,
  Random,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '@millrace/server'
import { seal, writtenKey } from './envelope.js'
import type { Keys } from './keys.js'
import type { KnownPositions } from './known-positions.js'
import type { Scripts } from './scripts.js'
import { sliceOfLog, sliceOfState } from './stored-reply.js'

export interface StreamsParts {
  readonly keys: Keys
  readonly scripts: Scripts
  readonly known: KnownPositions
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds an id is known. */
  readonly dedupeWindow: number
  readonly dedupeIds: number
  /** Milliseconds a stream is kept when nobody uses it, beyond what it has to be. */
  readonly forgetAfter: number
}

/** Ten years: what is longer does not fit into Redis' arithmetic, and means for ever. */
const EVER = 315_360_000_000
/** So many heads are asked for at once. */
const AT_ONCE = 500
const NOWHERE: Position = { epoch: '', offset: 0 }
const SKIPPED = { d: 'duplicate', s: 'stale', c: 'conflict' } as const

export class RedisStreams {
  readonly #parts: StreamsParts

  constructor(parts: StreamsParts) {
    this.#parts = parts
  }

  async append(channel: string, publication: NewPublication, options: StreamOptions): Promise<Appended> {
    const { keys, scripts, known, clock, random, dedupeWindow, dedupeIds } = this.#parts
    const { epoch, offset } = known.get(channel) ?? NOWHERE
    const { id = '', version } = publication
    const latest = options.latest === true
    const reply = await scripts.run(latest ? 'appendLatest' : 'append', keys.stream(channel), [
      random.id(),
      this.#life(options),
      epoch,
      whole(offset),
      keys.topic(channel),
      seal(publication),
      id,
      version === undefined ? '' : String(version),
      whole(options.size),
      whole(options.ttl),
      whole(dedupeWindow),
      whole(dedupeIds),
      ...(latest ? stateArguments(publication) : []),
    ])
    const [how = '', at, where = ''] = String(reply).split(' ')
    const position = { epoch: where, offset: Number(at) }
    known.note(channel, position, clock.now())
    return how === 'd' || how === 's' || how === 'c' ? { ...position, skipped: SKIPPED[how] } : position
  }

  async read(channel: string, range: StreamRange, options: StreamOptions): Promise<StreamSlice> {
    const { keys, scripts, random } = this.#parts
    const [how, epoch, offset] =
      'since' in range ? ['since', range.since.epoch, range.since.offset] : ['before', '', range.before]
    const latest = options.latest === true
    const reply = await scripts.run(latest ? 'readLatest' : 'read', keys.stream(channel), [
      random.id(),
      this.#life(options),
      whole(options.ttl),
      how,
      epoch,
      whole(offset),
      whole(range.limit),
    ])
    return latest ? sliceOfState(reply, range) : sliceOfLog(reply)
  }

  async heads(known: readonly Known[]): Promise<readonly Position[]> {
    const heads: Position[] = []
    for (let from = 0; from < known.length; from += AT_ONCE) {
      const some = known.slice(from, from + AT_ONCE)
      heads.push(...(await Promise.all(some.map((one) => this.#head(one)))))
    }
    return heads
  }

  /** Has every stream begin anew that Redis no longer has as far as this node knows it to have been stored. */
  async guard(): Promise<void> {
    const { known, clock } = this.#parts
    await this.heads(known.list(clock.now()))
  }

  async #head({ channel, position }: Known): Promise<Position> {
    const { keys, scripts, random, known, clock } = this.#parts
    const noted = known.get(channel)
    const { epoch, offset } =
      noted?.epoch === position.epoch && noted.offset > position.offset ? noted : position
    const life = this.#life({ size: 0, ttl: 0 })
    const args = [random.id(), life, epoch, whole(offset)]
    const [at, where = ''] = String(await scripts.run('head', keys.stream(channel), args)).split(' ')
    const head = { epoch: where, offset: Number(at) }
    if (head.epoch !== epoch && noted !== undefined) known.note(channel, head, clock.now())
    return head
  }

  /** Milliseconds after which Redis forgets an unused stream: never what it has to keep, or an id it has to know. */
  #life({ ttl }: StreamOptions): string {
    return whole(Math.max(ttl, this.#parts.dedupeWindow) + this.#parts.forgetAfter)
  }
}

/** What the script for states has beside. What has no key has no value to be compared with. */
const stateArguments = ({ key, expect, removed }: NewPublication): readonly string[] => [
  writtenKey(key ?? ''),
  key === undefined || expect === undefined ? '' : String(expect),
  removed ? 'r' : 'v',
]

/** A number as the scripts take it. */
function whole(number: number): string {
  return String(Math.trunc(Math.max(0, number > Number.MAX_SAFE_INTEGER ? EVER : number)))
}
