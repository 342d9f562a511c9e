import { MillraceError } from '@millrace/protocol'
import type { StreamOptions, Streams } from '../broker-ports.js'
import { bodyOf, within } from '../failures.js'
import { CommandLog } from './command-log.js'
import { type Fact, markOf, sizeOfCommand, type WaitingCommand } from './facts.js'
import { late, QueueState } from './queue-state.js'
import { type Accepted, Waiters } from './waiters.js'
import { lateOutcome, Worker, type WorkerParts } from './worker.js'

export interface QueueParts extends Omit<WorkerParts, 'hold'> {
  readonly channel: string
  readonly keeping: StreamOptions
  readonly streams: Streams
  /** Nobody needs the queue any more, for now. */
  idle(): void
}

/** What is asked: a command without what only its queue can say. */
export type NewCommand = Pick<WaitingCommand, 'id' | 'method' | 'data' | 'key' | 'timeout' | 'by'> & {
  /** Milliseconds for which it may wait. */
  readonly ttl: number
  /** How many of its method may wait. */
  readonly most: number
}

/** Bytes that may wait for one user, and bytes of outcomes that a node keeps at hand. */
const MOST_BYTES = 4_194_304
const MOST_OUTCOMES = 1_048_576
/** Milliseconds within which the broker does what it is asked, or who asked is told that it could not be done. */
const DONE_WITHIN = 10_000
/** A command that is so many publications behind the newest is written down anew: half of what is kept, so in good time. */
const RENEW_BEFORE_END = 2
/** About so many bytes are written anew with one publication, in which others have their place too. */
const RENEW_AT_ONCE = 131_072
/** How often nodes are looked after that have what could be carried out here. */
const PROBE_EVERY = 2000
/** Milliseconds until another try to write down what is overdue. */
const RETRY_AFTER = 500
/** The longest that nothing is looked at. */
const LONGEST_SLEEP = 3_600_000

/** One user's commands on this node: who asked for some, who carries them out, and what of them is late. */
export class Queue {
  readonly log: CommandLog
  readonly #parts: QueueParts
  readonly #worker: Worker
  readonly #waiters: Waiters
  #holds = 0
  #probeAt: number | undefined
  #cancelWake: (() => void) | undefined
  #isOver = false

  constructor(parts: QueueParts) {
    const { clock, keeping } = parts
    this.#parts = parts
    const hold = (): (() => void) => this.hold()
    this.#worker = new Worker({ ...parts, hold }, () => this.log)
    this.#waiters = new Waiters({ clock, hold, ended: (id) => this.log.state.ended(id) })
    this.log = new CommandLog({
      ...parts,
      state: new QueueState({ kept: keeping.size, outcomes: MOST_OUTCOMES }),
      upkeep: () => this.#upkeep(),
      changed: (facts) => this.#changed(facts),
      lost: () =>
        this.#waiters.refuse('The broker has lost the commands: whether it was carried out is not known'),
    })
  }

  /** Keeps the queue at work until the function returned is called. */
  hold(): () => void {
    this.#holds++
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      if (--this.#holds === 0) this.#parts.idle()
    }
  }

  get isHeld(): boolean {
    return this.#holds > 0
  }

  /** A session of the user has come. */
  look(): void {
    this.#changed([])
  }

  /** The node goes away: it takes nothing more. */
  stop(): void {
    this.#worker.stop()
  }

  close(): void {
    this.#isOver = true
    this.#cancelWake?.()
    this.#waiters.refuse('The node is going away: ask again under the same id')
    this.log.close()
  }

  /**
   * Resolves when the command is stored, or was before. Rejects with `limit-exceeded`, with `invalid-payload` when its id is that of
   * another one, with `timeout` when it could not be stored in time, or with what the broker fails with.
   */
  async ask(command: NewCommand): Promise<Accepted> {
    const { id, ttl, timeout } = command
    const asked = this.#parts.clock.now()
    return this.#inTime(async (isLate) => {
      await this.log.write((_, along) => (isLate() ? [] : this.#admit(command, asked, along)))
      const expires = this.log.state.find(id)?.expires ?? asked + ttl
      return this.#waiters.follow(id, expires + timeout + this.#parts.patience * 2)
    })
  }

  /** Everything that waits or is under way, in order. */
  list(): Promise<readonly WaitingCommand[]> {
    return this.#inTime(async () => {
      await this.log.read()
      return this.log.state.waiting
    })
  }

  /** True when it waited, and does no more: false when it is under way, over, or unknown. */
  cancel(id: string): Promise<boolean> {
    const error = bodyOf(new MillraceError('aborted', { message: 'It was cancelled' }))
    return this.#inTime(async (isLate) => {
      let isCancelled = false
      await this.log.write((state) => {
        const command = state.find(id)
        const { taken } = command ?? {}
        isCancelled = command !== undefined && (taken === undefined || this.#worker.isVoid(id, taken))
        if (command === undefined || !isCancelled || isLate()) return []
        return [{ fact: 'ended', id, outcome: { error }, mark: markOf(command) }]
      })
      return isCancelled
    })
  }

  /** Does it while the queue is held; whether it is too late by now it can ask. */
  async #inTime<T>(run: (isLate: () => boolean) => Promise<T>): Promise<T> {
    const release = this.hold()
    let isLate = false
    const tooLate = (): MillraceError => {
      isLate = true
      return new MillraceError('timeout', {
        message: `The broker did not do it within ${DONE_WITHIN} ms: ask again under the same id`,
      })
    }
    const deadline = { clock: this.#parts.clock, milliseconds: DONE_WITHIN, late: tooLate }
    try {
      return await within(deadline, () => run(() => isLate))
    } finally {
      release()
    }
  }

  /** What is written for a new command: nothing when it is known. Throws `limit-exceeded`, or `invalid-payload` for another's id. */
  #admit(command: NewCommand, asked: number, along: readonly Fact[]): readonly Fact[] {
    const { state } = this.log
    const { id, method, data, key, timeout, by, ttl, most } = command
    const others = along.flatMap((fact) =>
      fact.fact === 'asked' && state.find(fact.command.id) === undefined ? [fact.command] : [],
    )
    const waiting = state.find(id) ?? others.find((one) => one.id === id)
    const mark = waiting === undefined ? state.ended(id)?.mark : markOf(waiting)
    if (mark !== undefined) {
      if (mark === markOf(command)) return []
      throw new MillraceError('invalid-payload', {
        message: `The id '${id}' is that of another command: what is asked anew has another id`,
        field: 'id',
      })
    }
    const count = [...state.waiting, ...others].filter((one) => one.method === method).length
    if (count >= most)
      throw new MillraceError('limit-exceeded', {
        message: `${count} calls of '${method}' wait for '${this.#parts.user}' already, and at most ${most} may`,
      })
    if (state.bytes >= MOST_BYTES)
      throw new MillraceError('limit-exceeded', {
        message: `${state.size} calls with ${state.bytes} bytes wait for '${this.#parts.user}' already`,
      })
    const order = Math.max(state.lastOrder, ...others.map((one) => one.order)) + 1
    const more = { order, asked, expires: asked + ttl, tries: 0, taken: undefined }
    return [{ fact: 'asked', command: { id, method, data, key, timeout, by, ...more } }]
  }

  #changed(facts: readonly Fact[]): void {
    if (this.#isOver) return
    for (const fact of facts) if (fact.fact === 'ended') this.#waiters.tell(fact.id)
    this.#worker.look()
    this.#wakeLater()
  }

  /** The end of what is late, and what the stream would lose otherwise. */
  #upkeep(): readonly Fact[] {
    const { state } = this.log
    const facts = late(state, this.#worker).map(
      (command): Fact => ({
        fact: 'ended',
        id: command.id,
        outcome: lateOutcome(command),
        mark: markOf(command),
      }),
    )
    let bytes = 0
    for (const command of state.standingBefore(state.offset - this.#parts.keeping.size / RENEW_BEFORE_END)) {
      facts.push({ fact: 'asked', command })
      bytes += sizeOfCommand(command)
      if (bytes >= RENEW_AT_ONCE) break
    }
    return facts
  }

  /** Looks again when something becomes late, or when a node that has something may be gone. */
  #wakeLater(): void {
    this.#cancelWake?.()
    const { now, isBlocked } = this.#worker
    const moments = this.log.state.waiting.map(({ expires, taken }) => taken?.until ?? expires)
    this.#probeAt = isBlocked ? (this.#probeAt ?? now + PROBE_EVERY) : undefined
    const next = Math.min(...moments, this.#probeAt ?? Number.POSITIVE_INFINITY)
    if (!Number.isFinite(next)) return
    // What is overdue could not be written down, or is just being.
    const delay = next > now ? Math.min(next - now, LONGEST_SLEEP) : RETRY_AFTER
    this.#cancelWake = this.#parts.clock.schedule(delay, () => void this.#wake())
  }

  async #wake(): Promise<void> {
    const { logger } = this.#parts
    this.#probeAt = undefined
    try {
      if (this.#worker.isBlocked) await this.#worker.probe()
      if (late(this.log.state, this.#worker).length > 0) await this.log.write(() => [])
    } catch (error) {
      logger.debug('could not look after waiting commands', { error })
    }
    this.#changed([])
  }
}
