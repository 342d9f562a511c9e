import type { Server } from 'node:http'
import { type Client, createClient, MillraceError } from '@millrace/client'
import { createSite, listen, stopListening } from '@millrace/ui/serve'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ChatMessage, SupportApi } from './api.js'
import type { TicketView } from './domain/ticket.js'
import { DEMO } from './login/agents.js'
import { Tokens, type User } from './login/tokens.js'
import { supportChannel, ticketChannel } from './names.js'
import { createSupportChat, memoryStore, type SupportChat } from './server.js'

const store = memoryStore()
let chat: SupportChat
let site: Server
let base = ''
const clients: Client<SupportApi>[] = []

beforeEach(async () => {
  chat = createSupportChat({ store })
  site = createSite(chat.handlers)
  base = `127.0.0.1:${await listen(site, { port: 0, host: '127.0.0.1' })}`
  chat.attach(site)
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  const stopped = stopListening(site)
  await chat.close()
  await stopped
})

const tokens = new Tokens({ secret: store.secret, now: Date.now })
let people = 0

function connect(token: string): Client<SupportApi> {
  const client = createClient<SupportApi>({
    url: `ws://${base}/support/millrace`,
    token,
    webSocket: WebSocket as never,
  })
  // Refusals are looked at where they are asked for.
  client.on('error', () => {})
  clients.push(client)
  return client
}
/** How people get their tokens is tested in login/; here they have them. */
const customer = async (name: string) => {
  const login = { id: `login ${++people}`, at: Date.now() }
  const user: User = { id: `customer.${people}`, role: 'customer', name, login }
  const token = await tokens.access(user)
  return { client: connect(token), user, token }
}
/** Ines is a lead, Tomas an agent. */
const agent = async (key: 'ines' | 'tomas') => {
  const { name = '', role = 'agent' } = DEMO.find(({ user }) => user === key) ?? {}
  const login = { id: `login ${++people}`, at: Date.now() }
  return connect(await tokens.access({ id: `agent.${key}`, role, name, login }))
}

/** Asks again until the answer is as expected; patient, because the machine may be busy with other tests. */
const soon = <T>(ask: () => T) => expect.poll(ask, { timeout: 10_000 })

const text = (id: string, words = id): ChatMessage => ({ kind: 'text', id, text: words })
/** How a request was refused: the code's name and the field. */
const refusal = (request: Promise<unknown>): Promise<string> =>
  request.then(
    () => 'allowed',
    (error: unknown) => (error instanceof MillraceError ? error.kind : String(error)),
  )

describe('a conversation', () => {
  it('goes both ways, with who wrote it said by the server', async () => {
    const ana = await customer('Ana')
    const ines = await agent('ines')
    const ticket = await ana.client.call('support.open', {})
    expect(ticket).toMatchObject({ status: 'waiting', ahead: 0, customer: { name: 'Ana' } })
    await ines.call('desk.take', { ticket: ticket.id })
    const seen: string[] = []
    ana.client
      .channel(supportChannel(ticket.id), { history: 50 })
      .on('message', (message, { from }) =>
        seen.push(
          `${from?.user?.split('.')[0] ?? 'server'}: ${message.kind === 'text' ? message.text : message.note.event}`,
        ),
      )
    await ana.client.channel(supportChannel(ticket.id)).publish(text('a1', '  hello \r\n there '))
    await ines.channel(supportChannel(ticket.id)).publish(text('i1', 'good day'))
    await soon(() => seen).toEqual(['server: taken', 'customer: hello \n there', 'agent: good day'])
  })

  it('tells the customer where the ticket stands, and moves everybody up', async () => {
    const [ana, ben] = [await customer('Ana'), await customer('Ben')]
    const ines = await agent('ines')
    const first = await ana.client.call('support.open', {})
    const second = await ben.client.call('support.open', {})
    expect(second.ahead).toBe(1)
    const views: TicketView[] = []
    ben.client.channel(ticketChannel(second.id), { history: 1 }).on('message', (view) => views.push(view))
    await soon(() => views.at(-1)?.ahead).toBe(1)
    await ines.call('desk.take', { ticket: first.id })
    await soon(() => views.at(-1)?.ahead).toBe(0)
    await ines.call('desk.take', { ticket: second.id })
    await soon(() => views.at(-1)).toMatchObject({ status: 'active', agent: { name: 'Ines Moreau' } })
  })

  it('carries receipts to the other side and to other devices', async () => {
    const ana = await customer('Ana')
    const ines = await agent('ines')
    const ticket = await ana.client.call('support.open', {})
    await ines.call('desk.take', { ticket: ticket.id })
    const views: TicketView[] = []
    ana.client.channel(ticketChannel(ticket.id), { history: 1 }).on('message', (view) => views.push(view))
    const read = { time: Date.now() - 1, offset: 2 }
    await ines.call('support.mark', { ticket: ticket.id, read })
    await soon(() => views.at(-1)?.receipts.agent).toEqual({ delivered: read, read })
    const device = connect(ana.token)
    expect((await device.call('support.find', {})).ticket?.receipts.agent.read).toEqual(read)
  })

  it('cannot be marked read ahead of time', async () => {
    const ana = await customer('Ana')
    const ticket = await ana.client.call('support.open', {})
    await ana.client.call('support.mark', { ticket: ticket.id, read: { time: 9e15 - 1, offset: 1 } })
    const found = await ana.client.call('support.find', {})
    expect(found.ticket?.receipts.customer.read.time).toBeLessThanOrEqual(Date.now())
  })

  it('is found again, also after it was closed, and a new one can be opened', async () => {
    const ana = await customer('Ana')
    const ticket = await ana.client.call('support.open', {})
    await ana.client.call('support.close', { ticket: ticket.id })
    expect((await ana.client.call('support.find', {})).ticket).toBeUndefined()
    expect((await ana.client.call('support.find', { ticket: ticket.id })).ticket?.status).toBe('closed')
    expect((await ana.client.call('support.open', {})).id).not.toBe(ticket.id)
    const eve = await customer('Eve')
    expect(await eve.client.call('support.find', { ticket: ticket.id })).toEqual({})
  })

  it('shows typing and presence to the other side', async () => {
    const ana = await customer('Ana')
    const ines = await agent('ines')
    const ticket = await ana.client.call('support.open', {})
    await ines.call('desk.take', { ticket: ticket.id })
    const heard: unknown[] = []
    const desk = ines.channel(supportChannel(ticket.id), { presence: true })
    desk.on('ephemeral', (message, { from }) => heard.push([message, from?.user]))
    desk.on('presence', ({ members }) => heard.push(members.map(({ data }) => data.page?.title)))
    await desk.subscribe()
    const room = ana.client.channel(supportChannel(ticket.id))
    await room.enter({ page: { path: '/support/', title: 'All products' } })
    room.sendEphemeral({ typing: true })
    await soon(() => heard).toContainEqual([{ typing: true }, ana.user.id])
    expect(heard).toContainEqual(['All products'])
  })
})

describe('a customer whom a lead mutes', () => {
  it('reads on and may not write, in this conversation, until the lead says so', async () => {
    const [ana, ines] = [await customer('Ana'), await agent('ines')]
    const { id: ticket } = await ana.client.call('support.open', {})
    await ines.call('desk.take', { ticket })
    const views: TicketView[] = []
    ana.client.channel(ticketChannel(ticket), { history: 1 }).on('message', (view) => views.push(view))
    const room = ana.client.channel(supportChannel(ticket))
    const heard: string[] = []
    room.on('message', (message) => heard.push(message.kind === 'text' ? message.text : message.note.event))
    await room.subscribe()
    const { session } = ana.client
    await ines.call('desk.mute', { ticket, muted: true })
    await soon(() => views.at(-1)?.muted).toBe(true)
    expect(await refusal(room.publish(text('a1')))).toBe('revoked')
    // Nor from another device, which comes with a token of its own.
    const device = connect(ana.token)
    expect(await refusal(device.channel(supportChannel(ticket)).publish(text('a2')))).toBe('revoked')
    await ines.channel(supportChannel(ticket)).publish(text('i1'))
    await soon(() => heard).toEqual(['muted', 'i1'])
    await ines.call('desk.mute', { ticket, muted: false })
    expect(await refusal(room.publish(text('a3')))).toBe('allowed')
    await soon(() => heard).toEqual(['muted', 'i1', 'unmuted', 'a3'])
    expect([ana.client.state.name, ana.client.session]).toEqual(['connected', session])
  })
})

describe('agents', () => {
  it('read every conversation and write in their own until it is handed over', async () => {
    const ana = await customer('Ana')
    const [ines, tomas] = [await agent('ines'), await agent('tomas')]
    const { id: ticket } = await ana.client.call('support.open', {})
    const room = ines.channel(supportChannel(ticket))
    expect(await refusal(room.subscribe())).toBe('allowed')
    expect(await refusal(room.publish(text('i1')))).toBe('forbidden')
    await ines.call('desk.take', { ticket })
    expect(await refusal(room.publish(text('i2')))).toBe('allowed')
    expect(await refusal(tomas.channel(supportChannel(ticket)).publish(text('t1')))).toBe('forbidden')
    expect(await refusal(tomas.call('support.mark', { ticket }))).toBe('forbidden')
    await ines.call('desk.assign', { ticket, agent: 'agent.tomas' })
    expect(await refusal(tomas.channel(supportChannel(ticket)).publish(text('t2')))).toBe('allowed')
    expect(await refusal(room.publish(text('i3')))).toBe('forbidden')
  })

  it('take a conversation one of two, and the other is told who has it', async () => {
    const ana = await customer('Ana')
    const [ines, tomas] = [await agent('ines'), await agent('tomas')]
    const { id: ticket } = await ana.client.call('support.open', {})
    await ines.call('desk.take', { ticket })
    await expect(tomas.call('desk.take', { ticket })).rejects.toThrow('Ines Moreau has taken this one')
    await expect(ines.call('desk.assign', { ticket, agent: 'agent.nobody' })).rejects.toThrow('no such agent')
  })

  it('a closed conversation can be read, and written no more', async () => {
    const ana = await customer('Ana')
    const { id: ticket } = await ana.client.call('support.open', {})
    const room = ana.client.channel(supportChannel(ticket))
    await room.publish(text('a1'))
    await ana.client.call('support.close', { ticket })
    expect(await refusal(room.publish(text('a2')))).toBe('forbidden')
    expect((await room.history()).publications).toHaveLength(2)
  })
})

describe('what people type', () => {
  it.each([
    ['empty', ''],
    ['blank', ' \n\t '],
    ['too long', 'x'.repeat(10_000)],
  ])('%s is refused with the field', async (_, words) => {
    const ana = await customer('Ana')
    const { id } = await ana.client.call('support.open', {})
    const error = await ana.client
      .channel(supportChannel(id))
      .publish(text('a1', words))
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ kind: 'invalid-payload', field: expect.stringContaining('text') })
  })

  it.each([
    ['HTML', '<img src=x onerror=alert(1)><script>alert(2)</script>'],
    ['emoji', '\u{1F44B}\u{1F3FD} \u{1F468}\u200D\u{1F469}\u200D\u{1F467}'],
    ['right to left', 'שלום, איפה ההזמנה שלי? مرحبا'],
    ['4,000 characters', 'x'.repeat(4_000)],
  ])('%s arrives as it was typed', async (_, words) => {
    const ana = await customer('Ana')
    const { id } = await ana.client.call('support.open', {})
    const room = ana.client.channel(supportChannel(id))
    await room.publish(text('a1', words))
    const [publication] = (await room.history()).publications
    expect(publication?.message).toEqual(text('a1', words))
  })

  it('a note by a client is no note: it carries who forged it', async () => {
    const ana = await customer('Ana')
    const { id } = await ana.client.call('support.open', {})
    const room = ana.client.channel(supportChannel(id))
    await room.publish({ kind: 'note', id: 'n1', note: { event: 'taken', agent: 'Somebody' } })
    const [publication] = (await room.history()).publications
    expect(publication?.from?.user).toBe(ana.user.id)
  })

  it('a message that is sent again is stored once', async () => {
    const ana = await customer('Ana')
    const { id } = await ana.client.call('support.open', {})
    const room = ana.client.channel(supportChannel(id))
    for (let n = 0; n < 3; n++) await room.publish(text('a1'), { id: 'a1' })
    expect((await room.history()).publications).toHaveLength(1)
  })
})

it('a new server with the same store knows the tickets and the people', async () => {
  const ana = await customer('Ana')
  const ticket = await ana.client.call('support.open', {})
  await chat.close()
  await stopListening(site)
  chat = createSupportChat({ store: { ...store, tickets: [{ ...ticket, status: 'waiting' }] } })
  site = createSite(chat.handlers)
  base = `127.0.0.1:${await listen(site, { port: 0, host: '127.0.0.1' })}`
  chat.attach(site)
  const back = connect(ana.token)
  expect((await back.call('support.find', {})).ticket?.id).toBe(ticket.id)
})
