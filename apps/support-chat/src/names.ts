/** Names both sides use. Apart from api.ts, so that pages need no schemas. */
import type { Side } from './domain/ticket.js'

/** How a side and a person become a user's id. Only the server gives out tokens, so nobody picks another's. */
export const userId = (side: Side, id: string): string => `${side}.${id}`

/** The side a user's id stands on. */
export function sideOf(user: string | undefined): Side | undefined {
  const side = user?.split('.', 1)[0]
  return side === 'customer' || side === 'agent' ? side : undefined
}

export const DESK_CHANNEL = 'desk:queue'
export const supportChannel = (ticket: string) => `support:${ticket}` as const
export const ticketChannel = (ticket: string) => `ticket:${ticket}` as const
