import { randomUUID } from 'node:crypto'
import { MillraceError, type MillraceServer } from '@millrace/server'
import { type About, CALLS, may, refusalFor } from './access.js'
import { Announcer } from './announcer.js'
import type { SupportApi } from './api.js'
import type { Note } from './domain/conversation.js'
import { type Changed, type HelpDesk, Refused } from './domain/help-desk.js'
import { agentOf, type Person, sideOfRole, type Ticket } from './domain/ticket.js'
import type { Agent, Agents } from './login/agents.js'
import type { Logins } from './login/logins.js'
import type { User } from './login/tokens.js'
import { supportChannel } from './names.js'
import type { Store } from './store.js'

/** Longer than a conversation is kept. */
const MUTED_FOR = '30d'

export interface CallContext {
  readonly desk: HelpDesk
  readonly store: Store
  readonly agents: Agents
  readonly logins: Logins
  readonly now: () => number
}

/** What each call does: check who asks (access.ts), let the help desk decide, tell everybody concerned. */
export function serveCalls(millrace: Chat, context: CallContext): void {
  const telling = new Telling(new Announcer(millrace, context.desk), context.store)
  serveBothSides(millrace, context, telling)
  serveCustomers(millrace, context, telling)
  serveAgents(millrace, context, telling)
}

type Chat = MillraceServer<SupportApi, User>

/** Saves what changed, and tells everybody concerned. */
class Telling {
  readonly #announcer: Announcer
  readonly #store: Store

  constructor(announcer: Announcer, store: Store) {
    this.#announcer = announcer
    this.#store = store
  }

  tickets(changed: readonly Ticket[]): Promise<void> {
    this.#store.save(changed)
    return this.#announcer.tickets(changed)
  }

  /** With a line in the conversation. Both are handed over in one turn, so that no other call's news comes between them. */
  async noted(note: Note, changed: Changed): Promise<Record<string, never>> {
    await Promise.all([this.#announcer.note(changed[0].id, note), this.tickets(changed)])
    return {}
  }
}

function serveBothSides(millrace: Chat, { desk, now }: CallContext, telling: Telling): void {
  millrace.handle('support.mark', async ({ request, user }) => {
    check('support.mark', user, { ticket: desk.get(request.ticket) })
    // Nobody has read what is not written yet: a clock that runs ahead must not hide what comes.
    const marks = { delivered: capped(request.delivered, now()), read: capped(request.read, now()) }
    const changed = allowed(() => desk.mark(request.ticket, sideOfRole(user.role), marks))
    if (changed !== undefined) await telling.tickets([changed])
    return {}
  })

  millrace.handle('support.close', ({ request, user }) => {
    check('support.close', user, { ticket: desk.get(request.ticket) })
    const by = sideOfRole(user.role)
    const changed = allowed(() => desk.close({ ticket: request.ticket, by, now: now() }))
    return telling.noted({ event: 'closed', by, name: user.name }, changed)
  })
}

function serveCustomers(millrace: Chat, { desk, now }: CallContext, telling: Telling): void {
  millrace.handle('support.open', async ({ user }) => {
    check('support.open', user)
    const customer = personOf(user)
    const before = desk.openTicketOf(customer.id)
    const ticket = allowed(() => desk.open({ id: randomUUID(), customer, now: now() }))
    if (ticket !== before) await telling.tickets([ticket])
    return desk.view(ticket)
  })

  millrace.handle('support.find', ({ request, user }) => {
    check('support.find', user)
    const ticket = ticketFor(desk, user, request.ticket)
    return ticket === undefined ? {} : { ticket: desk.view(ticket) }
  })
}

function serveAgents(millrace: Chat, { desk, agents, logins, now }: CallContext, telling: Telling): void {
  millrace.handle('desk.tickets', ({ user }) => {
    check('desk.tickets', user)
    return { tickets: desk.all(), agents: [...agents.all()] }
  })

  millrace.handle('desk.take', ({ request: { ticket }, user }) => {
    check('desk.take', user, { ticket: desk.get(ticket) })
    const changed = allowed(() => desk.take({ ticket, agent: personOf(user), now: now() }))
    return telling.noted({ event: 'taken', agent: user.name }, changed)
  })

  millrace.handle('desk.assign', ({ request: { ticket, agent: id }, user }) => {
    const before = desk.get(ticket)
    check('desk.assign', user, { ticket: before })
    const agent = personOf(known(agents, id))
    const handedOver = before !== undefined && agentOf(before) !== undefined
    const changed = allowed(() => desk.assign({ ticket, agent, now: now() }))
    const taken = { event: 'taken', agent: agent.name } as const
    return telling.noted(handedOver ? { ...taken, event: 'assigned', by: user.name } : taken, changed)
  })

  millrace.handle('desk.mute', async ({ request: { ticket: id, muted }, user }) => {
    const ticket = desk.get(id)
    check('desk.mute', user, { ticket })
    const changed = allowed(() => desk.mute({ ticket: id, muted }))
    await mute(millrace, changed[0], muted)
    return telling.noted({ event: muted ? 'muted' : 'unmuted', by: user.name }, changed)
  })

  millrace.handle('desk.signOut', async ({ request, user }) => {
    check('desk.signOut', user, request)
    await logins.endAll(known(agents, request.agent).id)
    return {}
  })
}

/**
 * The rules of access.ts are asked at this server, about what its help desk knows. What is taken away holds at every server, and for what a page
 * has sent already; the customer's connection, and what they read, go on.
 */
async function mute(millrace: Chat, { id, customer }: Ticket, muted: boolean): Promise<void> {
  const channels = { [supportChannel(id)]: ['publish', 'ephemeral'] } as const
  await millrace.revoke({ user: customer.id, channels }, { for: muted ? MUTED_FOR : 0 })
}

/** Throws `forbidden` when the rule of this call says so. */
function check(method: keyof typeof CALLS, user: User, about?: About): void {
  const rule = CALLS[method]
  if (!may(rule, user, about)) throw new MillraceError('forbidden', { message: refusalFor(rule, user) })
}

function known(agents: Agents, id: string): Agent {
  const agent = agents.withId(id)
  if (agent !== undefined) return agent
  throw new MillraceError('application-error', { message: 'There is no such agent' })
}

const personOf = ({ id, name }: Person): Person => ({ id, name })

/** The ticket a customer comes back to: the open one, or the closed one this device still shows. */
function ticketFor(desk: HelpDesk, user: User, asked: string | undefined): Ticket | undefined {
  const open = desk.openTicketOf(user.id)
  if (open !== undefined) return open
  const ticket = asked === undefined ? undefined : desk.get(asked)
  return ticket?.customer.id === user.id ? ticket : undefined
}

/** Runs a rule of the help desk; its refusal reaches the person who asked. */
function allowed<T>(rule: () => T): T {
  try {
    return rule()
  } catch (error) {
    if (error instanceof Refused) throw new MillraceError('application-error', { message: error.message })
    throw error
  }
}

const capped = <M extends { time: number; offset: number }>(
  mark: M | undefined,
  now: number,
): M | undefined => (mark === undefined || mark.time <= now ? mark : { ...mark, time: now })
