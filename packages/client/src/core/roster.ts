import type { ChannelMember, PresenceEvent } from './types.js'

type Change = 'joined' | 'updated' | 'departed'

/** Who is present in a channel, as far as it was told. */
export class Roster {
  #members: ReadonlyMap<string, ChannelMember> | undefined

  /** Takes in one change; undefined when it says nothing new. */
  change(kind: Change, member: ChannelMember): PresenceEvent | undefined {
    const members = new Map(this.#members)
    if (kind === 'departed') members.delete(member.session)
    else members.set(member.session, member)
    return this.replace([...members.values()])
  }

  /** Takes in a whole roster: the difference is what happened while nobody told. Undefined when there is none, but for the first time. */
  replace(members: readonly ChannelMember[]): PresenceEvent | undefined {
    const first = this.#members === undefined
    const before = this.#members ?? new Map<string, ChannelMember>()
    const now = new Map(members.map((member) => [member.session, member]))
    this.#members = now
    const joined = members.filter(({ session }) => !before.has(session))
    const updated = members.filter((member) => {
      const known = before.get(member.session)
      return known !== undefined && JSON.stringify(known) !== JSON.stringify(member)
    })
    const departed = [...before.values()].filter(({ session }) => !now.has(session))
    const quiet = joined.length + updated.length + departed.length === 0
    return quiet && !first ? undefined : { members, joined, updated, departed }
  }
}
