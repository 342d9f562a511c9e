/**
 * The shape of every message, once. Both dialects read and write by these tables, and the published .proto is
 * printed from them, so that the two cannot drift apart.
 */
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
import type { Payload } from './payload.js'
import type { Position } from './position.js'

/** What a field holds. `payload` takes two numbers on the wire: its own for the bytes, the next for the codec. */
export type FieldType = 'string' | 'uint' | 'bool' | 'payload' | 'message'

/** Every field has every property, used or not: objects of one shape are read faster in the dialects' loops. */
export interface Field<
  Is extends FieldType = FieldType,
  Required extends boolean = boolean,
  Repeated extends boolean = boolean,
> {
  /** Its number in the binary dialect. Never reused. */
  readonly no: number
  readonly is: Is
  /** The most UTF-16 units a string may have. Set for what a server keeps; the frame's limit bounds the rest. */
  readonly max: number
  /** The fields of a message; empty for all else. */
  readonly layout: Layout
  readonly required: Required
  readonly repeated: Repeated
}

export type Layout = { readonly [field: string]: Field }

export interface Kind {
  /** Its number in the binary dialect's `Command` or `Message`. Never reused. */
  readonly no: number
  readonly layout: Layout
}
export type Kinds = { readonly [kind: string]: Kind }

// From here on the types of messages.ts and the tables are tied to each other: a field that is missing, is of another
// type, or is required in one and optional in the other does not compile.
type TypeOf<V> = [V] extends [string]
  ? 'string'
  : [V] extends [number]
    ? 'uint'
    : [V] extends [boolean]
      ? 'bool'
      : [V] extends [Payload]
        ? 'payload'
        : 'message'
type FieldFor<V, Required extends boolean> = [V] extends [readonly (infer One)[]]
  ? Field<TypeOf<One>, Required, true>
  : Field<TypeOf<V>, Required, false>
type FieldsFor<T> = {
  readonly [K in keyof T]-?: FieldFor<NonNullable<T[K]>, undefined extends T[K] ? false : true>
}
const layout = <T>(fields: FieldsFor<T>): Layout => fields
const kind = <T>(no: number, fields: FieldsFor<T>): Kind => ({ no, layout: layout<T>(fields) })

const field = <Is extends FieldType>(
  no: number,
  is: Is,
  more: { readonly max?: number; readonly layout?: Layout } = {},
): Field<Is, false, false> => ({
  no,
  is,
  max: more.max ?? Infinity,
  layout: more.layout ?? {},
  required: false,
  repeated: false,
})
const text = (no: number) => field(no, 'string')
const name = (no: number) => field(no, 'string', { max: 255 })
const uint = (no: number) => field(no, 'uint')
const bool = (no: number) => field(no, 'bool')
const payload = (no: number) => field(no, 'payload')
const sub = (no: number, layout: Layout) => field(no, 'message', { layout })
const need = <Is extends FieldType, Repeated extends boolean>(
  of: Field<Is, false, Repeated>,
): Field<Is, true, Repeated> => ({ ...of, required: true })
const many = <Is extends FieldType>(of: Field<Is, false, false>): Field<Is, false, true> => ({
  ...of,
  repeated: true,
})

// Names of channels have no `max` here: what breaks their grammar, length included, is `invalid-channel`. Rule [P2.1].
const channel = need(text(1))

const position = layout<Position>({ epoch: need(name(1)), offset: need(uint(2)) })
const publisher = layout<Publisher>({ session: need(text(1)), user: text(2) })
const publication = layout<Publication>({
  channel: text(1),
  offset: need(uint(2)),
  prev: uint(3),
  time: need(uint(4)),
  id: text(5),
  from: sub(6, publisher),
  data: need(payload(7)),
})
const member = layout<Member>({
  session: need(text(1)),
  user: text(2),
  since: need(uint(3)),
  data: need(payload(4)),
})
const gap = layout<Gap>({
  channel: text(1),
  from: sub(2, position),
  to: need(sub(3, position)),
  reason: need(text(4)),
  count: uint(5),
})
const error = layout<ErrorBody>({
  code: need(uint(1)),
  message: need(text(2)),
  field: text(3),
  retryAfter: uint(4),
})
const target = layout<Target>({ session: name(1), user: text(2) })
const presenceEvent = (no: number) =>
  kind<MessageBodies['joined']>(no, { channel, member: need(sub(2, member)) })

/** The layouts that others hold, by their name in the published .proto. */
export const SHARED = {
  Position: position,
  Publisher: publisher,
  Publication: publication,
  Member: member,
  Gap: gap,
  Error: error,
  Target: target,
}

export const COMMANDS: { readonly [K in keyof CommandBodies]: Kind } = {
  connect: kind<CommandBodies['connect']>(2, {
    version: need(uint(1)),
    token: text(2),
    session: name(3),
    client: name(4),
  }),
  subscribe: kind<CommandBodies['subscribe']>(3, {
    channel,
    since: sub(2, position),
    history: uint(3),
    presence: bool(4),
    data: payload(5),
  }),
  unsubscribe: kind<CommandBodies['unsubscribe']>(4, { channel }),
  publish: kind<CommandBodies['publish']>(5, {
    channel,
    id: name(2),
    excludeSelf: bool(3),
    data: need(payload(4)),
  }),
  ephemeral: kind<CommandBodies['ephemeral']>(6, {
    channel,
    excludeSelf: bool(2),
    data: need(payload(3)),
  }),
  history: kind<CommandBodies['history']>(7, {
    channel,
    since: sub(2, position),
    before: uint(3),
    limit: uint(4),
  }),
  presence: kind<CommandBodies['presence']>(8, { channel, count: bool(2) }),
  enter: kind<CommandBodies['enter']>(9, { channel, data: need(payload(2)) }),
  leave: kind<CommandBodies['leave']>(10, { channel }),
  call: kind<CommandBodies['call']>(11, {
    method: need(name(1)),
    to: sub(2, target),
    timeout: uint(3),
    data: need(payload(4)),
  }),
  answer: kind<CommandBodies['answer']>(12, {
    call: need(name(1)),
    error: sub(2, error),
    data: payload(3),
  }),
  ping: kind<CommandBodies['ping']>(13, {}),
  pong: kind<CommandBodies['pong']>(14, {}),
}

export const MESSAGES: { readonly [K in keyof MessageBodies]: Kind } = {
  error: { no: 2, layout: error },
  connected: kind<MessageBodies['connected']>(3, {
    session: need(text(1)),
    node: need(text(2)),
    user: text(3),
    server: need(text(4)),
    heartbeat: need(uint(5)),
    patience: need(uint(6)),
    maxMessage: need(uint(7)),
  }),
  subscribed: kind<MessageBodies['subscribed']>(4, {
    channel,
    position: need(sub(2, position)),
    codec: text(3),
    recovered: bool(4),
    gap: sub(5, gap),
    publications: many(sub(6, publication)),
    members: many(sub(7, member)),
  }),
  unsubscribed: kind<MessageBodies['unsubscribed']>(5, { channel, code: uint(2), reason: text(3) }),
  published: kind<MessageBodies['published']>(6, { position: need(sub(1, position)) }),
  sent: kind<MessageBodies['sent']>(7, {}),
  history: kind<MessageBodies['history']>(8, {
    channel,
    position: need(sub(2, position)),
    gap: sub(3, gap),
    publications: need(many(sub(4, publication))),
    more: bool(5),
  }),
  presence: kind<MessageBodies['presence']>(9, {
    channel,
    count: need(uint(2)),
    members: many(sub(3, member)),
    silent: many(text(4)),
  }),
  entered: kind<MessageBodies['entered']>(10, {}),
  left: kind<MessageBodies['left']>(11, {}),
  answered: kind<MessageBodies['answered']>(12, { data: need(payload(1)) }),
  publication: { no: 13, layout: publication },
  ephemeral: kind<MessageBodies['ephemeral']>(14, {
    channel,
    from: sub(2, publisher),
    data: need(payload(3)),
  }),
  joined: presenceEvent(15),
  updated: presenceEvent(16),
  departed: presenceEvent(17),
  gap: { no: 18, layout: gap },
  call: kind<MessageBodies['call']>(19, {
    call: need(text(1)),
    method: need(text(2)),
    timeout: need(uint(3)),
    data: need(payload(4)),
  }),
  ping: kind<MessageBodies['ping']>(20, {}),
  pong: kind<MessageBodies['pong']>(21, {}),
  disconnect: kind<MessageBodies['disconnect']>(22, {
    code: need(uint(1)),
    reason: need(text(2)),
    retryAfter: uint(3),
  }),
}
