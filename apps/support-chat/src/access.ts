/**
 * Who may do what: every action on a channel and every call, for every role. The server asks it before anything is done, and the desk before it
 * shows a button. access.test.ts tries each rule with each role.
 */
import type { SupportApi } from './api.js'
import { agentOf, ROLES, type Role, type Ticket } from './domain/ticket.js'

/** Who asks. */
export interface Who {
  readonly id: string
  readonly role: Role
}

/** What it is about, as far as the server knows it: a ticket, or an agent by id. */
export interface About {
  readonly ticket?: Ticket | undefined
  readonly agent?: string | undefined
}

type Condition = (who: Who, about: About) => boolean
export type Rule = Readonly<Record<Role, Condition>>

const always: Condition = () => true
const never: Condition = () => false
/** The ticket exists. */
const any: Condition = (_, { ticket }) => ticket !== undefined
/** The customer's own. */
const own: Condition = ({ id }, { ticket }) => ticket?.customer.id === id
/** The agent has it, or had it when it was closed. */
const held: Condition = ({ id }, { ticket }) => ticket !== undefined && agentOf(ticket)?.id === id
const open =
  (condition: Condition): Condition =>
  (who, about) =>
    about.ticket?.status !== 'closed' && condition(who, about)
const heard =
  (condition: Condition): Condition =>
  (who, about) =>
    about.ticket?.muted !== true && condition(who, about)
const oneself: Condition = ({ id }, { agent }) => agent === id

const NOBODY: Rule = { customer: never, agent: never, lead: never }
const READERS: Rule = { customer: own, agent: any, lead: any }
const WRITERS: Rule = { customer: heard(open(own)), agent: open(held), lead: open(held) }
const CUSTOMERS: Rule = { customer: always, agent: never, lead: never }
const AGENTS: Rule = { customer: never, agent: always, lead: always }
const LEADS: Rule = { customer: never, agent: never, lead: always }

const READ_ONLY = { publish: NOBODY, ephemeral: NOBODY }

export const CHANNELS = {
  'support:{ticket}': {
    ...{ subscribe: READERS, history: READERS, presence: READERS },
    ...{ publish: WRITERS, ephemeral: WRITERS },
  },
  'ticket:{ticket}': { ...READ_ONLY, subscribe: READERS, history: READERS, presence: NOBODY },
  'desk:queue': { ...READ_ONLY, subscribe: AGENTS, history: AGENTS, presence: AGENTS },
} as const satisfies Readonly<Record<keyof SupportApi['channels'], Readonly<Record<string, Rule>>>>

/** Whether the ticket is in a state for it is the help desk's to say. */
export const CALLS = {
  'support.open': CUSTOMERS,
  'support.find': CUSTOMERS,
  'support.mark': { customer: own, agent: held, lead: held },
  'support.close': { customer: own, agent: held, lead: any },
  'desk.tickets': AGENTS,
  'desk.take': AGENTS,
  'desk.assign': LEADS,
  'desk.mute': LEADS,
  'desk.signOut': { customer: never, agent: oneself, lead: always },
} as const satisfies Readonly<Record<keyof SupportApi['calls'], Rule>>

export const may = (rule: Rule, who: Who | undefined, about: About = {}): boolean =>
  who !== undefined && rule[who.role](who, about)

/** Why somebody may not, in words. */
export function refusalFor(rule: Rule, { role }: Who): string {
  const roles = ROLES.filter((one) => rule[one] !== never)
  if (!roles.includes(role)) return `This is for ${roles.map((one) => `${one}s`).join(' and ')}`
  return rule === CALLS['desk.signOut'] ? 'Others are signed out by a lead' : 'Not your conversation'
}

/** What a token allows in itself, whatever the rules above say: a slip there must not open the desk to customers. */
export const capabilitiesOf = (role: Role) =>
  role === 'customer'
    ? { channels: { 'support:*': ['*'], 'ticket:*': ['*'] }, calls: ['support.*'] }
    : { channels: { '*': ['*'] }, calls: ['*'] }
