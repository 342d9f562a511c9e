import type { Target } from '@millrace/protocol'
import type { Session } from './session.js'

/** The open sessions of this node, by session and by user. */
export class Directory {
  /** When each was added: milliseconds since 1970. */
  readonly #since = new Map<Session, number>()
  readonly #sessions = new Map<string, Session>()
  readonly #users = new Map<string, Set<Session>>()

  get size(): number {
    return this.#sessions.size
  }

  add(session: Session, now: number): void {
    this.#since.set(session, now)
    this.#sessions.set(session.id, session)
    const user = session.user?.id
    if (user === undefined) return
    const devices = this.#users.get(user)
    if (devices === undefined) this.#users.set(user, new Set([session]))
    else devices.add(session)
  }

  remove(session: Session): void {
    this.#since.delete(session)
    this.#sessions.delete(session.id)
    const user = session.user?.id
    const devices = user === undefined ? undefined : this.#users.get(user)
    if (user === undefined || devices === undefined) return
    devices.delete(session)
    if (devices.size === 0) this.#users.delete(user)
  }

  session(id: string): Session | undefined {
    return this.#sessions.get(id)
  }

  /** All devices of a user. */
  ofUser(user: string): readonly Session[] {
    return [...(this.#users.get(user) ?? [])]
  }

  /** The session meant: itself, or the latest of the user. */
  find({ session, user }: Target): Session | undefined {
    if (session !== undefined) return this.session(session)
    return user === undefined ? undefined : this.ofUser(user).at(-1)
  }

  /** When a session here connected: milliseconds since 1970. */
  since(session: Session): number {
    return this.#since.get(session) ?? 0
  }

  all(): IterableIterator<Session> {
    return this.#sessions.values()
  }
}
