/** Names both sides use. Apart from api.ts, so that pages need no schemas. */
import type { Role } from './domain/ticket.js'

/** How a role and a person become a user's id. Only the server gives out tokens, so nobody picks another's. */
export const userId = (role: Role, id: string): string => `${role}.${id}`

export function roleOf(user: string | undefined): Role | undefined {
  const role = user?.split('.', 1)[0]
  return role === 'customer' || role === 'agent' ? role : undefined
}

export const DESK_CHANNEL = 'desk:queue'
export const supportChannel = (ticket: string) => `support:${ticket}` as const
export const ticketChannel = (ticket: string) => `ticket:${ticket}` as const
