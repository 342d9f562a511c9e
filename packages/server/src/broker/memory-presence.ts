import type { Member } from '@millrace/protocol'
import { type Entering, isSameMember, type PresenceChange } from '../hub/index.js'

interface Place {
  readonly member: Member
  readonly generation: number
}

type Tell = (channel: string, change: PresenceChange, member: Member) => void

/** Who is where, in this process's memory. [B8] [B12] */
export class MemoryPresence {
  readonly #channels = new Map<string, Map<string, Place>>()
  readonly #tell: Tell

  constructor(tell: Tell) {
    this.#tell = tell
  }

  /** False when a later connection of the session has entered. */
  enter(channel: string, { generation = 0, ...member }: Entering): boolean {
    const places = this.#channels.get(channel) ?? new Map<string, Place>()
    this.#channels.set(channel, places)
    const before = places.get(member.session)
    if (before !== undefined && before.generation > generation) return false
    const stored = before === undefined ? member : { ...member, since: before.member.since }
    places.set(member.session, { member: stored, generation })
    if (before === undefined) this.#tell(channel, 'joined', stored)
    else if (!isSameMember(before.member, stored)) this.#tell(channel, 'updated', stored)
    return true
  }

  /** False when the session is not there, or is by a later connection. */
  depart(channel: string, session: string, generation = 0): boolean {
    const places = this.#channels.get(channel)
    const place = places?.get(session)
    if (places === undefined || place === undefined || place.generation > generation) return false
    places.delete(session)
    if (places.size === 0) this.#channels.delete(channel)
    this.#tell(channel, 'departed', place.member)
    return true
  }

  members(channel: string): Member[] {
    return [...(this.#channels.get(channel)?.values() ?? [])].map(({ member }) => member)
  }

  has(channel: string, session: string): boolean {
    return this.#channels.get(channel)?.has(session) === true
  }

  count(channel: string): number {
    return this.#channels.get(channel)?.size ?? 0
  }
}
