import type { Gap, Position } from '@millrace/protocol'
import type { Fact, Store } from '@millrace/testing/parts'
import type { Ask, Attempt, Heard, Reader } from './reader.js'
import type { World } from './world.js'

/** How long after its deadline a promise may settle: its host may stand still. */
const GRACE = 90_000

/** After a time of peace everybody has everything, though nothing new came by which a hole could be noticed. */
export function judgeSilence({ people, brokers }: World): string[] {
  return people.flatMap((person) =>
    [...person.readers.values()].filter(isStream).flatMap((reader) => {
      const missing = fingerAtEnd(reader, brokers.store)?.rest()
      return missing === undefined ? [] : [`${nameOf(reader)}, after a time of peace: ${missing}`]
    }),
  )
}

/** Holds what everybody was told against what was stored: each sentence is a promise broken. */
export function judge(world: World): string[] {
  const { store } = world.brokers
  const broken = [...world.failures]
  const facts = byKey(store)
  for (const person of world.people) {
    if (!person.isSettled) {
      const state = JSON.stringify(person.client.state)
      broken.push(
        `${person.name} is not connected and subscribed after a time of peace: ${state}, ${person.standing}`,
      )
    }
    for (const reader of [...person.retired, ...person.readers.values()]) {
      const isRetired = person.readers.get(reader.channel) !== reader
      if (isStream(reader)) broken.push(...judgeReader(reader, store, isRetired))
    }
    for (const ask of person.asks) broken.push(...judgeAsk(ask, world.timeline.elapsed))
    for (const attempt of person.attempts)
      broken.push(...judgeAttempt(attempt, facts.get(attempt.key) ?? [], world.timeline.elapsed))
  }
  return broken
}

/** States are judged apart: what was superseded may be passed over. */
const isStream = ({ channel }: Reader): boolean => !channel.startsWith('state:')

const nameOf = ({ person, channel }: Reader): string => `${person} on ${channel}`

/** Undefined where what was heard is wrong already, or nothing was to be heard. */
function fingerAtEnd(reader: Reader, store: Store): Finger | undefined {
  if (reader.start === undefined) return undefined
  const finger = new Finger(reader, store, reader.start)
  const isRight = reader.heard.every((one) => finger.hear(one) === undefined)
  return isRight ? finger : undefined
}

/** Goes through what a reader heard with a finger on what was stored. */
function judgeReader(reader: Reader, store: Store, isRetired: boolean): string[] {
  const { start, heard } = reader
  const who = nameOf(reader)
  if (start === undefined)
    return heard.length === 0 ? [] : [`${who} heard something before it was subscribed`]
  const finger = new Finger(reader, store, start)
  for (const [index, one] of heard.entries()) {
    const wrong = finger.hear(one)
    if (wrong !== undefined) return [`${who}: ${wrong}, at ${one.at} ms (#${index})`]
  }
  const missing = isRetired ? undefined : finger.rest()
  return missing === undefined ? [] : [`${who}: ${missing}`]
}

/** Where a reader stands in what was stored. */
class Finger {
  readonly #facts: readonly Fact[]
  /** Facts by epoch and offset: more than one where a stream was set back. */
  readonly #places = new Map<string, Fact[]>()
  readonly #epochs: readonly string[]
  readonly #reader: Reader
  #at: Position

  constructor(reader: Reader, store: Store, start: Position) {
    this.#reader = reader
    this.#facts = store.facts.filter(({ channel }) => channel === reader.channel)
    for (const fact of this.#facts) {
      const place = show(fact)
      const others = this.#places.get(place)
      if (others === undefined) this.#places.set(place, [fact])
      else others.push(fact)
    }
    this.#epochs = store.epochs.get(reader.channel) ?? []
    this.#at = start
  }

  /** What is wrong with this being heard next. */
  hear(one: Heard): string | undefined {
    if ('gap' in one) return this.#gap(one.gap)
    return 'key' in one ? this.#message(one) : 'heard something that only states say'
  }

  #message({ key, offset, at }: Extract<Heard, { key: string }>): string | undefined {
    const { epoch } = this.#at
    const said = `'${key}' at ${epoch}/${offset}`
    const there = this.#factsAt(epoch, offset)
    if (offset <= this.#at.offset) return `${said} came after ${show(this.#at)}: twice, or out of order`
    if (!there.some((fact) => fact.key === key))
      return `${said} is not what was stored there, '${there[0]?.key}'`
    const missed = this.#missedBefore(offset, at)
    if (missed !== undefined)
      return `'${missed.key}' at ${show(missed)} was passed over for ${said} without a word`
    this.#at = { epoch, offset }
    return undefined
  }

  #gap({ from, to, reason }: Gap): string | undefined {
    const said = `a gap (${reason}) from ${from && show(from)} to ${show(to)}`
    if (from === undefined || !this.#reaches(from))
      return `${said} begins elsewhere than at ${show(this.#at)}`
    const isForward = from.epoch === to.epoch ? to.offset > from.offset : this.#order(to) > this.#order(from)
    // A stream may end before what a reader saw of it: then the reader is told to go back to its end.
    if (!isForward && reason !== 'unknown-position') return `${said} leads nowhere`
    if (isForward && from.epoch === to.epoch && !this.#hasAny(from, to)) return `${said} has nothing in it`
    this.#at = to
    return undefined
  }

  #factsAt(epoch: string, offset: number): readonly Fact[] {
    return this.#places.get(`${epoch}/${offset}`) ?? []
  }

  /** What was stored by then between where it stands and this offset of the epoch, and is for this reader. */
  #missedBefore(offset: number, by: number): Fact | undefined {
    for (let between = this.#at.offset + 1; between < offset; between++) {
      const missed = this.#factsAt(this.#at.epoch, between).find(
        (fact) => fact.time <= by && !fact.isLost && !this.#isOwn(fact),
      )
      if (missed !== undefined) return missed
    }
    return undefined
  }

  /** Whether it stands here: between there may be what it left out itself. */
  #reaches(place: Position): boolean {
    const { epoch, offset } = this.#at
    return place.epoch === epoch && place.offset >= offset && this.#between(this.#at, place).length === 0
  }

  /** What it should have heard by now. */
  rest(): string | undefined {
    const epoch = this.#epochs.at(-1) ?? this.#at.epoch
    const missed = this.#between(this.#at, { epoch, offset: Number.POSITIVE_INFINITY })
    const [first] = missed
    return (
      first &&
      `${missed.length} publications never came, '${first.key}' at ${show(first)} first, after ${show(this.#at)}`
    )
  }

  /** What was stored after one position up to another, and is for this reader. */
  #between(after: Position, upTo: Position): Fact[] {
    const isAfter = (fact: Fact) =>
      fact.epoch === after.epoch ? fact.offset > after.offset : this.#order(fact) > this.#order(after)
    const isUpTo = (fact: Fact) =>
      fact.epoch === upTo.epoch ? fact.offset <= upTo.offset : this.#order(fact) < this.#order(upTo)
    return this.#facts.filter((fact) => isAfter(fact) && isUpTo(fact) && !fact.isLost && !this.#isOwn(fact))
  }

  /** Whether anything was stored there, for whomever. */
  #hasAny({ epoch, offset }: Position, to: Position): boolean {
    return this.#facts.some(
      (fact) => fact.epoch === epoch && fact.offset > offset && fact.offset <= to.offset,
    )
  }

  /** Whether it left this out itself, or what stood in this place before the stream was set back. */
  #isOwn({ epoch, offset }: Fact): boolean {
    return this.#factsAt(epoch, offset).some(
      ({ exclude }) => exclude !== undefined && this.#reader.sessions.has(exclude),
    )
  }

  #order({ epoch }: { readonly epoch: string }): number {
    return this.#epochs.indexOf(epoch)
  }
}

function judgeAsk({ said, dueAt, settledAt, answered, error }: Ask, now: number): string[] {
  if (settledAt === undefined) return now > dueAt + GRACE ? [`the call '${said}' never settled`] : []
  if (error?.startsWith('not a')) return [`the call '${said}' ended with ${error}`]
  return answered === undefined || answered === said ? [] : [`the call '${said}' was answered '${answered}'`]
}

function byKey({ facts }: Store): ReadonlyMap<string, readonly Fact[]> {
  const index = new Map<string, Fact[]>()
  for (const fact of facts) {
    const same = index.get(fact.key)
    if (same === undefined) index.set(fact.key, [fact])
    else same.push(fact)
  }
  return index
}

function judgeAttempt(attempt: Attempt, stored: readonly Fact[], now: number): string[] {
  const { key, settledAt, dueAt, position, channel } = attempt
  if (settledAt === undefined && now > dueAt + GRACE) return [`publishing '${key}' never settled`]
  if (attempt.error?.startsWith('not a')) return [`publishing '${key}' ended with ${attempt.error}`]
  const lasting = stored.filter(({ isLost }) => !isLost)
  const epochs = new Set(lasting.map(({ epoch }) => epoch))
  const broken: string[] = []
  if (epochs.size < lasting.length) broken.push(`'${key}' was stored ${lasting.length} times`)
  const isThere = stored.some(({ epoch, offset }) => epoch === position?.epoch && offset === position.offset)
  if (position !== undefined && !isThere)
    broken.push(`'${key}' in ${channel} was acknowledged at ${show(position)} and is not there`)
  return broken
}

function show({ epoch, offset }: Position): string {
  return `${epoch}/${offset}`
}
