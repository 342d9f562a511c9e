import type { Person } from './domain/ticket.js'
import { userId } from './names.js'

/** The two agents of the demonstration. A real desk asks its user database here. */
export const AGENTS = {
  ines: { id: userId('agent', 'ines'), name: 'Ines Moreau' },
  tomas: { id: userId('agent', 'tomas'), name: 'Tomas Berg' },
} as const satisfies Record<string, Person>

export const agentNamed = (key: string): Person | undefined =>
  Object.hasOwn(AGENTS, key) ? AGENTS[key as keyof typeof AGENTS] : undefined

export const agentWithId = (id: string): Person | undefined =>
  Object.values(AGENTS).find((agent) => agent.id === id)
