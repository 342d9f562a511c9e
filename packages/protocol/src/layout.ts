/**
 * The shape of every message, once. Both dialects read and write by these tables, and the published .proto is
 * printed from them, so that the two cannot drift apart.
 */
import { GAP_REASONS } from './codes.js'
import type {
  CommandBodies,
  ErrorBody,
  Gap,
  Member,
  MessageBodies,
  Publication,
  Publisher,
  Target,
} from './messages.js'
import type { Position } from './position.js'

/** What a field holds. `payload` takes two numbers on the wire: its own for the bytes, the next for the codec. */
export type FieldType =
  | { readonly is: 'string'; readonly max?: number; readonly oneOf?: readonly string[] }
  | { readonly is: 'uint' }
  | { readonly is: 'bool' }
  | { readonly is: 'payload' }
  | { readonly is: 'message'; readonly layout: Layout }

export type Field = FieldType & {
  /** Its number in the binary dialect. Never reused. */
  readonly no: number
  readonly required?: true
  readonly repeated?: true
}

export interface Layout {
  /** Its name in the published .proto. */
  readonly name: string
  readonly fields: { readonly [field: string]: Field }
}

type FieldsFor<T> = { readonly [K in keyof T]-?: Field }
/** Ties a layout to its type: a field of the type that has no place in the layout does not compile, nor the reverse. */
const layout = <T>(name: string, fields: FieldsFor<T>): Layout => ({
  name,
  fields: fields as Layout['fields'],
})

const str = (no: number, max = 255): Field => ({ no, is: 'string', max })
const uint = (no: number): Field => ({ no, is: 'uint' })
const bool = (no: number): Field => ({ no, is: 'bool' })
const payload = (no: number): Field => ({ no, is: 'payload' })
const sub = (no: number, of: Layout): Field => ({ no, is: 'message', layout: of })
const need = (field: Field): Field => ({ ...field, required: true })
const many = (field: Field): Field => ({ ...field, repeated: true })

const channel = need(str(1))
const TEXT = 65_535

const position = layout<Position>('Position', { epoch: need(str(1)), offset: need(uint(2)) })
const publisher = layout<Publisher>('Publisher', { session: need(str(1)), user: str(2) })
const publication = layout<Publication>('Publication', {
  channel: str(1),
  offset: need(uint(2)),
  prev: uint(3),
  time: need(uint(4)),
  id: str(5),
  from: sub(6, publisher),
  data: need(payload(7)),
})
const member = layout<Member>('Member', {
  session: need(str(1)),
  user: str(2),
  since: need(uint(3)),
  data: need(payload(4)),
})
const gap = layout<Gap>('Gap', {
  channel: str(1),
  from: sub(2, position),
  to: need(sub(3, position)),
  reason: need({ no: 4, is: 'string', oneOf: GAP_REASONS }),
  count: uint(5),
})
const error = layout<ErrorBody>('Error', {
  code: need(uint(1)),
  message: need(str(2, TEXT)),
  field: str(3, TEXT),
  retryAfter: uint(4),
})
const target = layout<Target>('Target', { session: str(1), user: str(2) })
const presenceEvent = (name: string): Layout =>
  layout<MessageBodies['joined']>(name, { channel, member: need(sub(2, member)) })

/** Commands, with their number in the binary dialect's `Command`. */
export const COMMANDS: {
  readonly [K in keyof CommandBodies]: { readonly no: number; readonly layout: Layout }
} = {
  connect: {
    no: 2,
    layout: layout<CommandBodies['connect']>('Connect', {
      version: need(uint(1)),
      token: str(2, TEXT),
      session: str(3),
      client: str(4),
    }),
  },
  subscribe: {
    no: 3,
    layout: layout<CommandBodies['subscribe']>('Subscribe', {
      channel,
      since: sub(2, position),
      history: uint(3),
      presence: bool(4),
      data: payload(5),
    }),
  },
  unsubscribe: { no: 4, layout: layout<CommandBodies['unsubscribe']>('Unsubscribe', { channel }) },
  publish: {
    no: 5,
    layout: layout<CommandBodies['publish']>('Publish', {
      channel,
      id: str(2),
      excludeSelf: bool(3),
      data: need(payload(4)),
    }),
  },
  ephemeral: {
    no: 6,
    layout: layout<CommandBodies['ephemeral']>('SendEphemeral', {
      channel,
      excludeSelf: bool(2),
      data: need(payload(3)),
    }),
  },
  history: {
    no: 7,
    layout: layout<CommandBodies['history']>('ReadHistory', {
      channel,
      since: sub(2, position),
      before: uint(3),
      limit: uint(4),
    }),
  },
  presence: { no: 8, layout: layout<CommandBodies['presence']>('ReadPresence', { channel, count: bool(2) }) },
  enter: { no: 9, layout: layout<CommandBodies['enter']>('Enter', { channel, data: need(payload(2)) }) },
  leave: { no: 10, layout: layout<CommandBodies['leave']>('Leave', { channel }) },
  call: {
    no: 11,
    layout: layout<CommandBodies['call']>('Call', {
      method: need(str(1)),
      to: sub(2, target),
      timeout: uint(3),
      data: need(payload(4)),
    }),
  },
  answer: {
    no: 12,
    layout: layout<CommandBodies['answer']>('Answer', {
      call: need(str(1)),
      error: sub(2, error),
      data: payload(3),
    }),
  },
  ping: { no: 13, layout: layout<CommandBodies['ping']>('Ping', {}) },
  pong: { no: 14, layout: layout<CommandBodies['pong']>('Pong', {}) },
}

/** Server messages, with their number in the binary dialect's `Message`. */
export const MESSAGES: {
  readonly [K in keyof MessageBodies]: { readonly no: number; readonly layout: Layout }
} = {
  error: { no: 2, layout: error },
  connected: {
    no: 3,
    layout: layout<MessageBodies['connected']>('Connected', {
      session: need(str(1)),
      node: need(str(2)),
      user: str(3),
      server: need(str(4)),
      heartbeat: need(uint(5)),
      patience: need(uint(6)),
      maxMessage: need(uint(7)),
    }),
  },
  subscribed: {
    no: 4,
    layout: layout<MessageBodies['subscribed']>('Subscribed', {
      channel,
      position: need(sub(2, position)),
      codec: str(3),
      recovered: bool(4),
      gap: sub(5, gap),
      publications: many(sub(6, publication)),
      members: many(sub(7, member)),
    }),
  },
  unsubscribed: {
    no: 5,
    layout: layout<MessageBodies['unsubscribed']>('Unsubscribed', {
      channel,
      code: uint(2),
      reason: str(3, TEXT),
    }),
  },
  published: {
    no: 6,
    layout: layout<MessageBodies['published']>('Published', { position: need(sub(1, position)) }),
  },
  sent: { no: 7, layout: layout<MessageBodies['sent']>('Sent', {}) },
  history: {
    no: 8,
    layout: layout<MessageBodies['history']>('History', {
      channel,
      position: need(sub(2, position)),
      gap: sub(3, gap),
      publications: need(many(sub(4, publication))),
      more: bool(5),
    }),
  },
  presence: {
    no: 9,
    layout: layout<MessageBodies['presence']>('Presence', {
      channel,
      count: need(uint(2)),
      members: many(sub(3, member)),
      silent: many(str(4)),
    }),
  },
  entered: { no: 10, layout: layout<MessageBodies['entered']>('Entered', {}) },
  left: { no: 11, layout: layout<MessageBodies['left']>('Left', {}) },
  answered: { no: 12, layout: layout<MessageBodies['answered']>('Answered', { data: need(payload(1)) }) },
  publication: { no: 13, layout: publication },
  ephemeral: {
    no: 14,
    layout: layout<MessageBodies['ephemeral']>('Ephemeral', {
      channel,
      from: sub(2, publisher),
      data: need(payload(3)),
    }),
  },
  joined: { no: 15, layout: presenceEvent('Joined') },
  updated: { no: 16, layout: presenceEvent('Updated') },
  departed: { no: 17, layout: presenceEvent('Departed') },
  gap: { no: 18, layout: gap },
  call: {
    no: 19,
    layout: layout<MessageBodies['call']>('ServerCall', {
      call: need(str(1)),
      method: need(str(2)),
      timeout: need(uint(3)),
      data: need(payload(4)),
    }),
  },
  ping: { no: 20, layout: layout<MessageBodies['ping']>('ServerPing', {}) },
  pong: { no: 21, layout: layout<MessageBodies['pong']>('ServerPong', {}) },
  disconnect: {
    no: 22,
    layout: layout<MessageBodies['disconnect']>('Disconnect', {
      code: need(uint(1)),
      reason: need(str(2, TEXT)),
      retryAfter: uint(3),
    }),
  },
}
