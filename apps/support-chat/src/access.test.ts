import type { Server } from 'node:http'
import { type Client, createClient, MillraceError } from '@millrace/client'
import { createSite, listen, stopListening } from '@millrace/ui/serve'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { CALLS, CHANNELS, may, type Rule, refusalFor, type Who } from './access.js'
import type { SupportApi } from './api.js'
import { HelpDesk } from './domain/help-desk.js'
import type { Ticket } from './domain/ticket.js'
import type { Account } from './login/agents.js'
import { Tokens } from './login/tokens.js'
import { supportChannel, ticketChannel } from './names.js'
import { createSupportChat, memoryStore, type SupportChat } from './server.js'

/** Ana’s conversation, which Tomas has; Eve is another customer, Yara another agent, and Ines leads. */
const PEOPLE = {
  ana: { id: 'customer.ana', role: 'customer' },
  eve: { id: 'customer.eve', role: 'customer' },
  tomas: { id: 'agent.tomas', role: 'agent' },
  yara: { id: 'agent.yara', role: 'agent' },
  ines: { id: 'agent.ines', role: 'lead' },
} as const satisfies Record<string, Who>
type Name = keyof typeof PEOPLE
const NAMES = Object.keys(PEOPLE) as Name[]

type State = Ticket['status'] | 'muted'
/** The state of the conversation, what is done, and who may: ana, eve, tomas, yara, ines. */
const TABLE: readonly (readonly [State, string, string])[] = [
  ['active', 'support:{ticket} subscribe', 'yes no yes yes yes'],
  ['active', 'support:{ticket} history', 'yes no yes yes yes'],
  ['active', 'support:{ticket} presence', 'yes no yes yes yes'],
  ['active', 'support:{ticket} publish', 'yes no yes no no'],
  ['active', 'support:{ticket} ephemeral', 'yes no yes no no'],
  ['active', 'ticket:{ticket} subscribe', 'yes no yes yes yes'],
  ['active', 'ticket:{ticket} history', 'yes no yes yes yes'],
  ['active', 'ticket:{ticket} presence', 'no no no no no'],
  ['active', 'ticket:{ticket} publish', 'no no no no no'],
  ['active', 'ticket:{ticket} ephemeral', 'no no no no no'],
  ['active', 'desk:queue subscribe', 'no no yes yes yes'],
  ['active', 'desk:queue history', 'no no yes yes yes'],
  ['active', 'desk:queue presence', 'no no yes yes yes'],
  ['active', 'desk:queue publish', 'no no no no no'],
  ['active', 'desk:queue ephemeral', 'no no no no no'],
  ['active', 'support.open', 'yes yes no no no'],
  ['active', 'support.find', 'yes yes no no no'],
  ['active', 'support.mark', 'yes no yes no no'],
  ['active', 'support.close', 'yes no yes no yes'],
  ['active', 'desk.tickets', 'no no yes yes yes'],
  ['active', 'desk.take', 'no no yes yes yes'],
  ['active', 'desk.assign', 'no no no no yes'],
  ['active', 'desk.signOut', 'no no no no yes'],
  ['active', 'desk.mute', 'no no no no yes'],
  ['muted', 'support:{ticket} subscribe', 'yes no yes yes yes'],
  ['muted', 'support:{ticket} history', 'yes no yes yes yes'],
  ['muted', 'support:{ticket} publish', 'no no yes no no'],
  ['muted', 'support:{ticket} ephemeral', 'no no yes no no'],
  ['muted', 'support.mark', 'yes no yes no no'],
  ['muted', 'support.close', 'yes no yes no yes'],
  ['muted', 'desk.mute', 'no no no no yes'],
  ['waiting', 'support:{ticket} subscribe', 'yes no yes yes yes'],
  ['waiting', 'support:{ticket} publish', 'yes no no no no'],
  ['waiting', 'support:{ticket} ephemeral', 'yes no no no no'],
  ['waiting', 'support.mark', 'yes no no no no'],
  ['waiting', 'support.close', 'yes no no no yes'],
  ['waiting', 'desk.take', 'no no yes yes yes'],
  ['waiting', 'desk.assign', 'no no no no yes'],
  ['closed', 'support:{ticket} subscribe', 'yes no yes yes yes'],
  ['closed', 'support:{ticket} history', 'yes no yes yes yes'],
  ['closed', 'support:{ticket} publish', 'no no no no no'],
  ['closed', 'support:{ticket} ephemeral', 'no no no no no'],
  ['closed', 'support.mark', 'yes no yes no no'],
  ['closed', 'support.close', 'yes no yes no yes'],
]
const CELLS = TABLE.flatMap(([state, what, who], row) =>
  who.split(' ').map((expected, column) => {
    const name = NAMES[column] ?? 'ana'
    return { state, what, name, expected, ticket: `${state}-${row}-${name}` }
  }),
)
/** Somebody who is nobody of the above, for who signs others out. */
const OTHER = 'agent.zoe'

/** A ticket of Ana’s in this state. Each has its own, so that one cell of the table does not spoil the next. */
function ticketIn(state: State, id: string): Ticket {
  const [desk, now] = [new HelpDesk(), Date.now()]
  const ana = { id: PEOPLE.ana.id, name: 'Ana' }
  const waiting = desk.open({ id, customer: ana, now })
  if (state === 'waiting') return waiting
  const [active] = desk.take({ ticket: id, agent: { id: PEOPLE.tomas.id, name: 'Tomas' }, now })
  if (state === 'muted') return desk.mute({ ticket: id, muted: true })[0]
  return state === 'active' ? active : desk.close({ ticket: id, by: 'agent', now })[0]
}

const ruleFor = (what: string): Rule => {
  const [name = '', action = ''] = what.split(' ')
  const rules = { ...CALLS, ...(CHANNELS as Readonly<Record<string, Rule | Readonly<Record<string, Rule>>>>) }
  const rule = (rules as Readonly<Record<string, unknown>>)[name]
  return (action === '' ? rule : (rule as Readonly<Record<string, unknown>>)[action]) as Rule
}

it('every rule stands in the table', () => {
  const channels = Object.entries(CHANNELS).flatMap(([name, rules]) =>
    Object.keys(rules).map((action) => `${name} ${action}`),
  )
  expect(new Set(TABLE.map(([, what]) => what))).toEqual(new Set([...channels, ...Object.keys(CALLS)]))
})

it.each(CELLS)('$state: $what by $name: $expected', ({ state, what, name, expected, ticket }) => {
  const about = { ticket: ticketIn(state, ticket), agent: OTHER }
  expect(may(ruleFor(what), PEOPLE[name], about)).toBe(expected === 'yes')
})

it('nobody may do anything who has not said who they are, or with a ticket that is not there', () => {
  for (const [, what] of TABLE) {
    expect(may(ruleFor(what), undefined, { ticket: ticketIn('active', 't') })).toBe(false)
    if (/ticket}|mark|close/.test(what))
      for (const name of NAMES) expect(may(ruleFor(what), PEOPLE[name], {}), `${what} by ${name}`).toBe(false)
  }
})

it('an agent ends their own logins, and nobody else’s', () => {
  expect(may(CALLS['desk.signOut'], PEOPLE.yara, { agent: PEOPLE.yara.id })).toBe(true)
  expect(may(CALLS['desk.signOut'], PEOPLE.yara, { agent: PEOPLE.ines.id })).toBe(false)
})

it.each<[keyof typeof CALLS, Name, string]>([
  ['support.open', 'yara', 'This is for customers'],
  ['desk.tickets', 'ana', 'This is for agents and leads'],
  ['desk.assign', 'yara', 'This is for leads'],
  ['desk.signOut', 'yara', 'Others are signed out by a lead'],
  ['support.close', 'yara', 'Not your conversation'],
])('who may not %s as %s is told: %s', (call, name, words) => {
  expect(refusalFor(CALLS[call], PEOPLE[name])).toBe(words)
})

describe('at the server', () => {
  let chat: SupportChat
  let site: Server
  const clients = new Map<Name, Client<SupportApi>>()

  beforeAll(async () => {
    const tickets = CELLS.map(({ state, ticket }) => ticketIn(state, ticket))
    const store = memoryStore(tickets)
    const accounts = ['tomas', 'yara', 'ines', 'zoe'].map(
      (user): Account => ({ user, name: user, role: user === 'ines' ? 'lead' : 'agent', password: '' }),
    )
    chat = createSupportChat({ store, agents: accounts })
    site = createSite(chat.handlers)
    const port = await listen(site, { port: 0, host: '127.0.0.1' })
    chat.attach(site)
    const tokens = new Tokens({ secret: store.secret, now: Date.now })
    for (const name of NAMES) {
      const token = await tokens.access({ ...PEOPLE[name], name, login: { id: name, at: Date.now() } })
      const url = `ws://127.0.0.1:${port}/support/millrace`
      const client = createClient<SupportApi>({ url, token, webSocket: WebSocket as never })
      client.on('error', () => {})
      clients.set(name, client)
    }
  })
  afterAll(async () => {
    for (const client of clients.values()) client.close()
    const stopped = stopListening(site)
    await chat.close()
    await stopped
  })

  const CALLED: {
    readonly [M in keyof typeof CALLS]: (client: Client<SupportApi>, ticket: string) => unknown
  } = {
    'support.open': (client) => client.call('support.open', {}),
    'support.find': (client, ticket) => client.call('support.find', { ticket }),
    'support.mark': (client, ticket) => client.call('support.mark', { ticket }),
    'support.close': (client, ticket) => client.call('support.close', { ticket }),
    'desk.tickets': (client) => client.call('desk.tickets', {}),
    'desk.take': (client, ticket) => client.call('desk.take', { ticket }),
    'desk.assign': (client, ticket) => client.call('desk.assign', { ticket, agent: PEOPLE.yara.id }),
    'desk.mute': (client, ticket) => client.call('desk.mute', { ticket, muted: true }),
    'desk.signOut': (client) => client.call('desk.signOut', { agent: OTHER }),
  }

  function done(client: Client<SupportApi>, what: string, ticket: string): unknown {
    const [name = '', action] = what.split(' ')
    if (action === undefined) return CALLED[name as keyof typeof CALLED](client, ticket)
    const channel = client.channel(
      name === 'desk:queue'
        ? 'desk:queue'
        : (name === 'ticket:{ticket}' ? ticketChannel : supportChannel)(ticket),
    )
    if (action === 'subscribe') return channel.subscribe()
    if (action === 'history') return channel.history()
    if (action === 'presence') return channel.members()
    return channel.publish({ kind: 'text', id: 'm1', text: 'hello' } as never)
  }

  // Nobody is told what became of an ephemeral message; its rule is tried above.
  const told = CELLS.filter(({ what }) => !what.endsWith('ephemeral'))
  it.each(told)('$state: $what by $name: $expected', async ({ what, name, expected, ticket }) => {
    const client = clients.get(name)
    if (client === undefined) throw new Error(`${name} has no client`)
    const outcome = await Promise.resolve(done(client, what, ticket)).then(
      () => 'yes',
      (error: unknown) => (error instanceof MillraceError ? error.kind : String(error)),
    )
    // What the help desk refuses for the ticket's state is asked of it, so it was allowed; presence that a channel has not is for nobody.
    const meaning: Readonly<Record<string, string>> = {
      ...{ forbidden: 'no', 'not-available': 'no' },
      ...{ 'application-error': 'yes' },
    }
    expect(meaning[outcome] ?? outcome).toBe(expected)
  })
})
