import type { Entering } from '@millrace/server'

interface Place {
  readonly channel: string
  readonly session: string
  readonly generation: number
}

/** The members this node has entered, so that Redis can be told again; and those of which it is not known whether they are out. */
export class OwnMembers {
  readonly #members = new Map<string, Map<string, Entering>>()
  readonly #doubts = new Map<string, Place>()

  /** True when it is the channel's first. */
  enter(channel: string, member: Entering): boolean {
    const members = this.#members.get(channel)
    if (members === undefined) this.#members.set(channel, new Map([[member.session, member]]))
    else members.set(member.session, member)
    return members === undefined
  }

  /** True when it was the channel's last. */
  depart(channel: string, session: string): boolean {
    const members = this.#members.get(channel)
    if (members === undefined || !members.delete(session) || members.size > 0) return false
    return this.#members.delete(channel)
  }

  get(channel: string, session: string): Entering | undefined {
    return this.#members.get(channel)?.get(session)
  }

  list(): { readonly channel: string; readonly members: readonly Entering[] }[] {
    return [...this.#members].map(([channel, members]) => ({ channel, members: [...members.values()] }))
  }

  /** It should not be there, and may be. */
  doubt(place: Place): void {
    const { channel, session } = place
    this.depart(channel, session)
    this.#doubts.set(`${channel} ${session}`, place)
  }

  /** The doubtful ones, each once: whoever takes them settles them. */
  takeDoubts(): Place[] {
    const doubts = [...this.#doubts.values()]
    this.#doubts.clear()
    return doubts
  }
}
