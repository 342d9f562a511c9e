import { randomUUID } from 'node:crypto'
import { type AuthRequest, Identity, jwt, MillraceError } from '@millrace/server'
import { SignJWT } from 'jose'
import { z } from 'zod'
import { capabilitiesOf, type Who } from '../access.js'
import { NAME_LIMIT } from '../domain/text.js'
import { ROLES } from '../domain/ticket.js'

/** One browser's way in, from the moment somebody logged in until they log out. */
export interface Login {
  readonly id: string
  /** When it was: milliseconds since 1970. */
  readonly at: number
}

export interface User extends Who {
  readonly name: string
  readonly login: Login
}

/** How long an access token holds, in milliseconds. A page fetches the next one a minute before. */
export const TOKEN_LIFE = 15 * 60_000

/** How long a cookie holds, in milliseconds. A customer's is renewed while they come; an agent's ends with the shift. */
export const COOKIE_LIFE = { customer: 7 * 24 * 3_600_000, agent: 12 * 3_600_000 } as const

const ISSUER = 'support-chat'
/** Signed with the same secret, but the one is no good as the other (RFC 8725 §3.9). */
const AUDIENCE = { access: 'support-chat/access', cookie: 'support-chat/cookie' } as const

/** `sid` and `auth_time` are OpenID Connect's: which login it belongs to, and when that was. */
const Claims = z.object({
  sub: z.string().min(1).max(80),
  role: z.enum(ROLES),
  name: z.string().min(1).max(NAME_LIMIT),
  sid: z.string().min(1).max(80),
  auth_time: z.number(),
})

export interface TokenOptions {
  /** At least 32 bytes. */
  readonly secret: string
  readonly now: () => number
  /** Milliseconds. Default TOKEN_LIFE. */
  readonly tokenLife?: number | undefined
}

interface Terms {
  readonly audience: string
  readonly life: number
}

/** Issues JSON Web Tokens, as jose signs them, and reads them by the server's `jwt()`. */
export class Tokens {
  readonly #options: TokenOptions
  readonly #secret: Uint8Array
  readonly #readAccess: (request: AuthRequest) => Promise<Identity<User> | null>
  readonly #readCookie: (request: AuthRequest) => Promise<Identity<User> | null>

  constructor(options: TokenOptions) {
    this.#options = options
    this.#secret = new TextEncoder().encode(options.secret)
    this.#readAccess = readerOf(options.secret, AUDIENCE.access)
    this.#readCookie = readerOf(options.secret, AUDIENCE.cookie)
  }

  /** What a page connects by. */
  access(user: User): Promise<string> {
    const life = this.#options.tokenLife ?? TOKEN_LIFE
    return this.#sign(user, { audience: AUDIENCE.access, life })
  }

  /** What a cookie holds, for so many milliseconds: good for access tokens, and for nothing else. */
  cookie(user: User, life: number): Promise<string> {
    return this.#sign(user, { audience: AUDIENCE.cookie, life })
  }

  /**
   * Says who connects, for Millrace. What can be taken away is a login, with all the tokens it has had and would have: so its name and time stand
   * where those of one token would.
   */
  async identify(request: AuthRequest): Promise<Identity<User> | null> {
    const identity = await this.#readAccess(request)
    if (identity === null) return null
    const { user, expires, capabilities } = identity
    return new Identity(user, { expires, capabilities, tokenId: user.login.id, issued: user.login.at })
  }

  /** Whose cookie it is, and until when; undefined when it is not ours, was changed, or has ended. */
  async readCookie(token: string | undefined): Promise<{ user: User; expires: number } | undefined> {
    try {
      const identity = await this.#readCookie({ token, headers: {}, remoteAddress: '' })
      return identity === null ? undefined : { user: identity.user, expires: identity.expires ?? 0 }
    } catch (error) {
      if (error instanceof MillraceError) return undefined
      throw error
    }
  }

  #sign({ id, role, name, login }: User, { audience, life }: Terms): Promise<string> {
    const now = this.#options.now()
    const capabilities = audience === AUDIENCE.access ? { capabilities: capabilitiesOf(role) } : {}
    return new SignJWT({ role, name, sid: login.id, auth_time: login.at / 1000, ...capabilities })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setSubject(id)
      .setJti(randomUUID())
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(Math.floor((now + life) / 1000))
      .sign(this.#secret)
  }
}

function readerOf(secret: string, audience: string) {
  const read = jwt<User>({ secret, issuer: ISSUER, audience, user: userOf })
  return async (request: AuthRequest): Promise<Identity<User> | null> => read(request)
}

function userOf(claims: unknown): User | null {
  const { success, data } = Claims.safeParse(claims)
  if (!success) return null
  const { sub: id, role, name, sid, auth_time } = data
  return { id, role, name, login: { id: sid, at: Math.round(auth_time * 1000) } }
}
