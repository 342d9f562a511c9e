import type { Cluster } from '../cluster/cluster.js'
import type { OccupancyQuestion } from '../cluster/messages.js'
import type { Clock, Logger } from '../ports.js'
import type { Hold, OtherHold } from './hold.js'

export interface InquiryParts {
  readonly cluster: Pick<Cluster, 'node' | 'askAll'>
  readonly clock: Clock
  readonly logger: Logger
  /** Other nodes have said what they have of a claim or a leave that still stands. */
  decide(hold: Hold, heard: Heard): void
}

export interface Heard {
  readonly others: readonly OtherHold[]
  /** Whether some node is alive by its lease and did not answer. */
  readonly isSilent: boolean
}

/** Milliseconds within which channels are gathered into one question: clients come back by thousands. */
const GATHER = 20
/** Channels in one question. */
const MOST = 500
/** Milliseconds other nodes have to answer. */
const WITHIN = 400
/** Milliseconds until they are asked again: about what was not decided, and after the broker could not be reached. */
const AGAIN = 200
const RETRY = 1_000

/** Asks other nodes about channels: many in one question, and one question at a time. */
export class Inquiry {
  readonly #parts: InquiryParts
  readonly #due = new Set<Hold>()
  #cancel: (() => void) | undefined
  #isAsking = false
  /** Until the next question. */
  #pause = GATHER
  #isStopped = false

  constructor(parts: InquiryParts) {
    this.#parts = parts
  }

  /** Asks about a claim or a leave, unless it is taken back by then. */
  ask(hold: Hold): void {
    this.#due.add(hold)
    this.#soon(GATHER)
  }

  /** Asks about it once more: what was heard decides nothing. */
  askAgain(hold: Hold): void {
    this.#due.add(hold)
    this.#pause = AGAIN
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
    this.#due.clear()
  }

  #soon(delay: number): void {
    if (this.#isStopped || this.#isAsking || this.#cancel !== undefined || this.#due.size === 0) return
    this.#cancel = this.#parts.clock.schedule(delay, () => {
      this.#cancel = undefined
      void this.#round()
    })
  }

  async #round(): Promise<void> {
    const asked = this.#next()
    this.#isAsking = true
    this.#pause = GATHER
    try {
      await this.#ask(asked)
    } catch (error) {
      this.#parts.logger.debug('could not ask other nodes for subscribers', { error })
      for (const one of asked) if (stands(one)) this.#due.add(one.hold)
      this.#pause = RETRY
    }
    this.#isAsking = false
    this.#soon(this.#pause)
  }

  #next(): Asked[] {
    const holds = [...this.#due].slice(0, MOST)
    for (const hold of holds) this.#due.delete(hold)
    return holds.flatMap((hold) => {
      const { phase, at } = hold
      return phase === 'claiming' || phase === 'leaving' ? [{ hold, phase, at }] : []
    })
  }

  async #ask(asked: readonly Asked[]): Promise<void> {
    if (asked.length === 0) return
    const { cluster } = this.#parts
    const question: OccupancyQuestion = {
      from: cluster.node,
      about: asked.map(({ hold: { channel }, phase, at }) => ({
        channel,
        at,
        isClaim: phase === 'claiming',
      })),
    }
    const { answers, silent } = await cluster.askAll('occupancy', question, { within: WITHIN })
    if (this.#isStopped) return
    const byChannel = new Map<string, OtherHold[]>()
    for (const { node, answer } of answers) {
      for (const { channel, ...has } of answer) {
        const others = byChannel.get(channel)
        if (others === undefined) byChannel.set(channel, [{ node, ...has }])
        else others.push({ node, ...has })
      }
    }
    for (const one of asked) {
      const others = byChannel.get(one.hold.channel) ?? []
      if (stands(one)) this.#parts.decide(one.hold, { others, isSilent: silent.length > 0 })
    }
  }
}

/** A hold as it was asked about. */
interface Asked {
  readonly hold: Hold
  readonly phase: 'claiming' | 'leaving'
  readonly at: number
}

const stands = ({ hold, phase, at }: Asked): boolean => hold.phase === phase && hold.at === at
