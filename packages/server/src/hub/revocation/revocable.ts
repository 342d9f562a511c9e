import type { Action } from '../actions.js'
import { type Capabilities, wrongWith } from '../capabilities.js'
import type { Identity } from '../identity.js'

/** From whom something is taken away: one of these. */
export interface Subject {
  /** All that the user has: every token issued until now. */
  readonly user?: string | undefined
  /** A session, which then is taken up no more. */
  readonly session?: string | undefined
  /** A token by its name (`jti`). */
  readonly tokenId?: string | undefined
}

/** What is taken away: everything from a subject; or, with `channels` or `calls`, only these. */
export interface Revocable extends Subject {
  /** By name of a channel, which may end in `*`: the actions that are not allowed there any more, `*` for all. */
  readonly channels?: Readonly<Record<string, readonly (Action | '*')[]>> | undefined
  /** The calls that may not be made any more, by names that may end in `*`. */
  readonly calls?: readonly string[] | undefined
}

/** By what somebody is known who wants to connect, or is connected. */
export interface Bearer {
  readonly identity: Identity | undefined
  readonly session: string
}

/** What cannot be taken away as it is said, and which field says so. */
export interface Unrevocable {
  readonly field: 'user' | 'channels' | 'calls'
  readonly message: string
}

/** Characters of a name on the wire. [P3.10] */
const MOST_NAME = 255
const SUBJECTS = ['user', 'session', 'tokenId']

/** What is wrong with it, if anything is. */
export function wrongWithRevocable({ channels, calls, ...subject }: Revocable): Unrevocable | undefined {
  const given = Object.entries(subject).filter(([, value]) => value !== undefined)
  const [name = '', value] = given[0] ?? []
  if (given.length !== 1 || !SUBJECTS.includes(name) || typeof value !== 'string' || value === '')
    return {
      field: 'user',
      message: `revoke() takes one of user, session and tokenId, a text, and of it what channels and calls name: not ${JSON.stringify(subject)}`,
    }
  return (
    wrongIn('channels', channels, Object.keys(channels ?? {})) ??
    wrongIn('calls', calls, calls ?? []) ??
    wrongActions(channels ?? {})
  )
}

function wrongIn(
  field: 'channels' | 'calls',
  taken: Capabilities['channels' | 'calls'],
  names: readonly string[],
): Unrevocable | undefined {
  if (taken === undefined) return undefined
  const wrong = wrongWith({ [field]: taken })
  if (wrong !== undefined) return { field, message: `what revoke() is given ${wrong}` }
  // Taking nothing away, and everything because nothing was named, must not look alike.
  if (names.length === 0)
    return {
      field,
      message: `revoke() is given ${field} that name nothing: name some, or leave ${field} out`,
    }
  if (names.every((name) => name !== '' && name.length <= MOST_NAME)) return undefined
  return { field, message: `revoke() takes names of 1 to ${MOST_NAME} characters in ${field}` }
}

function wrongActions(channels: NonNullable<Revocable['channels']>): Unrevocable | undefined {
  const idle = Object.keys(channels).find((name) => channels[name]?.length === 0)
  if (idle === undefined) return undefined
  const message = `revoke() is given no actions of '${idle}': name some, or * for all`
  return { field: 'channels', message }
}

/** Throws a TypeError unless exactly one subject is named, and what is taken from it is said as capabilities are. */
export function checkRevocable(what: Revocable): Revocable {
  const wrong = wrongWithRevocable(what)
  if (wrong === undefined) return what
  throw new TypeError(wrong.message)
}

/** The name of a subject among all. */
export function keyOf({ user, session, tokenId }: Subject): string {
  if (user !== undefined) return `user:${user}`
  return tokenId === undefined ? `session:${session}` : `token:${tokenId}`
}

/** The names under which something may have been taken from who comes by this. */
export const keysOf = ({ session, identity }: Bearer): readonly string[] => {
  const [user, tokenId] = [identity?.user.id, identity?.tokenId]
  return [
    keyOf({ session }),
    ...(user === undefined ? [] : [keyOf({ user })]),
    ...(tokenId === undefined ? [] : [keyOf({ tokenId })]),
  ]
}

/** Whether somebody is the subject, or comes by it. */
export function isSubject({ user, session, tokenId }: Subject, { identity, session: id }: Bearer): boolean {
  if (user !== undefined) return identity?.user.id === user
  return tokenId === undefined ? id === session : identity?.tokenId === tokenId
}

/** Whether a token of the subject had it when it was taken away. One that does not say when it was issued may have. */
export const hadThen = ({ user }: Subject, at: number, identity: Identity | undefined): boolean =>
  user === undefined || (identity?.issued ?? 0) <= at
