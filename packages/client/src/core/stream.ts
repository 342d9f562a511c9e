import {
  chain,
  type Gap,
  type MessageBodies,
  type Position,
  type Publication,
  predecessor,
} from '@millrace/protocol'
import type { Settle } from './pending.js'

type History = MessageBodies['history']

export interface StreamEvents {
  publication(publication: Publication, recovered: boolean): void
  /** What comes next is all there is of a state: what was known is void. */
  snapshot(): void
  gap(gap: Gap): void
  /** Asks for the publications after a position. */
  read(since: Position, done: Settle<History>): void
  /** Asks for a new subscription from `position` on; until it stands, what arrives is void. */
  restart(): void
}

/** What a live stream pushes: publications, and gaps, which have no offset of their own. */
export type Item = Publication | (Gap & { readonly offset?: undefined })

/**
 * The order of one subscription: hands on publications in one unbroken chain, each once, or says what is missing.
 * docs/protocol.md section 6.
 */
export class Stream {
  /** Of the last publication handed on [P6.3]. */
  position: Position | undefined
  readonly #limit: number
  readonly #events: StreamEvents
  /** What arrived while a hole is being closed; absent when there is none. */
  #held: Item[] | undefined
  /** Grows with every subscription; what belongs to an earlier one is void. */
  #generation = 0
  /** Whether the channel is a state, of which nothing is missing that was superseded. */
  #isState = false

  constructor(limit: number, events: StreamEvents) {
    this.#limit = limit
    this.#events = events
  }

  /** The subscription stands: hands on what came with it, and asks for what that leaves open. */
  joined(body: MessageBodies['subscribed']): void {
    const { position: head, recovered, gap, publications = [], more, ttl, snapshot } = body
    this.cut()
    const isNew = !this.#isState
    this.#isState = ttl !== undefined
    if (this.#isState && isNew && !snapshot) {
      // Changes since a position of an earlier life are not all there is, and what was there before is not known here.
      this.position = undefined
      this.#events.restart()
      return
    }
    if (snapshot) {
      this.position = undefined
      this.#events.snapshot()
    }
    const live = this.#fence()
    const [first] = publications
    // Without a position to go on from, whatever lies before was not asked for.
    const whole = this.position === undefined || recovered !== undefined
    this.position ??= { epoch: head.epoch, offset: first === undefined ? head.offset : predecessor(first) }
    if (gap !== undefined) this.#take(gap)
    for (const publication of publications) {
      // A listener may end this subscription with any of them.
      if (!live()) return
      if (this.#take(publication, true)) continue
      // The server had what lies between, for the chain says so, and does not give it.
      this.#lose({ epoch: head.epoch, offset: predecessor(publication) })
      this.#take(publication, true)
    }
    if (!live()) return
    // A server that subscribed this session by itself knows no position to recover from, and of much it sends a part:
    // then history has to say.
    if (!whole || more) this.#close(head)
    // Nothing comes after the last of them up to the head, or it is not for this session.
    else if (this.position.epoch === head.epoch) this.#reach(head)
    else this.#lose(head)
  }

  /** An item of the live stream. */
  receive(item: Item): void {
    if (this.#held !== undefined) {
      // Of too much, history has the rest: a new subscription brings it.
      if (this.#held.push(item) > this.#limit) this.#events.restart()
    } else if (!this.#take(item)) {
      this.#held = [item]
      this.#close(this.#before(item))
    }
  }

  /** The subscription is gone; the position stays. */
  cut(): void {
    this.#generation++
    this.#held = undefined
  }

  /** Whether the subscription of the moment still stands, asked later. */
  #fence(): () => boolean {
    const generation = this.#generation
    return () => generation === this.#generation
  }

  #reached({ epoch, offset }: Position): boolean {
    return this.position?.epoch === epoch && this.position.offset >= offset
  }

  #reach(head: Position): void {
    if (!this.#reached(head)) this.position = head
  }

  #lose(to: Position): void {
    this.#takeGap({ to, reason: to.epoch === this.position?.epoch ? 'broker-lost' : 'epoch-changed' })
  }

  /** Hands on what comes next, drops what came before; false when something is missing in between [P6.2]. */
  #take(item: Item, recovered = false): boolean {
    if (item.offset === undefined) return this.#takeGap(item)
    const { epoch, offset } = this.position ?? NOWHERE
    const place = chain(offset, item)
    if (place === 'next') {
      this.position = { epoch, offset: item.offset }
      this.#events.publication(item, recovered)
    }
    return place !== 'hole'
  }

  #takeGap(gap: Gap): boolean {
    const { from, to } = gap
    const position = this.position ?? NOWHERE
    // Who stands beyond the stream's end is told to go back to it.
    if (this.#reached(to) && gap.reason !== 'unknown-position') return true
    // What lies between is not told lost: it may still be had.
    if (from?.epoch === position.epoch && to.epoch === position.epoch && from.offset > position.offset)
      return false
    if (this.#isState) {
      // Whatever became of the stream, a new subscription brings all there is.
      this.position = undefined
      this.#events.restart()
    } else {
      this.position = to
      this.#events.gap({ ...gap, from: position })
    }
    return true
  }

  /** Where the stream must have come to for an item to be next. */
  #before(item: Item): Position {
    return item.offset === undefined
      ? (item.from ?? item.to)
      : { ...(this.position ?? NOWHERE), offset: predecessor(item) }
  }

  /** Asks history for everything up to `goal` and holds back what comes meanwhile [P6.4]. */
  #close(goal: Position): void {
    const since = this.position ?? goal
    const live = this.#fence()
    if (this.#reached(goal)) return
    this.#held ??= []
    this.#events.read(since, (_, answer) => {
      if (!live()) return
      const whole = this.#hand(answer, live)
      if (!live()) return
      const { epoch } = this.position ?? since
      if (whole && epoch === since.epoch && this.#reached(goal)) this.#release(live)
      else if (epoch === since.epoch && answer?.more && this.position !== since) this.#close(goal)
      // History cannot close it, or the epoch of what is held is over: a new subscription says what is lost.
      else this.#events.restart()
    })
  }

  /** Hands on an answer of the history; false when its own chain is broken. */
  #hand(answer: History | undefined, live: () => boolean): boolean {
    const { gap, publications = [], position, more } = answer ?? {}
    if (gap !== undefined) this.#take(gap)
    for (const publication of publications) if (!live() || !this.#take(publication, true)) return false
    if (position !== undefined && !more && position.epoch === this.position?.epoch) this.#reach(position)
    return true
  }

  /** Hands on what was held, up to the next hole if there is one. */
  #release(live: () => boolean): void {
    const held = this.#held ?? []
    while (held[0] !== undefined) {
      if (!this.#take(held[0])) {
        this.#close(this.#before(held[0]))
        return
      }
      if (!live()) return
      held.shift()
    }
    this.#held = undefined
  }
}

const NOWHERE: Position = { epoch: '', offset: 0 }
