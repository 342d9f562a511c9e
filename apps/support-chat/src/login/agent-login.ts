import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { HttpProblem, readJson } from '@millrace/ui/serve'
import { z } from 'zod'
import { type Agent, tidyUser } from './agents.js'
import { Attempts, networkOf } from './attempts.js'
import { bodyOf } from './body.js'
import { cookieOf, setCookie } from './cookies.js'
import type { Endpoint, LoginParts } from './parts.js'
import { PasswordChecks } from './passwords.js'
import { COOKIE_LIFE, type User } from './tokens.js'

const COOKIE = 'support-agent'
const LIFE = COOKIE_LIFE.agent

const Credentials = z.object({
  user: z.string().max(100).transform(tidyUser).pipe(z.string().min(1, 'who logs in has a user name')),
  password: z.string().min(1, 'who logs in has a password').max(1_000),
})

/** Agents log in by user name and password. */
export class AgentLogin {
  readonly #parts: LoginParts
  readonly #attempts = new Attempts()
  readonly #passwords = new PasswordChecks()

  constructor(parts: LoginParts) {
    this.#parts = parts
  }

  /** Who this browser is, if anybody; else what a demonstration tells about logging in. */
  readonly who: Endpoint = async (request) => {
    const user = await this.#userOf(request)
    return user === undefined ? { demo: this.#parts.agents.demo() } : { user: shown(user) }
  }

  readonly logIn: Endpoint = async (request, response) => {
    const credentials = bodyOf(Credentials, await readJson(request))
    const agent = await this.#check(credentials, request, response)
    const { tokens, logins, now } = this.#parts
    // Who logs in where somebody is logged in already takes the place of that login.
    const before = await this.#userOf(request)
    if (before !== undefined) await logins.end(before.login)
    const user: User = { ...agent, login: { id: randomUUID(), at: now() } }
    setCookie(request, response, { name: COOKIE, value: await tokens.cookie(user, LIFE), life: LIFE })
    return { user: shown(user) }
  }

  readonly token: Endpoint = async (request) => {
    await readJson(request)
    const user = await this.#userOf(request)
    if (user === undefined) throw new HttpProblem(401, 'This login has ended: log in again')
    return { user: shown(user), token: await this.#parts.tokens.access(user) }
  }

  readonly logOut: Endpoint = async (request, response) => {
    await readJson(request)
    const user = await this.#userOf(request)
    setCookie(request, response, { name: COOKIE, value: '', life: 0 })
    if (user !== undefined) await this.#parts.logins.end(user.login)
    return {}
  }

  async #check(
    { user, password }: z.infer<typeof Credentials>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Agent> {
    const { agents, now, addressOf } = this.#parts
    const address = networkOf(addressOf(request))
    if (this.#passwords.isBusy)
      throw tooSoon(response, { status: 503, what: 'Too many people are logging in', wait: 5_000 })
    const wait = this.#attempts.take(user, address, now())
    if (wait > 0) throw tooSoon(response, { status: 429, what: 'Too many failed attempts', wait })
    const account = agents.account(user)
    const isRight = await this.#passwords.check(password, account?.password)
    if (account === undefined || !isRight)
      throw new HttpProblem(401, 'That user name and password do not match')
    this.#attempts.giveBack(user, address)
    return account.agent
  }

  /** Whose cookie the request brings, as the accounts know them now: who was removed, or is no lead any more, is not by yesterday's cookie. */
  async #userOf(request: IncomingMessage): Promise<User | undefined> {
    const { tokens, logins, agents } = this.#parts
    const known = await tokens.readCookie(cookieOf(request, COOKIE))
    if (known === undefined || logins.isEnded(known.user)) return undefined
    const agent = agents.withId(known.user.id)
    return agent && { ...agent, login: known.user.login }
  }
}

interface TooSoon {
  readonly status: number
  readonly what: string
  /** Milliseconds. */
  readonly wait: number
}

function tooSoon(response: ServerResponse, { status, what, wait }: TooSoon): HttpProblem {
  const seconds = Math.ceil(wait / 1000)
  response.setHeader('retry-after', String(seconds))
  return new HttpProblem(status, `${what}. Try again in ${seconds} s`)
}

const shown = ({ id, role, name }: User) => ({ id, role, name })
