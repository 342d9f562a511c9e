import { MillraceError, type Payload, toStored } from '@millrace/protocol'
import type { ClientCalls } from '../calls.js'
import type { Directory } from '../directory.js'
import { bodyOf, tellable } from '../failures.js'
import type { Clock, Logger } from '../ports.js'
import type { Session } from '../session.js'
import type { Change, CommandLog } from './command-log.js'
import { markOf, type Outcome, type Taking, type WaitingCommand } from './facts.js'
import { due, type Moment } from './queue-state.js'

export interface WorkerParts {
  readonly user: string
  readonly node: string
  readonly directory: Directory
  readonly calls: ClientCalls
  readonly clock: Clock
  readonly logger: Logger
  /** Milliseconds after which a connection on which nobody answers is known to be dead. */
  readonly patience: number
  /** The nodes that are alive. */
  nodes(): Promise<readonly string[]>
  /** Keeps the log open until the function returned is called. */
  hold(): () => void
}

/** So many commands of one user are under way at once. */
const AT_ONCE = 16
/** For what a node's clock and the broker may be late by, in milliseconds. */
const SLACK = 5000
/** Milliseconds until another try to write down how a command ended. */
const RETRY_AFTER = 500

/**
 * Gives one user's commands to the user's latest session on this node, and writes down how they end. One whose session goes away
 * before it has answered is for the next. [H5.9]
 */
export class Worker implements Moment {
  readonly #parts: WorkerParts
  readonly #log: () => CommandLog
  /** What this node carries out, or is about to. */
  readonly #mine = new Set<string>()
  /** What nodes had taken that are gone. */
  readonly #gone = new WeakSet<Taking>()
  #isTaking = false
  #isOver = false

  constructor(parts: WorkerParts, log: () => CommandLog) {
    this.#parts = parts
    this.#log = log
  }

  get now(): number {
    return this.#parts.clock.now()
  }

  isVoid(id: string, taking: Taking): boolean {
    // What this node had taken in an earlier life, or could not write down, nobody carries out.
    if (taking.node === this.#parts.node) return !this.#mine.has(id)
    return taking.until <= this.now || this.#gone.has(taking)
  }

  stop(): void {
    this.#isOver = true
  }

  /** Takes what is due. */
  look(): void {
    if (this.#isTaking || this.#isOver || this.#session === undefined) return
    if (due(this.#log().state, this, AT_ONCE).length === 0) return
    this.#isTaking = true
    void this.#take()
  }

  /** Whether another node has what could be carried out here. */
  get isBlocked(): boolean {
    return this.#session !== undefined && this.#foreign.length > 0
  }

  /** Finds out whether those who have it are alive. */
  async probe(): Promise<void> {
    const foreign = this.#foreign
    const alive = new Set(await this.#parts.nodes())
    for (const taking of foreign) if (!alive.has(taking.node)) this.#gone.add(taking)
    this.look()
  }

  get #foreign(): readonly Taking[] {
    const { state } = this.#log()
    return state.waiting.flatMap(({ id, taken }) =>
      taken !== undefined && taken.node !== this.#parts.node && !this.isVoid(id, taken) ? [taken] : [],
    )
  }

  get #session(): Session | undefined {
    const { directory, user } = this.#parts
    return directory.ofUser(user).at(-1)
  }

  async #take(): Promise<void> {
    const { node, clock, logger, hold } = this.#parts
    const release = hold()
    const log = this.#log()
    let mine: readonly string[] = []
    const change: Change = (state) => {
      for (const id of mine) this.#mine.delete(id)
      const session = this.#session
      const commands = session === undefined ? [] : due(state, this, AT_ONCE)
      mine = commands.map(({ id }) => id)
      for (const id of mine) this.#mine.add(id)
      return commands.map(({ id, timeout }) => {
        const until = this.now + timeout + this.#parts.patience + SLACK
        return { fact: 'taken', id, by: { node, session: session?.id ?? '', until } }
      })
    }
    try {
      await log.write(change)
      for (const id of mine) {
        const command = log.state.find(id)
        if (command?.taken?.node === node) void this.#carryOut(command)
        else this.#mine.delete(id)
      }
    } catch (error) {
      for (const id of mine) this.#mine.delete(id)
      logger.warn('could not take waiting commands', { error })
      await new Promise<void>((resolve) => clock.schedule(RETRY_AFTER, resolve))
    }
    this.#isTaking = false
    release()
    this.look()
  }

  async #carryOut(command: WaitingCommand): Promise<void> {
    const release = this.#parts.hold()
    const outcome = await this.#call(command)
    // What goes back may be taken again at once; what was answered must not be.
    if (outcome === undefined) this.#mine.delete(command.id)
    await this.#write(command, outcome)
    if (outcome !== undefined) this.#mine.delete(command.id)
    release()
    this.look()
  }

  /** How it ended; undefined when its session went away. */
  async #call({ id, method, data, timeout, taken }: WaitingCommand): Promise<Outcome | undefined> {
    const { directory, calls, patience, logger } = this.#parts
    const session = directory.session(taken?.session ?? '') ?? this.#session
    if (session === undefined) return undefined
    try {
      // A device that is silent may be gone without a word: then its session ends first, and the command is for the next.
      const answer: Payload = await calls.call(session, { method, data, timeout, name: id, patience })
      return { data: toStored(answer) }
    } catch (error) {
      if (session.state !== 'open') return undefined
      const told = tellable(error, (fault) => logger.error('a waiting command failed', { error: fault }))
      return { error: bodyOf(told) }
    }
  }

  /** However long the broker is away: what was answered must not be asked again. */
  async #write({ id, taken }: WaitingCommand, outcome: Outcome | undefined): Promise<void> {
    const { clock, logger } = this.#parts
    const change: Change = (state) => {
      const now = state.find(id)
      if (now === undefined) return []
      if (outcome !== undefined) return [{ fact: 'ended', id, outcome, mark: markOf(now) }]
      return isSame(now.taken, taken) ? [{ fact: 'released', id }] : []
    }
    for (;;) {
      try {
        return await this.#log().write(change)
      } catch (error) {
        if (this.#isOver) return
        logger.warn('could not write down how a command ended', { error })
        await new Promise<void>((resolve) => clock.schedule(RETRY_AFTER, resolve))
      }
    }
  }
}

const isSame = (one: Taking | undefined, other: Taking | undefined): boolean =>
  one?.node === other?.node && one?.session === other?.session && one?.until === other?.until

/** How a command ends that was not answered in its time. */
export const lateOutcome = ({ tries, method }: WaitingCommand): Outcome => ({
  error: bodyOf(
    tries === 0
      ? new MillraceError('expired', { message: `'${method}' waited for too long, and was not carried out` })
      : new MillraceError('connection-lost', {
          message: `The device went away with '${method}', and did not come back in time: whether it was carried out is not known`,
        }),
  ),
})
