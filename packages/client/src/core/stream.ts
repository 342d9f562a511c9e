import {
  chain,
  type Gap,
  type MessageBodies,
  type MillraceError,
  type Position,
  type Publication,
  predecessor,
} from '@millrace/protocol'
import type { Settle } from './pending.js'
import type { Clock } from './ports.js'

type History = MessageBodies['history']

export interface StreamEvents {
  publication(publication: Publication, recovered: boolean): void
  gap(gap: Gap): void
  /** Asks for the publications after a position. */
  read(since: Position, done: Settle<History>): void
  /** Asks for a new subscription from `position` on; until it stands, what arrives is void. */
  restart(): void
}

/** What a live stream pushes: publications, and gaps, which have no offset of their own. */
export type Item = Publication | (Gap & { readonly offset?: undefined })

/** How often history is asked to close a hole before what is missing counts as lost. */
const TRIES = 5
/** The wait before the second try, in milliseconds; it grows fourfold. The history may be a replica that lags behind. */
const PAUSE = 100

/**
 * The order of one subscription: hands on publications in one unbroken chain, each once, or says what is missing.
 * docs/protocol.md section 6.
 */
export class Stream {
  /** Of the last publication handed on [P6.3]. */
  position: Position | undefined
  readonly #clock: Clock
  readonly #limit: number
  readonly #events: StreamEvents
  /** What arrived while a hole is being closed; absent when there is none. */
  #held: Item[] | undefined
  /** Grows with every subscription; what belongs to an earlier one is void. */
  #generation = 0

  constructor(clock: Clock, limit: number, events: StreamEvents) {
    this.#clock = clock
    this.#limit = limit
    this.#events = events
  }

  /** The subscription stands: hands on what came with it, and asks for what that leaves open. */
  joined({ position: head, recovered, gap, publications = [] }: MessageBodies['subscribed']): void {
    this.cut()
    const live = this.#fence()
    const [first] = publications
    // Without a position to go on from, whatever lies before was not asked for.
    const fresh = this.position === undefined
    this.position ??= { epoch: head.epoch, offset: first === undefined ? head.offset : predecessor(first) }
    if (gap !== undefined) this.#take(gap)
    // A listener may end this subscription with any of them.
    for (const publication of publications) if (live()) this.receive(publication, true)
    if (!live() || this.#held !== undefined) return
    if (this.#reached(head)) return
    // A server that subscribed this session by itself knows no position to recover from: then history has to say.
    const told = fresh || (recovered !== undefined && this.position.epoch === head.epoch)
    if (told) this.position = head
    else this.#close(head)
  }

  /** An item of the live stream. */
  receive(item: Item, recovered = false): void {
    if (this.#held === undefined) {
      if (this.#take(item, recovered)) return
      this.#held = [item]
      this.#close(this.#before(item))
    } else if (this.#held.push(item) > this.#limit) {
      // History will have it: a new subscription brings it.
      this.#events.restart()
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

  #reached(goal: Position): boolean {
    const { epoch, offset } = this.position ?? goal
    return epoch === goal.epoch && offset >= goal.offset
  }

  /** Hands on what comes next, drops what came before; false when something is missing in between [P6.2]. */
  #take(item: Item, recovered = false): boolean {
    const position = this.position ?? { epoch: '', offset: 0 }
    if (item.offset === undefined) return this.#takeGap(item, position)
    const place = chain(position.offset, item)
    if (place === 'next') {
      this.position = { epoch: position.epoch, offset: item.offset }
      this.#events.publication(item, recovered)
    }
    return place !== 'hole'
  }

  #takeGap(gap: Gap, position: Position): boolean {
    const { from, to } = gap
    if (this.#reached(to)) return true
    // What lies between is not told lost: it may still be had.
    if (from?.epoch === to.epoch && to.epoch === position.epoch && from.offset > position.offset) return false
    this.position = to
    this.#events.gap({ ...gap, from: position })
    return true
  }

  /** Where the stream must have come to for an item to be next. */
  #before(item: Item): Position {
    return item.offset === undefined
      ? (item.from ?? item.to)
      : { epoch: this.position?.epoch ?? '', offset: predecessor(item) }
  }

  /** Asks history for everything up to `goal` and holds back what comes meanwhile [P6.4]. */
  #close(goal: Position, tries = 1): void {
    const since = this.position ?? goal
    const live = this.#fence()
    this.#held ??= []
    this.#events.read(since, (error, answer) => {
      if (!live()) return
      const whole = answer !== undefined && this.#hand(answer, live)
      if (!live()) return
      // Nothing comes after the last of them up to the head, or it is not for this session.
      const head = whole && !answer.more ? answer.position : since
      if (head.epoch === this.position?.epoch && !this.#reached(head)) this.position = head
      // What is held belongs to the epoch that is over, and nobody can tell what follows it.
      if (this.position?.epoch !== since.epoch) this.#events.restart()
      else if (this.#reached(goal)) this.#release(live)
      else if (whole && answer.more && this.position !== since) this.#close(goal)
      else this.#again(goal, tries, error)
    })
  }

  /** Hands on an answer of the history; false when its own chain is broken. */
  #hand({ gap, publications }: History, live: () => boolean): boolean {
    if (gap !== undefined) this.#take(gap)
    for (const publication of publications) {
      if (!live()) return false
      if (!this.#take(publication, true)) return false
    }
    return true
  }

  #again(goal: Position, tries: number, error: MillraceError | undefined): void {
    const live = this.#fence()
    if (tries < TRIES && error?.retry !== 'never') {
      this.#clock.schedule(PAUSE * 4 ** (tries - 1), () => {
        if (live()) this.#close(goal, tries + 1)
      })
      return
    }
    // The chain says that the server had it, and the server does not give it.
    const reason = goal.epoch === this.position?.epoch ? 'broker-lost' : 'epoch-changed'
    this.#take({ to: goal, reason })
    this.#release(live)
  }

  /** Hands on what was held, up to the next hole if there is one. */
  #release(live: () => boolean): void {
    for (;;) {
      if (!live()) return
      const item = this.#held?.[0]
      if (item === undefined) break
      if (!this.#take(item)) {
        this.#close(this.#before(item))
        return
      }
      this.#held?.shift()
    }
    this.#held = undefined
  }
}
