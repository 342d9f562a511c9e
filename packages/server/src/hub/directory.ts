import type { Session } from './session.js'

/** The open sessions of this node, by session and by user. */
export class Directory {
  readonly #sessions = new Map<string, Session>()
  readonly #users = new Map<string, Set<Session>>()

  get size(): number {
    return this.#sessions.size
  }

  add(session: Session): void {
    this.#sessions.set(session.id, session)
    const user = session.user?.id
    if (user === undefined) return
    const devices = this.#users.get(user)
    if (devices === undefined) this.#users.set(user, new Set([session]))
    else devices.add(session)
  }

  remove(session: Session): void {
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

  all(): IterableIterator<Session> {
    return this.#sessions.values()
  }
}
