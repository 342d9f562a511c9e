/** The channels and calls of the support chat, shared by the server and both pages. */
import { call, channel, defineApi } from '@millrace/protocol'
import { z } from 'zod'
import { MESSAGE_LIMIT, NAME_LIMIT, tidyMessage } from './domain/text.js'
import { ROLES, type Ticket, type TicketView } from './domain/ticket.js'

const Id = z.string().regex(/^[\w-]{1,64}$/, 'an id is 1 to 64 letters, digits, _ and -')
const Side = z.enum(['customer', 'agent'])

const Note = z.discriminatedUnion('event', [
  z.object({ event: z.literal('taken'), agent: z.string() }),
  z.object({ event: z.literal('assigned'), agent: z.string(), by: z.string() }),
  z.object({ event: z.literal('closed'), by: Side, name: z.string() }),
  z.object({ event: z.enum(['muted', 'unmuted']), by: z.string() }),
])

/**
 * What a conversation's channel carries. Who wrote a message is not in it: the server says so (`identify`), and a note
 * counts only when nobody published it, which only the server can do.
 */
export const ChatMessage = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('text'),
    id: Id,
    text: z.string().transform(tidyMessage).pipe(z.string().min(1, 'a message has text').max(MESSAGE_LIMIT)),
  }),
  z.object({ kind: z.literal('note'), id: Id, note: Note }),
])
export type ChatMessage = z.infer<typeof ChatMessage>

/** What a participant tells about itself: the page it looks at, for customers. */
export const Participant = z.object({
  page: z.object({ path: z.string().startsWith('/').max(200), title: z.string().max(120) }).optional(),
})
export type Participant = z.infer<typeof Participant>

const Mark = z.object({ time: z.number().int().nonnegative(), offset: z.number().int().nonnegative() })
const TicketRequest = z.object({ ticket: Id })
const Done = z.object({})

// These two are made by this server alone, so their shape is a type, not a schema.
const TicketPayload = z.custom<Ticket>()
const TicketViewPayload = z.custom<TicketView>()

export const api = defineApi({
  channels: {
    /** The conversation itself. */
    'support:{ticket}': channel({
      message: ChatMessage,
      ephemeral: z.object({ typing: z.boolean() }),
      presence: Participant,
      history: { size: 200, ttl: '24h' },
      identify: true,
    }),
    /** Where the ticket stands, for its customer: the newest publication is the truth. */
    'ticket:{ticket}': channel({ message: TicketViewPayload, history: { size: 1, ttl: '24h' } }),
    /** Every change of every ticket, for the agents, who are present here while at their desk. */
    'desk:queue': channel({
      message: TicketPayload,
      presence: z.object({ name: z.string().max(NAME_LIMIT) }),
      history: { size: 500, ttl: '24h' },
    }),
  },
  calls: {
    /** The customer's open conversation, opened if there is none. */
    'support.open': call({ request: Done, response: TicketViewPayload }),
    /** The customer's conversation, if there is one: the open one, or the one asked for. */
    'support.find': call({
      request: z.object({ ticket: Id.optional() }),
      response: z.object({ ticket: TicketViewPayload.optional() }),
    }),
    /** Says how far the caller's side has received and read. */
    'support.mark': call({
      request: z.object({ ticket: Id, delivered: Mark.optional(), read: Mark.optional() }),
      response: Done,
    }),
    /** Ends a conversation, by its customer or an agent. */
    'support.close': call({ request: TicketRequest, response: Done }),
    /** Everything an agent sees when the desk opens. */
    'desk.tickets': call({
      request: Done,
      response: z.object({
        tickets: z.array(TicketPayload),
        agents: z.array(z.object({ id: z.string(), name: z.string(), role: z.enum(ROLES) })),
      }),
    }),
    'desk.take': call({ request: TicketRequest, response: Done }),
    'desk.assign': call({ request: z.object({ ticket: Id, agent: z.string().max(80) }), response: Done }),
    /** Takes from a conversation's customer that they write in it, or gives it back. They go on reading. */
    'desk.mute': call({ request: TicketRequest.extend({ muted: z.boolean() }), response: Done }),
    /** Ends all logins of an agent, in every browser: by a lead, or by the agent. */
    'desk.signOut': call({ request: z.object({ agent: z.string().max(80) }), response: Done }),
  },
})
export type SupportApi = typeof api
