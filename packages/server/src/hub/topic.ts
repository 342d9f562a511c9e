import {
  type Gap,
  type Member,
  type MessageBodies,
  type Position,
  type Publication,
  predecessor,
  type ResolvedChannel,
  type SlowPolicy,
  slowPolicyOf,
} from '@millrace/protocol'
import type { EphemeralEvent, PresenceChange, StoredPublication } from './broker-ports.js'
import type { Live } from './feed.js'
import { Lane } from './lane.js'
import { Outgoing, push } from './outgoing.js'
import type { LeftOut } from './pace/backlog.js'
import { type Followed, isBulky, Stragglers, type StragglersParts } from './pace/stragglers.js'
import type { Held, Subscription } from './subscription.js'

/** A publication as readers get it: without what only the hub needs to know. Written out, because spreading is slow. */
const published = (
  { offset, prev, time, id, from, data, key, removed }: StoredPublication,
  channel?: string,
): Publication => ({
  channel,
  offset,
  prev,
  time,
  id,
  from,
  data,
  key,
  removed,
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

const PRESENCE_KINDS: readonly string[] = [
  'joined',
  'updated',
  'departed',
] satisfies readonly PresenceChange[]

/** Drops what is held back for a subscriber of comings and goings. */
export function forgetPresence(subscription: Subscription): void {
  subscription.held = subscription.held?.filter(
    (item) => !(item instanceof Outgoing && PRESENCE_KINDS.includes(item.message.kind)),
  )
}

/**
 * A channel that somebody on this node is subscribed to: who, and how to deliver to them all.
 *
 * Invariant: a subscription is in one lane, that of its link's carrier, while it takes everything, and apart while
 * something is held back for it or was left out, or it is ahead of the others.
 */
export class Topic implements Followed {
  readonly name: string
  readonly resolved: ResolvedChannel
  readonly policy: SlowPolicy
  /** One per carrier, so nearly always one. */
  #lanes: readonly Lane[] = []
  /** While there are any. */
  #apart: Set<Subscription> | undefined
  readonly #parts: StragglersParts
  /** Where any may be: most channels have none, and need not look for them. */
  #stragglers: Stragglers | undefined

  constructor(name: string, resolved: ResolvedChannel, parts: StragglersParts) {
    this.name = name
    this.resolved = resolved
    this.policy = slowPolicyOf(resolved.definition)
    this.#parts = parts
  }

  get size(): number {
    return this.#lanes.reduce((sum, { subscriptions }) => sum + subscriptions.length, this.#apart?.size ?? 0)
  }

  add(subscription: Subscription): void {
    if (this.policy !== 'disconnect') this.#looking().ask(subscription)
    if (isApart(subscription)) {
      this.#apart ??= new Set()
      this.#apart.add(subscription)
    } else this.#laneOf(subscription).add(subscription)
  }

  /** False when the subscription was not here. */
  remove(subscription: Subscription): boolean {
    const { lane } = subscription
    if (lane !== undefined) lane.remove(subscription)
    else if (!this.#apart?.delete(subscription)) return false
    else if (this.#apart.size === 0) this.#apart = undefined
    return true
  }

  /** Delivers one publication to everybody: encoded once, framed once. */
  publish(live: Live): void {
    const { publication } = live
    const outgoing = this.#pushOf(publication)
    this.#stragglers?.part(this.#lanes, publication)
    if (publication.exclude === undefined && !isBulky(publication)) {
      for (const lane of this.#lanes) lane.send(outgoing)
      if (this.#apart !== undefined)
        for (const subscription of [...this.#apart]) this.#deliver(subscription, live, outgoing)
    } else {
      for (const subscription of this.#all()) this.#deliver(subscription, live, outgoing)
    }
  }

  /** Tells everybody who has not got beyond it what was lost. */
  gap(gap: Gap): void {
    const outgoing = push('gap', { ...gap, channel: this.name })
    for (const subscription of this.#all()) {
      if (subscription.held !== undefined) subscription.held.push({ gap })
      else if (subscription.behind !== undefined) subscription.behind.push({ gap })
      else this.#tellGap(subscription, gap, outgoing)
    }
  }

  /**
   * A subscriber has read the stream up to `head`, and the feed stands at `feed`, in the same epoch: lets go of what was held
   * back up to there.
   */
  align(subscription: Subscription, head: Position, feed: Position): void {
    subscription.held = subscription.held?.filter((item) => isBeyond(item, head))
    subscription.ahead = head.offset > feed.offset ? head : undefined
  }

  /** Delivers to one subscriber what was held back for it. */
  release(subscription: Subscription): void {
    const held = subscription.held ?? []
    subscription.held = undefined
    this.place(subscription)
    for (const item of held) {
      const { behind } = subscription
      if (behind !== undefined && (item instanceof Outgoing || 'gap' in item)) behind.push(item)
      else if (item instanceof Outgoing) subscription.receiver.send(item)
      else if ('gap' in item) {
        this.#tellGap(subscription, item.gap, push('gap', { ...item.gap, channel: this.name }))
      } else this.#deliver(subscription, item, this.#pushOf(item.publication))
    }
  }

  ephemeral({ from, exclude, data }: EphemeralEvent): void {
    const outgoing = push('ephemeral', { channel: this.name, from, data })
    for (const subscription of this.#all()) {
      const { held, behind, receiver } = subscription
      // For who is behind it is of the moment no more.
      if (held === undefined && behind === undefined && receiver.id !== exclude) receiver.send(outgoing)
    }
  }

  /** Whether anybody is told of members coming and going. */
  get isWatched(): boolean {
    return this.#all().some(({ watchesPresence }) => watchesPresence)
  }

  presence(change: PresenceChange, member: Member): void {
    const outgoing = push(change, { channel: this.name, member })
    for (const subscription of this.#all()) {
      if (!subscription.watchesPresence) continue
      if (subscription.held !== undefined) subscription.held.push(outgoing)
      else if (subscription.behind !== undefined) subscription.behind.push(outgoing)
      else subscription.receiver.send(outgoing)
    }
  }

  /** A list of its own: delivering may move a subscription. */
  #all(): Subscription[] {
    const inLanes = this.#lanes.flatMap(({ subscriptions }) => subscriptions)
    return this.#apart === undefined ? inLanes : [...inLanes, ...this.#apart]
  }

  /** Delivers to one, with all exceptions there are. */
  #deliver(subscription: Subscription, live: Live, outgoing: Outgoing): void {
    const { publication } = live
    if (subscription.held !== undefined) subscription.held.push(live)
    else if (subscription.ahead !== undefined && !this.#passes(subscription, live)) return
    else if (subscription.behind !== undefined) subscription.behind.push({ live, outgoing })
    else if (publication.exclude !== undefined && publication.exclude === subscription.receiver.id) {
      subscription.skippedFrom ??= predecessor(publication)
      this.place(subscription)
    } else if (this.#looking().wait(subscription, live, outgoing)) return
    else if (subscription.skippedFrom !== undefined) this.#afterSkip(subscription, publication)
    else subscription.receiver.send(outgoing)
  }

  /** Keeps what is for a subscriber until the function returned is called. */
  holdBack(subscription: Subscription): () => void {
    return this.#looking().holdBack(subscription)
  }

  /** Whether this is news to a subscriber that was ahead of the feed. Once it is, or the feed has come as far, nobody is ahead. */
  #passes(subscription: Subscription, live: Live): boolean {
    const { ahead } = subscription
    const isNews = ahead === undefined || isBeyond(live, ahead)
    if (isNews || live.publication.offset === ahead.offset) {
      subscription.ahead = undefined
      this.place(subscription)
    }
    return isNews
  }

  #tellGap(subscription: Subscription, gap: Gap, outgoing: Outgoing): void {
    const { ahead } = subscription
    if (ahead !== undefined) {
      const lead = ahead.epoch === gap.to.epoch ? ahead.offset - gap.to.offset : -1
      if (lead > 0) return
      subscription.ahead = undefined
      this.place(subscription)
      if (lead === 0) return
    }
    // The chain begins anew behind the gap, whatever was left out before it.
    if (subscription.skippedFrom !== undefined) {
      subscription.skippedFrom = undefined
      this.place(subscription)
    }
    subscription.receiver.send(outgoing)
  }

  /** A publication to who was left out of some before it. */
  after({ prev, skipped }: LeftOut, publication: StoredPublication): Outgoing {
    return this.#pushOf({ ...publication, prev: prev ?? publication.prev }, skipped)
  }

  /** Puts a subscription where it belongs now. One that has left stays away. */
  place(subscription: Subscription): void {
    if (this.remove(subscription)) this.add(subscription)
  }

  #looking(): Stragglers {
    this.#stragglers ??= new Stragglers(this, this.#parts)
    return this.#stragglers
  }

  #laneOf({ receiver }: Subscription): Lane {
    const { carrier } = receiver.link
    let lane = this.#lanes.find((one) => one.carrier === carrier)
    if (lane === undefined) {
      lane = new Lane(carrier)
      this.#lanes = this.#lanes.concat(lane)
    }
    return lane
  }

  #pushOf(publication: StoredPublication, skipped?: number): Outgoing {
    const body = published(publication, this.name) as MessageBodies['publication']
    return push('publication', skipped ? { ...body, skipped } : body)
  }

  /** To this subscriber the chain continues from before what it was not sent, so it sees no hole. */
  #afterSkip(subscription: Subscription, publication: StoredPublication): void {
    const prev = subscription.skippedFrom
    subscription.skippedFrom = undefined
    this.place(subscription)
    subscription.receiver.send(this.#pushOf({ ...publication, prev }))
  }
}

const isApart = ({ held, behind, skippedFrom, ahead }: Subscription): boolean =>
  held !== undefined || behind !== undefined || skippedFrom !== undefined || ahead !== undefined

/** Whether something of the feed is news to who has read up to `head`. What is of another epoch came before it. */
function isBeyond(item: Held, head: Position): boolean {
  if (item instanceof Outgoing) return true
  const { epoch, offset } =
    'gap' in item ? item.gap.to : { epoch: item.epoch, offset: item.publication.offset }
  return epoch === head.epoch && offset > head.offset
}
