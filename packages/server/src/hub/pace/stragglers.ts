import type { SlowPolicy } from '@millrace/protocol'
import type { StoredPublication } from '../broker-ports.js'
import type { Counters } from '../counters.js'
import type { Live } from '../feed.js'
import type { Lane } from '../lane.js'
import { type Outgoing, push } from '../outgoing.js'
import type { Clock } from '../ports.js'
import type { Subscription } from '../subscription.js'
import { Backlog, bytesOf, type LeftOut, type Waiting } from './backlog.js'
import { PART } from './parts.js'

export interface StragglersParts {
  readonly clock: Pick<Clock, 'now'>
  readonly counters: Counters
}

/** The channel that they are subscribed to. */
export interface Followed {
  readonly name: string
  readonly policy: SlowPolicy
  /** A publication as it is sent to who was left out of some before it. */
  after(leftOut: LeftOut, publication: StoredPublication): Outgoing
  /** A subscription belongs elsewhere now. */
  place(subscription: Subscription): void
}

/** Whether all keep up is looked after when so many bytes were published since, or milliseconds have passed: it costs as much as a part of sending. */
const LOOK_AFTER = { bytes: 1_024, milliseconds: 50 }

/** The subscribers of a channel that do not keep up with it: what is for them waits in a backlog of their own. [H9.2] */
export class Stragglers {
  readonly #topic: Followed
  readonly #parts: StragglersParts
  /** Bytes published since it was looked whether all keep up, and when that was. */
  #bytes = 0
  #lookedAt = 0

  constructor(topic: Followed, parts: StragglersParts) {
    this.#topic = topic
    this.#parts = parts
  }

  /** Begins to find out how fast a subscriber reads. */
  ask({ receiver }: Subscription): void {
    receiver.paced()
  }

  /** Takes those apart that do not keep up, and finds out of the others whether they do, now and then. */
  part(lanes: readonly Lane[], publication: StoredPublication): void {
    if (this.#topic.policy === 'disconnect') return
    const now = this.#parts.clock.now()
    this.#bytes += bytesOf(publication)
    if (this.#bytes < LOOK_AFTER.bytes && now - this.#lookedAt < LOOK_AFTER.milliseconds) return
    this.#bytes = 0
    this.#lookedAt = now
    for (const { subscriptions } of lanes) {
      for (const subscription of [...subscriptions]) {
        const pace = subscription.receiver.paced()?.pace
        pace?.probe()
        if (pace?.hasRoom === false) this.#begin(subscription)
      }
    }
  }

  /** Whether it waits now, because the subscriber does not keep up, or because it goes in parts. */
  wait(subscription: Subscription, live: Live, outgoing: Outgoing): boolean {
    const { policy } = this.#topic
    const { receiver } = subscription
    const mayBeCut = receiver.readsParts && isBulky(live.publication)
    if (policy === 'disconnect' && !mayBeCut) return false
    const pacing = receiver.paced()
    if (pacing === undefined) return false
    const keepsUp = policy === 'disconnect' || pacing.pace.hasRoom
    if (keepsUp && !pacing.isLarge(outgoing)) return false
    this.#begin(subscription, { first: { live, outgoing } })
    return true
  }

  /** Keeps what is for a subscriber until the function returned is called. */
  holdBack(subscription: Subscription): () => void {
    const backlog = this.#begin(subscription, { isBlocked: true })
    return () => {
      if (backlog === undefined) return
      backlog.isBlocked = false
      subscription.receiver.pacing?.pace.drain()
    }
  }

  #begin(
    subscription: Subscription,
    { first, isBlocked = false }: { readonly first?: Waiting; readonly isBlocked?: boolean } = {},
  ): Backlog | undefined {
    const { receiver } = subscription
    const topic = this.#topic
    const { clock, counters } = this.#parts
    const pacing = receiver.paced()
    if (pacing === undefined) return undefined
    const backlog = new Backlog(
      {
        ...{ policy: topic.policy, receiver: receiver.id },
        now: () => clock.now(),
        send: (item, sent) =>
          pacing.send('gap' in item ? push('gap', { ...item.gap, channel: topic.name }) : item, sent),
        publication: (publication, leftOut) => topic.after(leftOut, publication),
        leftOut: (how) => {
          counters[how]++
        },
        waits: (bytes) => pacing.waits(bytes),
        pushed: () => {
          if (pacing.isTooFarBehind) receiver.tooSlow()
        },
        caughtUp: (last) => {
          subscription.behind = undefined
          subscription.skippedFrom = last
          topic.place(subscription)
        },
      },
      subscription.skippedFrom,
    )
    counters.behind++
    backlog.isBlocked = isBlocked
    if (first !== undefined) backlog.push(first)
    subscription.skippedFrom = undefined
    subscription.behind = backlog
    topic.place(subscription)
    pacing.pace.add(backlog)
    return backlog
  }
}

/** Whether a publication may take more than one frame to some. */
export const isBulky = (publication: StoredPublication): boolean => bytesOf(publication) > PART / 2
