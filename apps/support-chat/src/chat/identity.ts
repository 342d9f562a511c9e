import type { Role } from '../domain/ticket.js'

/** Who this browser is, as the server said when it gave out the token. */
export interface Identity {
  readonly token: string
  readonly user: { readonly id: string; readonly role: Role; readonly name: string }
}

/** Why no token was given, for the person to read. */
export class NoToken extends Error {
  override readonly name = 'NoToken'
  /** Whether asking again can help: the server was not reached, or failed. */
  readonly temporary: boolean

  constructor(message: string, temporary: boolean) {
    super(message)
    this.temporary = temporary
  }
}

/** Asks one of the application's own endpoints for a token. Throws NoToken. */
export async function askForToken(path: string, body: object, known?: Identity): Promise<Identity> {
  const response = await fetch(path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(known && { authorization: `Bearer ${known.token}` }),
    },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new NoToken('The server can’t be reached. Please try again in a moment', true)
  })
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok && isIdentity(answer)) return answer
  throw new NoToken(messageOf(answer), response.status >= 500)
}

/** The identity a storage keeps under this key, if it is one. */
export function storedIdentity(storage: Storage, key: string): Identity | undefined {
  try {
    const stored: unknown = JSON.parse(storage.getItem(key) ?? 'null')
    return isIdentity(stored) ? stored : undefined
  } catch {
    return undefined
  }
}

export function keepIdentity(storage: Storage, key: string, identity: Identity | undefined): void {
  try {
    if (identity === undefined) storage.removeItem(key)
    else storage.setItem(key, JSON.stringify(identity))
  } catch {
    // Without storage the identity lasts as long as the page.
  }
}

function isIdentity(value: unknown): value is Identity {
  const { token, user } = (value ?? {}) as { token?: unknown; user?: Partial<Identity['user']> | null }
  return typeof token === 'string' && typeof user?.id === 'string' && typeof user.name === 'string'
}

function messageOf(answer: unknown): string {
  const { message } = (answer ?? {}) as { message?: unknown }
  return typeof message === 'string' ? message : 'The server did not answer as expected'
}
