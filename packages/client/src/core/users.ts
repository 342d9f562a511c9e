import type { ChannelMember, PresenceEvent } from './types.js'

/** A user who is present, on one device or several. */
export interface PresentUser<Data = unknown> {
  /** Undefined for a session of nobody in particular, which stands for itself. */
  readonly user: string | undefined
  /** When the first of the devices that are there entered: milliseconds since 1970. */
  readonly since: number
  /** The devices, in the order in which they entered. */
  readonly sessions: readonly ChannelMember<Data>[]
}

/** Every user who is present, and what changed since the event before. */
export interface UsersEvent<Data = unknown> {
  readonly users: readonly PresentUser<Data>[]
  /** Their first device came. */
  readonly joined: readonly PresentUser<Data>[]
  /** A device came, changed or went, and others were there before and are after. */
  readonly updated: readonly PresentUser<Data>[]
  /** Their last device went: with the devices that were there until now. */
  readonly departed: readonly PresentUser<Data>[]
}

/**
 * Folds what a 'presence' event says of sessions into users: somebody with a phone and a laptop comes once and goes once.
 * `room.on('presence', (event) => show(usersOf(event).users))`
 */
export function usersOf<Data>({ members, joined, updated, departed }: PresenceEvent<Data>): UsersEvent<Data> {
  const now = fold(members)
  const isNew = new Set(joined)
  const before = fold([...members.filter((member) => !isNew.has(member)), ...departed])
  const changed = new Set([...joined, ...updated, ...departed].map(nameOf))
  const present = [...now]
  return {
    users: [...now.values()],
    joined: present.filter(([name]) => !before.has(name)).map(([, user]) => user),
    updated: present.filter(([name]) => before.has(name) && changed.has(name)).map(([, user]) => user),
    departed: [...before].filter(([name]) => !now.has(name)).map(([, user]) => user),
  }
}

/** Users by name, in the order in which they came. */
function fold<Data>(members: readonly ChannelMember<Data>[]): Map<string, PresentUser<Data>> {
  const sessions = new Map<string, ChannelMember<Data>[]>()
  for (const member of [...members].sort((a, b) => a.since - b.since)) {
    const name = nameOf(member)
    sessions.set(name, [...(sessions.get(name) ?? []), member])
  }
  return new Map(
    [...sessions].map(([name, all]) => [
      name,
      { user: all[0]?.user, since: all[0]?.since ?? 0, sessions: all },
    ]),
  )
}

/** A session without a user cannot be taken for a user who is called the same. */
const nameOf = ({ user, session }: ChannelMember): string =>
  user === undefined ? `session ${session}` : `user ${user}`
