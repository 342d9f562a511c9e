import type { Cluster } from '../cluster/cluster.js'
import type { OccupancyAnswer, OccupancyQuestion } from '../cluster/messages.js'
import type { Clock, Logger } from '../ports.js'
import type { Hold, OtherHold } from './hold.js'
import type { OccupancyEvents } from './hub-events.js'
import { type Heard, Inquiry } from './inquiry.js'

export interface OccupancyParts {
  readonly cluster: Pick<Cluster, 'node' | 'nodes' | 'ask' | 'askAll' | 'answer'>
  readonly clock: Clock
  readonly logger: Logger
  readonly events: OccupancyEvents
  /** Subscribers here of a channel of which nobody here wants to know. */
  subscribers(channel: string): number
}

/** Milliseconds for which a channel without subscribers counts as having some: a reload or a reconnect is no news. */
const LINGER = 1_000
/** The same where another node has left its channels to this one: their clients come back within two seconds. */
const INHERITED = 5_000
/** Milliseconds until a node that did not answer is asked again. One that is gone is not asked when its lease is over. */
const SILENCE = 5_000
/** Milliseconds another node has to take over channels, and how many at a time. */
const WITHIN = 400
const MOST = 500

/**
 * Tells that a channel has its first subscriber of all nodes, or has lost its last, and only one node does. Nodes ask each other. Of claims that
 * meet the earliest is told, of leaves that meet the latest; a node's times are after all that it has heard of, so whoever was asked before it
 * claimed or left does so later. [H13.4]
 */
export class Occupancy {
  readonly #parts: OccupancyParts
  readonly #holds = new Map<string, Hold>()
  readonly #inquiry: Inquiry
  #last = 0
  #isClosing = false

  constructor(parts: OccupancyParts) {
    this.#parts = parts
    this.#inquiry = new Inquiry({ ...parts, decide: (hold, heard) => this.#decide(hold, heard) })
    parts.cluster.answer('occupancy', (question) => this.#answer(question))
    parts.cluster.answer('inherit', (channels) => this.#inherit(channels))
  }

  joined(channel: string): void {
    if (!this.#parts.events.covers(channel)) return
    const hold = this.#holds.get(channel)
    if (hold === undefined) this.#claim(channel)
    else {
      hold.count++
      if (hold.phase !== 'claiming') this.#turn(hold, 'held')
    }
  }

  left(channel: string): void {
    const hold = this.#holds.get(channel)
    if (hold === undefined) return
    hold.count--
    if (hold.phase === 'held' && hold.count === 0) this.#linger(hold, LINGER)
  }

  /**
   * This node goes, its subscriptions have ended, and the broker can still be asked. Another node looks after its channels; the last one tells that they
   * are vacated. When neither is possible nothing is told, as when the node is killed.
   */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#inquiry.stop()
    for (const hold of this.#holds.values()) {
      // Of a claim nothing was told yet.
      if (hold.phase === 'claiming') this.#forget(hold)
      else this.#turn(hold, 'held')
    }
    const channels = [...this.#holds.keys()]
    if (channels.length === 0) return
    const { cluster, logger } = this.#parts
    try {
      const others = (await cluster.nodes()).filter((node) => node !== cluster.node)
      await this.#bequeath(channels, others)
    } catch (error) {
      logger.warn('could not leave channels to another node: that they are vacated is not told', { error })
    }
    this.#holds.clear()
  }

  /** Leaves channels to the first node that takes them over. Where all are about to go, or there is none, nobody is left who could subscribe. */
  async #bequeath(channels: readonly string[], nodes: readonly string[]): Promise<void> {
    const { cluster, logger, events } = this.#parts
    const unsure = new Set<string>()
    let left = channels
    for (const heir of nodes) {
      while (left.length > 0) {
        const asked = cluster.ask(heir, 'inherit', { body: left.slice(0, MOST), within: WITHIN })
        const answer = await asked.catch(() => 'no')
        if (answer === 'no') unsure.add(heir)
        if (answer !== 'yes') break
        left = left.slice(MOST)
      }
    }
    if (left.length === 0) return
    // One that did not answer may have gone meanwhile.
    const isSure = unsure.size === 0 || !(await cluster.nodes()).some((node) => unsure.has(node))
    if (isSure) for (const channel of left) events.vacated(channel, this.#time())
    else
      logger.warn('no other node took over channels: that they are vacated is not told', {
        channels: left.length,
      })
  }

  #inherit(channels: readonly string[]): 'yes' | 'going' {
    if (this.#isClosing) return 'going'
    for (const channel of channels) {
      const hold = this.#holds.get(channel)
      if (hold !== undefined) {
        // A leave that is being asked about was answered by the node that goes, as one that has some.
        if (hold.count > 0) this.#turn(hold, 'held')
        else this.#linger(hold, INHERITED)
      } else if (this.#parts.events.covers(channel)) {
        const inherited = newHold(channel, { count: 0, phase: 'held', at: 0 })
        this.#holds.set(channel, inherited)
        this.#linger(inherited, INHERITED)
      }
    }
    return 'yes'
  }

  #claim(channel: string): void {
    const hold = newHold(channel, { count: 1, phase: 'claiming', at: this.#time() })
    this.#holds.set(channel, hold)
    this.#inquiry.ask(hold)
  }

  #linger(hold: Hold, milliseconds: number): void {
    this.#turn(hold, 'lingering')
    hold.cancel = this.#parts.clock.schedule(milliseconds, () => {
      this.#turn(hold, 'leaving')
      hold.at = this.#time()
      this.#inquiry.ask(hold)
    })
  }

  #turn(hold: Hold, phase: Hold['phase']): void {
    hold.cancel?.()
    hold.cancel = undefined
    hold.phase = phase
  }

  #decide(hold: Hold, heard: Heard): void {
    for (const { at } of heard.others) this.#hear(at)
    if (hold.phase === 'claiming') this.#decideClaim(hold, heard)
    else this.#decideLeave(hold, heard)
  }

  #decideClaim(hold: Hold, { others }: Heard): void {
    const isTold = others.some(({ is }) => is !== 'claiming')
    // An earlier claim will be told, unless its node does not live to do so.
    if (!isTold && others.some((other) => this.#isBefore(other, hold))) {
      this.#inquiry.askAgain(hold)
      return
    }
    this.#settle(hold)
    // Whoever is silent may have told. What is told twice is still true.
    if (!isTold) this.#parts.events.occupied(hold.channel, hold.at)
  }

  /** It is known that the channel has subscribers. */
  #settle(hold: Hold): void {
    if (hold.count > 0) this.#turn(hold, 'held')
    else this.#linger(hold, LINGER)
  }

  #decideLeave(hold: Hold, { others, isSilent }: Heard): void {
    if (others.some(({ is }) => is === 'held')) this.#forget(hold)
    // Whoever claims it asks this node as well, and must hear that the channel is known to have subscribers.
    else if (others.some(({ is }) => is === 'claiming')) this.#linger(hold, LINGER)
    else if (others.some((other) => !this.#isBefore(other, hold))) this.#forget(hold)
    // Whoever is silent may have some, and then it would not be true.
    else if (isSilent) this.#linger(hold, SILENCE)
    else {
      this.#forget(hold)
      this.#parts.events.vacated(hold.channel, hold.at)
    }
  }

  /** It is another node's, or nobody's. */
  #forget(hold: Hold): void {
    this.#turn(hold, 'held')
    this.#holds.delete(hold.channel)
  }

  #answer({ from, about }: OccupancyQuestion): OccupancyAnswer {
    const { events, subscribers } = this.#parts
    return about.flatMap(({ channel, at, isClaim }) => {
      this.#hear(at)
      const hold = this.#holds.get(channel)
      if (hold === undefined) return isClaim || events.covers(channel) ? [] : untracked(subscribers, channel)
      const { phase } = hold
      const answer = { channel, is: phase === 'lingering' ? 'held' : phase, at: hold.at } as const
      if (phase !== 'leaving') return [answer]
      // The channel was not vacated yet: nor is it occupied anew. Whoever claims it looks after it from now on.
      if (isClaim) {
        this.#linger(hold, LINGER)
        return [{ ...answer, is: 'held' }]
      }
      // A later leave is the one that is told.
      if (!this.#isBefore({ node: from, at }, hold)) this.#forget(hold)
      return [answer]
    })
  }

  #isBefore(other: Pick<OtherHold, 'node' | 'at'>, { at }: Hold): boolean {
    return other.at < at || (other.at === at && other.node < this.#parts.cluster.node)
  }

  /** After all that was heard of, whatever the clocks of other nodes say. */
  #time(): number {
    this.#last = Math.max(this.#parts.clock.now(), this.#last + 1)
    return this.#last
  }

  #hear(at: number): void {
    this.#last = Math.max(this.#last, at)
  }
}

const newHold = (channel: string, { count, phase, at }: Pick<Hold, 'count' | 'phase' | 'at'>): Hold => ({
  channel,
  count,
  phase,
  at,
  cancel: undefined,
})

/** A channel is not vacated while somebody subscribes to it on a node where nobody wants to know that. */
const untracked = (subscribers: OccupancyParts['subscribers'], channel: string): OccupancyAnswer =>
  subscribers(channel) > 0 ? [{ channel, is: 'held', at: 0 }] : []

/** Answers other nodes where nobody wants to know which channels have subscribers. */
export function answerUntracked({
  cluster,
  subscribers,
}: Pick<OccupancyParts, 'cluster' | 'subscribers'>): void {
  cluster.answer('occupancy', ({ about }) =>
    about.flatMap(({ channel, isClaim }) => (isClaim ? [] : untracked(subscribers, channel))),
  )
  cluster.answer('inherit', () => 'no')
}
