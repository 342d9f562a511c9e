import type { Receipt } from './mark.js'

/** The two sides of a conversation. */
export type Side = 'customer' | 'agent'

/** What somebody is here. A lead is an agent who may do more; what exactly, access.ts says. */
export const ROLES = ['customer', 'agent', 'lead'] as const
export type Role = (typeof ROLES)[number]

export const sideOfRole = (role: Role): Side => (role === 'customer' ? 'customer' : 'agent')

export interface Person {
  readonly id: string
  readonly name: string
}

interface TicketBase {
  readonly id: string
  readonly customer: Person
  /** Milliseconds since 1970, as all times here. */
  readonly openedAt: number
  readonly receipts: { readonly customer: Receipt; readonly agent: Receipt }
  /** The customer may read, but not write. */
  readonly muted?: true | undefined
  /** Grows with every change, so that a late copy never replaces a newer one. */
  readonly version: number
}

export interface WaitingTicket extends TicketBase {
  readonly status: 'waiting'
}
export interface ActiveTicket extends TicketBase {
  readonly status: 'active'
  readonly agent: Person
  readonly takenAt: number
}
export interface ClosedTicket extends TicketBase {
  readonly status: 'closed'
  /** These two are absent when the customer left before anybody took it. */
  readonly agent?: Person | undefined
  readonly takenAt?: number | undefined
  readonly closedAt: number
  readonly closedBy: Side
}

/** One request for help, from the first message until somebody closes it. */
export type Ticket = WaitingTicket | ActiveTicket | ClosedTicket

/** What the customer is told of the ticket: where it stands, not what the desk knows of others. */
export interface TicketView {
  readonly id: string
  readonly status: Ticket['status']
  readonly customer: Person
  readonly agent?: Person | undefined
  /** While waiting: how many are served before this one. */
  readonly ahead: number
  readonly openedAt: number
  readonly receipts: Ticket['receipts']
  readonly muted?: true | undefined
  readonly version: number
}

export const agentOf = (ticket: Ticket): Person | undefined =>
  ticket.status === 'waiting' ? undefined : ticket.agent

export function viewOf(ticket: Ticket, ahead: number): TicketView {
  const { id, status, customer, openedAt, receipts, muted, version } = ticket
  const agent = agentOf(ticket)
  return {
    id,
    status,
    customer,
    ahead,
    openedAt,
    receipts,
    version,
    ...(agent && { agent }),
    ...(muted && { muted }),
  }
}
