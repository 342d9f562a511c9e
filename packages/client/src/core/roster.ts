import type { ChannelMember, PresenceEvent } from './types.js'

type Change = 'joined' | 'updated' | 'departed'

/** Who is present in a channel, as far as it was told. */
export class Roster {
  readonly #members = new Map<string, ChannelMember>()
  #known = false

  /** Takes in one change; undefined when it says nothing new. */
  change(kind: Change, member: ChannelMember): PresenceEvent | undefined {
    const { session } = member
    const known = this.#members.has(session)
    if (kind === 'departed') {
      if (!this.#members.delete(session)) return undefined
    } else {
      this.#members.set(session, member)
      kind = known ? 'updated' : 'joined'
    }
    return this.#event({ [kind]: [member] })
  }

  /** Takes in a whole roster: the difference is what happened while nobody told. Undefined when there is none, but for the first time. */
  replace(members: readonly ChannelMember[]): PresenceEvent | undefined {
    const before = new Map(this.#members)
    this.#members.clear()
    const joined: ChannelMember[] = []
    const updated: ChannelMember[] = []
    for (const member of members) {
      const known = before.get(member.session)
      before.delete(member.session)
      this.#members.set(member.session, member)
      if (known === undefined) joined.push(member)
      else if (JSON.stringify(known) !== JSON.stringify(member)) updated.push(member)
    }
    const departed = [...before.values()]
    const quiet = this.#known && joined.length + updated.length + departed.length === 0
    this.#known = true
    return quiet ? undefined : this.#event({ joined, updated, departed })
  }

  #event(changes: { readonly [kind in Change]?: readonly ChannelMember[] }): PresenceEvent {
    return { members: [...this.#members.values()], joined: [], updated: [], departed: [], ...changes }
  }
}
