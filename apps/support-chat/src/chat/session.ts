import { MillraceError } from '@millrace/client'
import type { Role } from '../domain/ticket.js'

/** Who this browser is, as the server says. The proof of it lies in a cookie that no script can read. */
export interface Identity {
  readonly id: string
  readonly role: Role
  readonly name: string
}

/** Why the server did not do what it was asked, for the person to read. */
export class NotDone extends Error {
  override readonly name = 'NotDone'
  /** Whether asking again can help: the server was not reached, failed, or wants to be asked later. */
  readonly temporary: boolean

  constructor(message: string, temporary: boolean) {
    super(message)
    this.temporary = temporary
  }
}

/** Also where something on the way there answers for it. */
const AWAY = 'The server can’t be reached. Please try again in a moment'
const STRANGE = 'The server did not answer as expected'

/** The application's own endpoints, by plain HTTP. Throws NotDone. */
export async function ask(path: string, request: RequestInit = {}): Promise<unknown> {
  const response = await fetch(path, request).catch(() => {
    throw new NotDone(AWAY, true)
  })
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok && answer !== undefined) return answer
  const message = messageOf(answer) ?? (response.status >= 500 ? AWAY : STRANGE)
  throw new NotDone(message, response.status >= 500 || response.status === 429)
}

/** Says something to an endpoint, in JSON, which pages of other sites cannot. Throws NotDone. */
export const tell = (path: string, body: object, request: RequestInit = {}): Promise<unknown> =>
  ask(path, {
    ...request,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/** Who an endpoint says this is, if anybody. */
export function identityIn(answer: unknown): Identity | undefined {
  const { user } = (answer ?? {}) as { user?: unknown }
  return isIdentity(user) ? user : undefined
}

/** A token function for the client: a new token for the cookie, kept nowhere. Without a login that lasts, the client closes for good. */
export const tokenFrom =
  (path: string, onIdentity: (identity: Identity) => void = () => {}) =>
  async ({ signal }: { readonly signal: AbortSignal }): Promise<string> => {
    try {
      const answer = (await tell(path, {}, { signal })) as { readonly token?: unknown }
      const identity = identityIn(answer)
      if (identity !== undefined) onIdentity(identity)
      return String(answer.token)
    } catch (error) {
      if (error instanceof NotDone && !error.temporary)
        throw new MillraceError('unauthenticated', { message: error.message })
      throw error
    }
  }

/** The name that a storage keeps, if it is one. What it proves is nothing: the cookie does. */
export function storedIdentity(storage: Storage, key: string): Identity | undefined {
  try {
    const stored: unknown = JSON.parse(storage.getItem(key) ?? 'null')
    if (isIdentity(stored)) return stored
    // An earlier version of this page kept a token here.
    storage.removeItem(key)
  } catch {
    // Nothing is stored, or nothing may be.
  }
  return undefined
}

export function keepIdentity(storage: Storage, key: string, identity: Identity | undefined): void {
  try {
    if (identity === undefined) storage.removeItem(key)
    else storage.setItem(key, JSON.stringify(identity))
  } catch {
    // Without storage the name lasts as long as the page.
  }
}

function isIdentity(value: unknown): value is Identity {
  const { id, role, name } = (value ?? {}) as Partial<Record<keyof Identity, unknown>>
  return [id, role, name].every((one) => typeof one === 'string')
}

function messageOf(answer: unknown): string | undefined {
  const { message } = (answer ?? {}) as { message?: unknown }
  return typeof message === 'string' ? message : undefined
}
