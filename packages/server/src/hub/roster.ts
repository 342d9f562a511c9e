import type { Member, StoredPayload } from '@millrace/protocol'
import type { PresenceChange } from './broker-ports.js'

interface Change {
  readonly change: PresenceChange
  readonly member: Member
}

/**
 * Who is in a channel, as far as its watchers on this node were told. What the live feed lost shows when the store is asked, and is
 * told then. [H4.8]
 */
export class Roster {
  #members = new Map<string, Member>()
  /** What came while the store was asked: it may be newer than the answer. */
  #during: Change[] | undefined
  #isKnown = false
  #last: Promise<unknown> = Promise.resolve()

  /** Takes in what the live feed says. False when it is no news; before anything is known all is. */
  take(change: PresenceChange, member: Member): boolean {
    this.#during?.push({ change, member })
    return apply(this.#members, { change, member }) || !this.#isKnown
  }

  /**
   * Asks who is there, and answers with that and with what the watchers have not been told of it. One asks after the other. Of the first
   * answer there is nobody yet who was told otherwise. `counted` runs when all that came until then is in the answer, and nothing else.
   */
  compare(
    read: () => Promise<readonly Member[]>,
    counted: () => void = () => {},
  ): Promise<{ readonly members: readonly Member[]; readonly changes: readonly Change[] }> {
    const compared = this.#last.then(() => this.#compare(read, counted))
    this.#last = compared.catch(() => {})
    return compared
  }

  async #compare(read: () => Promise<readonly Member[]>, counted: () => void) {
    this.#during = []
    try {
      const now = new Map((await read()).map((member) => [member.session, member]))
      for (const change of this.#during) apply(now, change)
      const changes = this.#isKnown ? difference(this.#members, now) : []
      this.#members = now
      this.#isKnown = true
      counted()
      // Not what was read: what came meanwhile may have been no news to others.
      return { members: [...now.values()], changes }
    } finally {
      this.#during = undefined
    }
  }
}

/** False when it changes nothing. */
function apply(members: Map<string, Member>, { change, member }: Change): boolean {
  if (change === 'departed') return members.delete(member.session)
  const before = members.get(member.session)
  members.set(member.session, member)
  return before === undefined || !isSameMember(before, member)
}

function difference(before: ReadonlyMap<string, Member>, now: ReadonlyMap<string, Member>): Change[] {
  const departed = [...before.values()].filter(({ session }) => !now.has(session))
  const others = [...now.values()].flatMap((member): Change[] => {
    const known = before.get(member.session)
    if (known === undefined) return [{ change: 'joined', member }]
    return isSameMember(known, member) ? [] : [{ change: 'updated', member }]
  })
  return [...departed.map((member): Change => ({ change: 'departed', member })), ...others]
}

/** Whether nothing of a member has changed that others see. */
export function isSameMember(one: Member, other: Member): boolean {
  return one.user === other.user && isSamePayload(one.data as StoredPayload, other.data as StoredPayload)
}

function isSamePayload(one: StoredPayload, other: StoredPayload): boolean {
  if (one.codec !== other.codec) return false
  if ('text' in one) return 'text' in other && one.text === other.text
  return 'bytes' in one && 'bytes' in other && isSameBytes(one.bytes, other.bytes)
}

const isSameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index])
