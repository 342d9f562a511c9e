import {
  type Member,
  type MessageBodies,
  type Publication,
  predecessor,
  type ResolvedChannel,
} from '@millrace/protocol'
import type { EphemeralEvent, PresenceChange, StoredPublication } from './broker-ports.js'
import { Outgoing, push } from './outgoing.js'
import type { Outlet, Subscription } from './subscription.js'

/** A publication as readers get it: without what only the hub needs to know. Written out, because spreading is slow. */
const published = (
  { offset, prev, time, id, from, data }: StoredPublication,
  channel?: string,
): Publication => ({
  channel,
  offset,
  prev,
  time,
  id,
  from,
  data,
})

/**
 * Stored publications as one session may read them: without those it published and asked not to get back. The chain is
 * closed over what is left out, so the reader sees no hole. [H3.4]
 */
export function readable(publications: readonly StoredPublication[], session: string): Publication[] {
  const list: Publication[] = []
  let skippedFrom: number | undefined
  for (const publication of publications) {
    if (publication.exclude === session) {
      skippedFrom ??= predecessor(publication)
      continue
    }
    list.push(
      skippedFrom === undefined ? published(publication) : { ...published(publication), prev: skippedFrom },
    )
    skippedFrom = undefined
  }
  return list
}

/**
 * A channel that somebody on this node is subscribed to: who, and how to deliver to them all.
 *
 * Invariants: `#subscriptions[s.index] === s` for every subscription in it, and no other subscription has that index;
 * `#outlets[s.index]` is its link while it takes everything, undefined while something is held back or left out.
 */
export class Topic {
  readonly name: string
  readonly resolved: ResolvedChannel
  readonly #subscriptions: Subscription[] = []
  /** What a fan-out walks: nothing else of a subscriber is touched, which is most of what delivering costs here. */
  readonly #outlets: (Outlet | undefined)[] = []

  constructor(name: string, resolved: ResolvedChannel) {
    this.name = name
    this.resolved = resolved
  }

  get size(): number {
    return this.#subscriptions.length
  }

  add(subscription: Subscription): void {
    subscription.index = this.#subscriptions.push(subscription) - 1
    this.#place(subscription)
  }

  /**
   * Takes the last one into the place that becomes free, so leaving costs the same in a channel of any size. False when
   * the subscription was not here.
   */
  remove(subscription: Subscription): boolean {
    if (this.#subscriptions[subscription.index] !== subscription) return false
    const last = this.#subscriptions.pop()
    this.#outlets.pop()
    if (last !== undefined && last !== subscription) {
      this.#subscriptions[subscription.index] = last
      last.index = subscription.index
      this.#place(last)
    }
    subscription.index = -1
    return true
  }

  /** Delivers one publication to everybody: encoded once, framed once. */
  publish(publication: StoredPublication): void {
    const outgoing = this.#pushOf(publication)
    if (publication.exclude !== undefined) {
      for (const subscription of this.#subscriptions) this.#deliver(subscription, publication, outgoing)
      return
    }
    // Counted, because this loop is where a broadcast to ten thousand spends its time.
    for (let index = 0; index < this.#outlets.length; index++) {
      const outlet = this.#outlets[index]
      if (outlet !== undefined) outlet.send(outgoing)
      else this.#deliver(this.#subscriptions[index] as Subscription, publication, outgoing)
    }
  }

  /** Delivers to one subscriber what was held back for it while it joined and read the stream up to `after`. */
  release(subscription: Subscription, after: number): void {
    const held = subscription.held ?? []
    subscription.held = undefined
    this.#place(subscription)
    for (const item of held) {
      if (item instanceof Outgoing) subscription.receiver.send(item)
      else if (item.offset > after) this.#deliver(subscription, item, this.#pushOf(item))
    }
  }

  ephemeral({ from, exclude, data }: EphemeralEvent): void {
    const outgoing = push('ephemeral', { channel: this.name, from, data })
    for (const subscription of this.#subscriptions) {
      if (subscription.held === undefined && subscription.receiver.id !== exclude)
        subscription.receiver.send(outgoing)
    }
  }

  presence(change: PresenceChange, member: Member): void {
    const outgoing = push(change, { channel: this.name, member })
    for (const subscription of this.#subscriptions) {
      if (!subscription.watchesPresence) continue
      if (subscription.held === undefined) subscription.receiver.send(outgoing)
      else subscription.held.push(outgoing)
    }
  }

  /** Delivers to one, with all exceptions there are. */
  #deliver(subscription: Subscription, publication: StoredPublication, outgoing: Outgoing): void {
    if (subscription.held !== undefined) subscription.held.push(publication)
    else if (publication.exclude !== undefined && publication.exclude === subscription.receiver.id) {
      subscription.skippedFrom ??= predecessor(publication)
      this.#place(subscription)
    } else if (subscription.skippedFrom !== undefined) this.#afterSkip(subscription, publication)
    else subscription.receiver.send(outgoing)
  }

  #place({ index, receiver, held, skippedFrom }: Subscription): void {
    if (index >= 0)
      this.#outlets[index] = held === undefined && skippedFrom === undefined ? receiver.link : undefined
  }

  #pushOf(publication: StoredPublication): Outgoing {
    return push('publication', published(publication, this.name) as MessageBodies['publication'])
  }

  /** To this subscriber the chain continues from before what it was not sent, so it sees no hole. */
  #afterSkip(subscription: Subscription, publication: StoredPublication): void {
    const prev = subscription.skippedFrom
    subscription.skippedFrom = undefined
    this.#place(subscription)
    subscription.receiver.send(this.#pushOf({ ...publication, prev }))
  }
}
