import type { GapReason, Member, Position } from '@millrace/protocol'
import type {
  Appended,
  Entering,
  Known,
  NewPublication,
  PresenceChange,
  StoredPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
} from '@millrace/server/hub'

/** A publication as it was stored, whatever became of it later. */
export interface Fact {
  /** When it was stored, in milliseconds since 1970. */
  readonly time: number
  readonly channel: string
  readonly epoch: string
  readonly offset: number
  /** What the publisher wrote: no two publications of a run say the same. */
  readonly key: string
  readonly id: string | undefined
  readonly exclude: string | undefined
  /** Of a state, what it is about, and whether it took that away. */
  readonly about: string | undefined
  readonly removes: boolean
  /** It went with the end of its stream when a backup was restored, so another one may stand in its place. */
  isLost: boolean
}

interface Stream {
  epoch: string
  head: number
  /** Whether it keeps the newest of each key. */
  isState: boolean
  kept: StoredPublication[]
  /** What newer ones of the same keys have superseded in a state: a backup has it still. */
  superseded: StoredPublication[]
  floor: { offset: number; reason: GapReason } | undefined
  ids: Map<string, Position>
  version: number
}

/** A member that departed, and the connection by which it was one. */
export interface Departure {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly channel: string
  readonly session: string
  readonly generation: number
  /** Whether that connection was subscribed to the channel all the same. */
  readonly isSubscribed: boolean
}

/** What changed about a member. */
export interface MemberChange {
  readonly change: PresenceChange
  readonly member: Member
}

/** A member, and by which connection of its session, on which node. */
export interface Place {
  readonly member: Member
  readonly generation: number
  readonly node: string
}

/**
 * What all nodes share: streams and members, all of it changed in one step. It is written apart from the brokers that ship,
 * so that it can say when they are wrong; and it remembers everything that ever was, which is what clients are judged by.
 */
export class Store {
  readonly #now: () => number
  readonly #streams = new Map<string, Stream>()
  readonly #members = new Map<string, Map<string, Place>>()
  /** Whether a node has this connection, subscribed to the channel. */
  isSubscribed: (connection: Omit<Departure, 'at' | 'isSubscribed'>) => boolean = () => false
  /** Every departure there ever was. */
  readonly departures: Departure[] = []
  /** Every publication stored, in the order of storing. */
  readonly facts: Fact[] = []
  /** The epochs each channel has had, in order. */
  readonly epochs = new Map<string, string[]>()
  #epochs = 0
  #wipes = 0

  constructor(now: () => number) {
    this.#now = now
  }

  get channels(): string[] {
    return [...this.#streams.keys()]
  }

  /** What all nodes of this store share. */
  get secret(): string {
    return `the secret of all nodes, ${this.#wipes}`
  }

  append(
    channel: string,
    publication: NewPublication,
    options: StreamOptions,
  ): { readonly appended: Appended; readonly stored?: StoredPublication } {
    const stream = this.stream(channel)
    const { epoch } = stream
    const { id, version, from, exclude, data, key, removed, expect } = publication
    const known = id === undefined ? undefined : stream.ids.get(id)
    if (known !== undefined) return { appended: { ...known, skipped: 'duplicate' } }
    if (version !== undefined && version <= stream.version)
      return { appended: { epoch, offset: stream.head, skipped: 'stale' } }
    this.#expire(stream, options)
    stream.isState = options.latest === true
    const before = stream.kept.find((one) => one.key === key && !one.removed)?.offset ?? 0
    if (key !== undefined && expect !== undefined && before !== expect)
      return { appended: { epoch, offset: before, skipped: 'conflict' } }
    const offset = ++stream.head
    const stored: StoredPublication = { offset, time: this.#now(), id, from, exclude, data, key, removed }
    if (stream.isState) supersede(stream, key)
    stream.kept.push(stored)
    if (version !== undefined) stream.version = version
    if (id !== undefined) stream.ids.set(id, { epoch, offset })
    this.facts.push({
      time: stored.time,
      channel,
      epoch,
      offset,
      key: keyOf(stored),
      id,
      exclude,
      about: key,
      removes: removed === true,
      isLost: false,
    })
    this.#expire(stream, options)
    return { appended: { epoch, offset }, stored }
  }

  read(channel: string, range: StreamRange, options: StreamOptions): StreamSlice {
    const stream = this.stream(channel)
    this.#expire(stream, options)
    const { epoch, head, kept, floor } = stream
    const slice = { head: { epoch, offset: head }, floor: floor && { ...floor } }
    if ('since' in range) {
      const isHere = range.since.epoch === epoch && range.since.offset <= head
      const after = isHere ? range.since.offset : 0
      const matching = kept.filter(({ offset }) => offset > after)
      const publications = matching.slice(0, range.limit)
      return {
        ...slice,
        publications: stream.isState ? closed(publications, after) : publications,
        more: matching.length > range.limit,
      }
    }
    const matching = kept.filter(({ offset }) => offset < range.before)
    const publications = matching.slice(Math.max(0, matching.length - range.limit))
    return {
      ...slice,
      publications: stream.isState ? closed(publications, (publications[0]?.offset ?? 1) - 1) : publications,
      more: matching.length > range.limit,
    }
  }

  heads(known: readonly Known[]): Position[] {
    return known.map(({ channel, position }) => {
      const stream = this.stream(channel)
      if (position.epoch === stream.epoch && position.offset > stream.head) this.renew(channel)
      return { epoch: stream.epoch, offset: stream.head }
    })
  }

  /** The stream's past is gone, all of it. */
  renew(channel: string): void {
    const stream = this.stream(channel)
    Object.assign(stream, fresh(this.#newEpoch(channel)))
  }

  /** The history is cut down to its newest `size`. */
  trim(channel: string, size: number, reason: GapReason): void {
    const stream = this.stream(channel)
    while (stream.kept.length > size) drop(stream, reason)
  }

  /** The store was lost, and an empty one is in its place. */
  wipe(): void {
    for (const channel of this.channels) this.renew(channel)
    this.#members.clear()
    this.#wipes++
  }

  /** A backup was restored: the newest `count` publications are gone, and nothing says so. */
  rollBack(channel: string, count: number): void {
    const stream = this.stream(channel)
    const head = Math.max(stream.floor?.offset ?? 0, stream.head - count)
    for (const fact of this.facts)
      if (fact.channel === channel && fact.epoch === stream.epoch && fact.offset > head) fact.isLost = true
    stream.head = head
    const back = [...stream.superseded, ...stream.kept].filter(({ offset }) => offset <= head)
    stream.kept = []
    stream.superseded = []
    for (const publication of back.sort((one, other) => one.offset - other.offset)) {
      if (stream.isState) supersede(stream, publication.key)
      stream.kept.push(publication)
    }
    for (const [id, { offset }] of stream.ids) if (offset > head) stream.ids.delete(id)
  }

  stream(channel: string): Stream {
    let stream = this.#streams.get(channel)
    if (stream === undefined) {
      stream = fresh(this.#newEpoch(channel))
      this.#streams.set(channel, stream)
    }
    return stream
  }

  /** Undefined when it says nothing new. */
  enter(channel: string, { generation = 0, ...member }: Entering, node: string): MemberChange | undefined {
    const members = this.members(channel)
    const before = members.get(member.session)
    if (before !== undefined && before.generation > generation) return undefined
    const stored = before === undefined ? member : { ...member, since: before.member.since }
    members.set(member.session, { member: stored, generation, node })
    if (before === undefined) return { change: 'joined', member: stored }
    const isSame = JSON.stringify(before.member) === JSON.stringify(stored)
    return isSame ? undefined : { change: 'updated', member: stored }
  }

  depart(channel: string, session: string, generation = 0): MemberChange | undefined {
    const members = this.members(channel)
    const place = members.get(session)
    if (place === undefined || place.generation > generation) return undefined
    members.delete(session)
    const departure = { at: this.#now(), channel, session, generation: place.generation }
    this.departures.push({ ...departure, isSubscribed: this.isSubscribed(departure) })
    return { change: 'departed', member: place.member }
  }

  /** The members that a node has which is gone. */
  membersOf(
    node: string,
  ): { readonly channel: string; readonly session: string; readonly generation: number }[] {
    return [...this.#members].flatMap(([channel, places]) =>
      [...places.values()]
        .filter((place) => place.node === node)
        .map(({ member: { session }, generation }) => ({ channel, session, generation })),
    )
  }

  members(channel: string): Map<string, Place> {
    const members = this.#members.get(channel) ?? new Map<string, Place>()
    this.#members.set(channel, members)
    return members
  }

  #newEpoch(channel: string): string {
    const epoch = `epoch-${++this.#epochs}`
    this.epochs.set(channel, [...(this.epochs.get(channel) ?? []), epoch])
    return epoch
  }

  #expire(stream: Stream, { size, ttl }: StreamOptions): void {
    while (stream.kept.length > size) drop(stream, 'history-trimmed')
    const oldest = this.#now() - ttl
    while (stream.kept[0] !== undefined && stream.kept[0].time < oldest) drop(stream, 'history-expired')
  }
}

const fresh = (epoch: string): Stream => ({
  epoch,
  head: 0,
  isState: false,
  kept: [],
  superseded: [],
  floor: undefined,
  ids: new Map(),
  version: Number.NEGATIVE_INFINITY,
})

/** What lies between was superseded, and so is not missing. */
const closed = (publications: readonly StoredPublication[], from: number): StoredPublication[] =>
  publications.map((one, index) => {
    const prev = publications[index - 1]?.offset ?? from
    return prev === one.offset - 1 ? one : { ...one, prev }
  })

function drop(stream: Stream, reason: GapReason): void {
  const dropped = stream.kept.shift()
  if (dropped === undefined) return
  // Of a state that forgot something, who stands at its end knows no better than who stands before it.
  stream.floor = { offset: stream.isState ? stream.head : dropped.offset, reason }
  stream.superseded = stream.superseded.filter(({ key }) => key !== dropped.key)
}

function supersede(stream: Stream, key: string | undefined): void {
  const at = stream.kept.findIndex((one) => one.key === key)
  if (at >= 0) stream.superseded.push(...stream.kept.splice(at, 1))
}

function keyOf({ data, removed, key, offset }: StoredPublication): string {
  if (removed) return `-${key} at ${offset}`
  return 'text' in data ? String(JSON.parse(data.text)) : ''
}
