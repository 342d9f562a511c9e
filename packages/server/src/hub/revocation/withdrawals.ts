import { MillraceError } from '@millrace/protocol'
import type { Action } from '../actions.js'
import { type Bearer, hadThen, keyOf, keysOf, type Revocable, type Subject } from './revocable.js'

/** One thing that somebody may not do any more. */
export interface Withdrawn {
  /** Of a channel, or of a call where `action` is `call`; it may end in `*`. */
  readonly name: string
  readonly action: Action | '*' | 'call'
  /** When it was taken away, and until when that holds, in milliseconds since 1970. */
  readonly at: number
  readonly until: number
}

/** Things that were taken from a subject, which may do everything else. What nodes tell each other, and what the store keeps. */
export interface Withdrawal {
  readonly from: Subject
  readonly things: readonly Withdrawn[]
}

/** So many things may be taken from one subject: they are one value in the store, and looked through at each use. */
export const MOST_THINGS = 100
/** Milliseconds for which is known that something holds no longer: until then the store may still say otherwise. */
const UNDONE = 60_000
/** Lists that have grown so much are looked through for what is over. */
const TIDY_FROM = 1_000

/** What a call of revoke() takes away that names channels or calls; undefined when it takes everything. */
export function withdrawalOf(
  { channels, calls, ...from }: Revocable,
  time: { readonly at: number; readonly until: number },
): Withdrawal | undefined {
  if (channels === undefined && calls === undefined) return undefined
  const actions = Object.entries(channels ?? {}).flatMap(([name, list]) =>
    [...new Set(list)].map((action): Withdrawn => ({ name, action, ...time })),
  )
  return {
    from,
    things: [...actions, ...(calls ?? []).map((name): Withdrawn => ({ name, action: 'call', ...time }))],
  }
}

/** What was taken from subjects thing by thing, as far as it is remembered. Of the same thing the latest holds; different ones add up. */
export class WithdrawalList {
  readonly #bySubject = new Map<string, Withdrawal>()
  #tidyAt = TIDY_FROM

  get size(): number {
    return this.#bySubject.size
  }

  /** False when nothing is new about it. In whatever order and however often nodes hear of things, they come to know the same. */
  take({ from, things }: Withdrawal, now: number): boolean {
    const key = keyOf(from)
    const before = this.#bySubject.get(key)?.things ?? []
    const byThing = new Map(before.map((thing) => [nameOf(thing), thing]))
    const news = things.filter((thing) => !isOver(thing, now) && isNews(thing, byThing.get(nameOf(thing))))
    if (news.length === 0) return false
    for (const thing of news) byThing.set(nameOf(thing), thing)
    this.#bySubject.set(key, { from, things: [...byThing.values()].filter((thing) => !isOver(thing, now)) })
    if (this.#bySubject.size > this.#tidyAt) this.#tidy(now)
    return true
  }

  /** Throws `limit-exceeded` when so much would be taken from the subject that it must be said in another way. */
  checkRoom({ from, things }: Withdrawal, now: number): void {
    const all = new Set([...this.of(from).things, ...things].filter(({ until }) => until > now).map(nameOf))
    if (all.size <= MOST_THINGS) return
    const name = keyOf(from).replace(':', ' ')
    throw new MillraceError('limit-exceeded', {
      message: `At most ${MOST_THINGS} things may be taken from one subject, not ${all.size} from ${name}: take them by names that end in *, or take everything`,
    })
  }

  /** All that was taken from a subject. */
  of(from: Subject): Withdrawal {
    return this.#bySubject.get(keyOf(from)) ?? { from, things: [] }
  }

  /** When something was taken from a subject for the last time. */
  latest(from: Subject): number {
    return Math.max(0, ...this.of(from).things.map(({ at }) => at))
  }

  /** What of it holds for who comes by this. */
  from(bearer: Bearer, now: number): readonly (Withdrawn & Pick<Withdrawal, 'from'>)[] {
    if (this.#bySubject.size === 0) return []
    return keysOf(bearer)
      .flatMap((key) => this.#bySubject.get(key) ?? [])
      .flatMap(({ from, things }) =>
        things
          .filter(({ at, until }) => until > now && hadThen(from, at, bearer.identity))
          .map((thing) => ({ ...thing, from })),
      )
  }

  #tidy(now: number): void {
    for (const [key, { things }] of this.#bySubject)
      if (things.every((thing) => isOver(thing, now))) this.#bySubject.delete(key)
    this.#tidyAt = Math.max(TIDY_FROM, this.#bySubject.size * 2)
  }
}

const nameOf = ({ action, name }: Withdrawn): string => `${action} ${name}`

const isNews = ({ at, until }: Withdrawn, known: Withdrawn | undefined): boolean =>
  known === undefined || at > known.at || (at === known.at && until > known.until)

const isOver = ({ at, until }: Withdrawn, now: number): boolean => until <= now && at <= now - UNDONE

/** Whether one says of each thing of the other as much, or something later. */
export function includes({ things }: Withdrawal, other: Withdrawal): boolean {
  const byThing = new Map(things.map((thing) => [nameOf(thing), thing]))
  return !other.things.some((thing) => isNews(thing, byThing.get(nameOf(thing))))
}

/** Reads what a node said or the store keeps; undefined for what is nothing of the kind. */
export function readWithdrawal(value: object): Withdrawal | undefined {
  const { from, things } = value as Partial<Withdrawal>
  return typeof from === 'object' && from !== null && Array.isArray(things) ? { from, things } : undefined
}
