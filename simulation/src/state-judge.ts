import type { Fact } from '@millrace/testing/parts'
import type { Person } from './person.js'
import type { Heard, Reader } from './reader.js'
import type { World } from './world.js'

const isState = (channel: string): boolean => channel.startsWith('state:')

/** Readers of states hear what was stored, in order, and have in the end what there is: superseded values may be passed over. */
export function judgeStates(world: World): string[] {
  return world.people.flatMap((person) =>
    [...person.retired, ...person.readers.values()]
      .filter(({ channel }) => isState(channel))
      .flatMap((reader) => {
        const broken = judgeHeard(reader, world)
        const isCurrent = person.readers.get(reader.channel) === reader
        return isCurrent ? [...broken, ...judgeValues(person, reader, world)] : broken
      }),
  )
}

function judgeHeard({ person, channel, heard }: Reader, { brokers }: World): string[] {
  const facts = brokers.store.facts.filter((fact) => fact.channel === channel)
  const track = new Track(facts)
  for (const [index, one] of heard.entries()) {
    const wrong = track.hear(one)
    if (wrong !== undefined) return [`${person} on ${channel}: ${wrong}, at ${one.at} ms (#${index})`]
  }
  return []
}

/** Where a reader of a state stands. */
class Track {
  readonly #byOffset = new Map<number, Fact[]>()
  /** The epochs it may be in: what comes does not say, and the same may have been stored in two. */
  #epochs: readonly string[] | undefined
  #last = 0

  constructor(facts: readonly Fact[]) {
    for (const fact of facts) {
      const others = this.#byOffset.get(fact.offset)
      if (others === undefined) this.#byOffset.set(fact.offset, [fact])
      else others.push(fact)
    }
  }

  hear(one: Heard): string | undefined {
    if ('gap' in one) return 'a gap, which a state has not'
    if ('snapshot' in one) {
      this.#epochs = undefined
      this.#last = 0
      return undefined
    }
    const said = 'key' in one ? `'${one.key.slice(0, 30)}'` : `the end of ${one.removed}`
    const there = this.#byOffset.get(one.offset) ?? []
    const epochs = there.filter((fact) => isThat(fact, one)).map(({ epoch }) => epoch)
    if (epochs.length === 0) return `${said} at ${one.offset} was not stored there`
    const before = this.#epochs
    this.#epochs = before === undefined ? epochs : epochs.filter((epoch) => before.includes(epoch))
    if (this.#epochs.length === 0) return `${said} of ${epochs} came after ${before} without a word`
    if (one.offset <= this.#last)
      return `${said} at ${one.offset} came after ${this.#last}: twice, or out of order`
    this.#last = one.offset
    return undefined
  }
}

const isThat = (
  { key, removes, about }: Fact,
  one: Exclude<Heard, { gap: unknown } | { snapshot: true }>,
): boolean => ('key' in one ? key === one.key : removes && about === one.removed)

/**
 * Up to where a reader's position is of another past: it has heard what went with the end of the stream when that was set back, and
 * nothing since then says so. Positions have been used again; what was stored at them meanwhile it cannot know to be missing.
 */
function endOfAnotherPast({ channel, heard }: Reader, facts: readonly Fact[]): number {
  const lost = facts.filter((fact) => fact.channel === channel && fact.isLost)
  const since = heard.slice(heard.findLastIndex((one) => 'snapshot' in one) + 1)
  const offsets = since
    .filter((one) => 'offset' in one)
    .filter((one) => lost.some((fact) => fact.offset === one.offset && isThat(fact, one)))
    .map(({ offset }) => offset)
  return Math.max(0, ...offsets)
}

/** Each value is the newest there was; one that the store has let go may still be there, or not. */
function judgeValues(person: Person, reader: Reader, { brokers }: World): string[] {
  const { store } = brokers
  const { channel } = reader
  const unknown = endOfAnotherPast(reader, store.facts)
  const { epoch, kept } = store.stream(channel)
  const values = person.valuesOf(channel)
  const broken: string[] = []
  const newest = new Map<string, Fact>()
  for (const fact of store.facts)
    if (fact.channel === channel && fact.epoch === epoch && !fact.isLost && fact.about !== undefined)
      newest.set(fact.about, fact)
  for (const { key = '', offset, removed } of kept) {
    if (offset <= unknown) continue
    if ((values.get(key) ?? 0) !== (removed ? 0 : offset))
      broken.push(
        `${person.name} has ${key} of ${channel} as of ${values.get(key)}, and there is ${offset}${removed ? ', which took it away' : ''}`,
      )
  }
  for (const [about, offset] of values)
    if (offset > unknown && newest.get(about)?.offset !== offset)
      broken.push(
        `${person.name} has ${about} of ${channel} as of ${offset}, and the newest was ${newest.get(about)?.offset}`,
      )
  return [...new Set(broken)]
}
