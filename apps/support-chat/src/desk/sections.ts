import { agentOf, type Ticket } from '../domain/ticket.js'

/** A part of the agent's list. */
export interface Section {
  readonly key: 'waiting' | 'mine' | 'team' | 'closed'
  readonly title: string
  readonly tickets: readonly Ticket[]
}

/** What is open: who waits longest first, then the agent's own, then the colleagues'. */
export function openSections(tickets: readonly Ticket[], me: string): Section[] {
  const active = tickets.filter(({ status }) => status === 'active')
  return [
    { key: 'waiting', title: 'Waiting', tickets: tickets.filter(({ status }) => status === 'waiting') },
    { key: 'mine', title: 'Yours', tickets: active.filter((ticket) => agentOf(ticket)?.id === me) },
    { key: 'team', title: 'With colleagues', tickets: active.filter((ticket) => agentOf(ticket)?.id !== me) },
  ]
}

/** What is closed, the newest first. */
export function closedSections(tickets: readonly Ticket[]): Section[] {
  const closed = tickets.filter((ticket) => ticket.status === 'closed')
  return [
    { key: 'closed', title: 'Closed today', tickets: closed.toSorted((a, b) => b.closedAt - a.closedAt) },
  ]
}

/** The ticket `step` places further in the list, going round; the first when none is chosen. */
export function neighbour(
  sections: readonly Section[],
  chosen: string | undefined,
  step: number,
): Ticket | undefined {
  const all = sections.flatMap(({ tickets }) => tickets)
  const place = all.findIndex(({ id }) => id === chosen)
  if (place < 0) return step > 0 ? all[0] : all.at(-1)
  return all[(place + step + all.length) % all.length]
}
