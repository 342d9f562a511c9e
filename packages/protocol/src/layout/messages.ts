/** What a server says. */
import type { Gap, Member, MessageBodies, Publication, Publisher } from '../messages.js'
import {
  bool,
  channel,
  error,
  type Kind,
  kind,
  layout,
  many,
  need,
  payload,
  position,
  sub,
  text,
  uint,
} from './layout.js'

export const publisher = layout<Publisher>({ session: need(text(1)), user: text(2) })
export const publication = layout<Publication>({
  channel: text(1),
  offset: need(uint(2)),
  prev: uint(3),
  time: need(uint(4)),
  id: text(5),
  from: sub(6, publisher),
  data: need(payload(7)),
  key: text(9),
  removed: bool(10),
  skipped: uint(11),
})
export const member = layout<Member>({
  session: need(text(1)),
  user: text(2),
  since: need(uint(3)),
  data: need(payload(4)),
})
export const gap = layout<Gap>({
  channel: text(1),
  from: sub(2, position),
  to: need(sub(3, position)),
  reason: need(text(4)),
  count: uint(5),
})

const presenceEvent = (no: number) =>
  kind<MessageBodies['joined']>(no, { channel, member: need(sub(2, member)) })

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
    resume: text(8),
    resumed: bool(9),
    time: uint(10),
    expires: uint(11),
  }),
  subscribed: kind<MessageBodies['subscribed']>(4, {
    channel,
    position: need(sub(2, position)),
    codec: text(3),
    recovered: bool(4),
    gap: sub(5, gap),
    publications: many(sub(6, publication)),
    members: many(sub(7, member)),
    more: bool(8),
    ttl: uint(9),
    snapshot: bool(10),
  }),
  unsubscribed: kind<MessageBodies['unsubscribed']>(5, { channel, code: uint(2), reason: text(3) }),
  published: kind<MessageBodies['published']>(6, { position: need(sub(1, position)), skipped: text(2) }),
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
  refreshed: kind<MessageBodies['refreshed']>(23, { expires: uint(1) }),
}
