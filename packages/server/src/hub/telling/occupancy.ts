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
 * meet the earliest is told, of leaves that meet the latest: who comes later has heard of the other, for its time is after all it has heard of. [H13.4]
 */
export class Occupancy {
  readonly #parts: OccupancyParts
  readonly #holds = new Map<string, Hold>()
  readonly #inquiry: Inquiry
  #last = 0

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
   * This node goes, its subscriptions have ended, and the broker can still be asked. Another node looks after its channels; a node that is alone tells
   * that they are vacated. When neither is possible nothing is told, as when the node is killed.
   */
  async close(): Promise<void> {
    this.#inquiry.stop()
    const holds = [...this.#holds.values()]
    for (const hold of holds) hold.cancel?.()
    this.#holds.clear()
    // Of a claim nothing was told yet.
    const channels = holds.filter(({ phase }) => phase !== 'claiming').map(({ channel }) => channel)
    if (channels.length === 0) return
    const { cluster, logger, events } = this.#parts
    try {
      const others = (await cluster.nodes()).filter((node) => node !== cluster.node)
      if (others.length > 0) await this.#bequeath(channels, others)
      else for (const channel of channels) events.vacated(channel, this.#time())
    } catch (error) {
      logger.warn('could not leave channels to another node: that they are vacated is not told', { error })
    }
  }

  async #bequeath(channels: readonly string[], nodes: readonly string[]): Promise<void> {
    const { cluster, logger } = this.#parts
    let heirs = nodes
    for (let from = 0; from < channels.length; from += MOST) {
      const body = channels.slice(from, from + MOST)
      while (heirs[0] !== undefined) {
        const takes = cluster.ask(heirs[0], 'inherit', { body, within: WITHIN })
        if (await takes.catch(() => false)) break
        heirs = heirs.slice(1)
      }
    }
    if (heirs.length === 0)
      logger.warn('no other node took over channels: that they are vacated is not told', {
        channels: channels.length,
      })
  }

  #inherit(channels: readonly string[]): boolean {
    for (const channel of channels) {
      if (this.#holds.has(channel) || !this.#parts.events.covers(channel)) continue
      const hold: Hold = { channel, count: 0, phase: 'held', at: 0, cancel: undefined }
      this.#holds.set(channel, hold)
      this.#linger(hold, INHERITED)
    }
    return true
  }

  #claim(channel: string): void {
    const hold: Hold = { channel, count: 1, phase: 'claiming', at: this.#time(), cancel: undefined }
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
    const isTold = others.some((other) => other.is !== 'claiming' || this.#isBefore(other, hold))
    // Whoever is silent may have some. What is told twice is still true.
    if (!isTold) this.#parts.events.occupied(hold.channel, hold.at)
    if (hold.count > 0) this.#turn(hold, 'held')
    else this.#linger(hold, LINGER)
  }

  #decideLeave(hold: Hold, { others, isSilent }: Heard): void {
    if (others.some(({ is }) => is === 'held')) this.#holds.delete(hold.channel)
    // Whoever claims it asks this node as well, and must hear that the channel is known to have subscribers.
    else if (others.some(({ is }) => is === 'claiming')) this.#linger(hold, LINGER)
    else if (others.some((other) => !this.#isBefore(other, hold))) this.#holds.delete(hold.channel)
    // Whoever is silent may have some, and then it would not be true.
    else if (isSilent) this.#linger(hold, SILENCE)
    else {
      this.#holds.delete(hold.channel)
      this.#parts.events.vacated(hold.channel, hold.at)
    }
  }

  #answer(question: OccupancyQuestion): OccupancyAnswer {
    const { events, subscribers } = this.#parts
    return question.flatMap(({ channel, at, isClaim }) => {
      this.#hear(at)
      const hold = this.#holds.get(channel)
      if (hold === undefined) return isClaim || events.covers(channel) ? [] : untracked(subscribers, channel)
      // The channel was not vacated yet: nor is it occupied anew. Whoever claims it looks after it from now on.
      if (isClaim && hold.phase === 'leaving') this.#linger(hold, LINGER)
      const is = hold.phase === 'lingering' ? 'held' : hold.phase
      return [{ channel, is, at: hold.at }]
    })
  }

  #isBefore(other: OtherHold, { at }: Hold): boolean {
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

/** A channel is not vacated while somebody subscribes to it on a node where nobody wants to know that. */
const untracked = (subscribers: OccupancyParts['subscribers'], channel: string): OccupancyAnswer =>
  subscribers(channel) > 0 ? [{ channel, is: 'held', at: 0 }] : []

/** Answers other nodes where nobody wants to know which channels have subscribers. */
export function answerUntracked({
  cluster,
  subscribers,
}: Pick<OccupancyParts, 'cluster' | 'subscribers'>): void {
  cluster.answer('occupancy', (question) =>
    question.flatMap(({ channel, isClaim }) => (isClaim ? [] : untracked(subscribers, channel))),
  )
  cluster.answer('inherit', () => false)
}
