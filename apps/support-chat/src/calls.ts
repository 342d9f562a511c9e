import { randomUUID } from 'node:crypto'
import { MillraceError, type MillraceServer } from '@millrace/server'
import { sideOf, ticketFor } from './access.js'
import { AGENTS, agentWithId } from './agents.js'
import { Announcer } from './announcer.js'
import type { SupportApi } from './api.js'
import type { Note } from './domain/conversation.js'
import { type Changed, type HelpDesk, Refused } from './domain/help-desk.js'
import { agentOf, type Person, type Ticket } from './domain/ticket.js'
import type { Store } from './store.js'
import type { User } from './token.js'

export interface CallContext {
  readonly desk: HelpDesk
  readonly store: Store
  readonly now: () => number
}

/** What each call does: check who asks, let the help desk decide, tell everybody concerned. */
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
    const ticket = desk.get(request.ticket)
    const side = ticket && sideOf(user, ticket)
    if (side === undefined) throw new MillraceError('forbidden', { message: 'Not your conversation' })
    // Nobody has read what is not written yet: a clock that runs ahead must not hide what comes.
    const marks = { delivered: capped(request.delivered, now()), read: capped(request.read, now()) }
    const changed = allowed(() => desk.mark(request.ticket, side, marks))
    if (changed !== undefined) await telling.tickets([changed])
    return {}
  })

  millrace.handle('support.close', ({ request, user }) => {
    const ticket = desk.get(request.ticket)
    if (user.role === 'customer' && ticket?.customer.id !== user.id) {
      throw new MillraceError('forbidden', { message: 'Not your conversation' })
    }
    const by = user.role
    const changed = allowed(() => desk.close({ ticket: request.ticket, by, now: now() }))
    return telling.noted({ event: 'closed', by, name: user.name }, changed)
  })
}

function serveCustomers(millrace: Chat, { desk, now }: CallContext, telling: Telling): void {
  millrace.handle('support.open', async ({ user }) => {
    const customer = personOf(user, 'customer')
    const before = desk.openTicketOf(customer.id)
    const ticket = allowed(() => desk.open({ id: randomUUID(), customer, now: now() }))
    if (ticket !== before) await telling.tickets([ticket])
    return desk.view(ticket)
  })

  millrace.handle('support.find', ({ request, user }) => {
    personOf(user, 'customer')
    const ticket = ticketFor(desk, user, request.ticket)
    return ticket === undefined ? {} : { ticket: desk.view(ticket) }
  })
}

function serveAgents(millrace: Chat, { desk, now }: CallContext, telling: Telling): void {
  millrace.handle('desk.tickets', ({ user }) => {
    personOf(user, 'agent')
    return { tickets: desk.all(), agents: Object.values(AGENTS) }
  })

  millrace.handle('desk.take', ({ request: { ticket }, user }) => {
    const agent = personOf(user, 'agent')
    const changed = allowed(() => desk.take({ ticket, agent, now: now() }))
    return telling.noted({ event: 'taken', agent: agent.name }, changed)
  })

  millrace.handle('desk.assign', ({ request: { ticket, agent: id }, user }) => {
    const by = personOf(user, 'agent')
    const agent = agentWithId(id)
    if (agent === undefined) {
      throw new MillraceError('application-error', { message: 'There is no such agent' })
    }
    const before = desk.get(ticket)
    const handedOver = before !== undefined && agentOf(before) !== undefined
    const changed = allowed(() => desk.assign({ ticket, agent, now: now() }))
    const taken = { event: 'taken', agent: agent.name } as const
    return telling.noted(handedOver ? { ...taken, event: 'assigned', by: by.name } : taken, changed)
  })
}

/** The person behind a call, if of the right role. Throws `forbidden` otherwise. */
function personOf(user: User, role: User['role']): Person {
  if (user.role === role) return { id: user.id, name: user.name }
  throw new MillraceError('forbidden', { message: `This is for ${role}s` })
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
