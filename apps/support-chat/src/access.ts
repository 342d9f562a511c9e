import type { HelpDesk } from './domain/help-desk.js'
import type { Ticket } from './domain/ticket.js'
import type { User } from './token.js'

/** What the channels' authorize hooks decide. Reading is for the customer of the ticket and for agents. */
export function mayRead(user: User | undefined, ticket: Ticket | undefined): boolean {
  if (user === undefined || ticket === undefined) return false
  return user.role === 'agent' || ticket.customer.id === user.id
}

/** Writing and typing: the customer until the conversation is closed, and the one agent who has it. */
export function mayWrite(user: User | undefined, ticket: Ticket | undefined): boolean {
  if (user === undefined || ticket === undefined || ticket.status === 'closed') return false
  if (user.role === 'customer') return ticket.customer.id === user.id
  return ticket.status === 'active' && ticket.agent.id === user.id
}

/** Which side of a conversation this user's receipts count for: an agent's only when the conversation is theirs. */
export function sideOf(user: User, ticket: Ticket): User['role'] | undefined {
  if (user.role === 'customer') return ticket.customer.id === user.id ? 'customer' : undefined
  return ticket.status !== 'waiting' && ticket.agent?.id === user.id ? 'agent' : undefined
}

/** The ticket a customer comes back to: the open one, or the closed one this device still shows. */
export function ticketFor(desk: HelpDesk, user: User, asked: string | undefined): Ticket | undefined {
  const open = desk.openTicketOf(user.id)
  if (open !== undefined) return open
  const known = asked === undefined ? undefined : desk.get(asked)
  return known?.customer.id === user.id ? known : undefined
}
