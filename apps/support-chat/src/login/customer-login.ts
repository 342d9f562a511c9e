import { randomUUID } from 'node:crypto'
import { HttpProblem, readJson } from '@millrace/ui/serve'
import { z } from 'zod'
import { NAME_LIMIT, tidyName } from '../domain/text.js'
import { userId } from '../names.js'
import { bodyOf } from './body.js'
import { cookieOf, setCookie } from './cookies.js'
import type { Endpoint, LoginParts } from './parts.js'
import { COOKIE_LIFE, type User } from './tokens.js'

const COOKIE = 'support-customer'
const LIFE = COOKIE_LIFE.customer
/** A cookie is renewed when so much of its life is over, in milliseconds. */
const RENEWED_AFTER = 24 * 3_600_000

const Begin = z.object({
  name: z.string().max(1_000).transform(tidyName).pipe(z.string().min(1).max(NAME_LIMIT)),
})

/** A customer says a name, and is the same person in this browser for as long as they come back within a week. */
export class CustomerLogin {
  readonly #parts: LoginParts

  constructor(parts: LoginParts) {
    this.#parts = parts
  }

  readonly begin: Endpoint = async (request, response) => {
    const { name } = bodyOf(Begin, await readJson(request))
    const known = await this.#parts.tokens.readCookie(cookieOf(request, COOKIE))
    const user: User = {
      id: known?.user.id ?? userId('customer', randomUUID()),
      role: 'customer',
      name,
      login: known?.user.login ?? { id: randomUUID(), at: this.#parts.now() },
    }
    const value = await this.#parts.tokens.cookie(user, LIFE)
    setCookie(request, response, { name: COOKIE, value, life: LIFE })
    return { user: shown(user) }
  }

  readonly token: Endpoint = async (request, response) => {
    await readJson(request)
    const { tokens, now } = this.#parts
    const known = await tokens.readCookie(cookieOf(request, COOKIE))
    if (known === undefined) throw new HttpProblem(401, 'Nobody is known by this cookie: say your name again')
    if (known.expires - now() < LIFE - RENEWED_AFTER) {
      const value = await tokens.cookie(known.user, LIFE)
      setCookie(request, response, { name: COOKIE, value, life: LIFE })
    }
    return { user: shown(known.user), token: await tokens.access(known.user) }
  }
}

const shown = ({ id, role, name }: User) => ({ id, role, name })
