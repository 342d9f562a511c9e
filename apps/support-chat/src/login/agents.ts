import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { NAME_LIMIT, tidyName } from '../domain/text.js'
import type { Role } from '../domain/ticket.js'
import { userId } from '../names.js'
import { HASH } from './passwords.js'

const Account = z.strictObject({
  user: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, 'a user name is 1 to 40 of a-z, 0-9, dot, _ and -'),
  name: z.string().transform(tidyName).pipe(z.string().min(1).max(NAME_LIMIT)),
  role: z.enum(['agent', 'lead']),
  password: z.string().regex(HASH, 'not the hash of a password: make one with npm run password'),
})

/** Who may log in at the desk, and the hash of their password. */
export type Account = z.infer<typeof Account>

/** An account for trying out, whose password everybody is told. */
export interface DemoAccount extends Account {
  readonly told: string
}

/** Used where there are no others. */
export const DEMO: readonly DemoAccount[] = [
  {
    ...{ user: 'ines', name: 'Ines Moreau', role: 'lead', told: 'mill-wheel-7' },
    password: '$scrypt$ln=15,r=8,p=3$-qi1-cLD1cSqBjeBkY8fMQ$lrYBwwqxkUCQitTkCZTE3ELoERGtbdB2s-wDJbEO9b4',
  },
  {
    ...{ user: 'tomas', name: 'Tomas Berg', role: 'agent', told: 'mill-pond-4' },
    password: '$scrypt$ln=15,r=8,p=3$hMNOIrsC8mmGZf7f3JJlcQ$z6ve3hBzZ6GF-m-PgeRUh1F0j0ALM9cWp_5ZbLqC_eE',
  },
]

/**
 * Reads accounts from a file: a JSON list of `{ "user", "name", "role": "agent" or "lead", "password" }`, the password as the hash that
 * `npm run password` prints. Throws an Error that says what is wrong, where, and how to mend it.
 */
export function agentsFrom(path: string): readonly Account[] {
  const accounts = z.array(Account).min(1, 'somebody must be able to log in').safeParse(jsonOf(path))
  if (!accounts.success) {
    const [issue] = accounts.error.issues
    throw new Error(`${path}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not valid'}`)
  }
  const users = accounts.data.map(({ user }) => user)
  const twice = users.find((user, index) => users.indexOf(user) !== index)
  if (twice !== undefined)
    throw new Error(`${path}: there are two accounts of the user '${twice}': remove one`)
  return accounts.data
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(
      code === 'ENOENT'
        ? `There is no file of agents at ${path}: give the path of one, or none for the demonstration's`
        : `${path} cannot be read as JSON: ${message}`,
    )
  }
}

export interface Agent {
  readonly id: string
  readonly name: string
  readonly role: Role
}

/** The agents, by what they log in with and by what they are known as. */
export class Agents {
  readonly #accounts: readonly Account[]

  constructor(accounts: readonly Account[] = DEMO) {
    this.#accounts = accounts
  }

  all(): readonly Agent[] {
    return this.#accounts.map(agentOf)
  }

  withId(id: string): Agent | undefined {
    return this.all().find((agent) => agent.id === id)
  }

  /** The account of who logs in; capitals and blanks around the name do not matter. */
  account(user: string): { readonly agent: Agent; readonly password: string } | undefined {
    const account = this.#accounts.find((one) => one.user === tidyUser(user))
    return account && { agent: agentOf(account), password: account.password }
  }

  /** What the login page of a demonstration tells everybody. */
  demo(): readonly {
    readonly user: string
    readonly name: string
    readonly role: Role
    readonly password: string
  }[] {
    return this.#accounts === DEMO
      ? DEMO.map(({ user, name, role, told }) => ({ user, name, role, password: told }))
      : []
  }
}

export const tidyUser = (user: string): string => user.trim().toLowerCase()

const agentOf = ({ user, name, role }: Account): Agent => ({ id: userId('agent', user), name, role })
