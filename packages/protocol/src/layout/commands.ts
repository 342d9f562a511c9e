/** What a client says. */
import type { CommandBodies, Target } from '../messages.js'
import {
  bool,
  channel,
  error,
  type Kind,
  kind,
  layout,
  name,
  need,
  payload,
  position,
  sub,
  text,
  uint,
} from './layout.js'

export const target = layout<Target>({ session: name(1), user: text(2) })

export const COMMANDS: { readonly [K in keyof CommandBodies]: Kind } = {
  connect: kind<CommandBodies['connect']>(2, {
    version: need(uint(1)),
    token: text(2),
    resume: name(3),
    client: name(4),
    attempt: uint(5),
    parts: bool(6),
  }),
  subscribe: kind<CommandBodies['subscribe']>(3, {
    channel,
    since: sub(2, position),
    history: uint(3),
    presence: bool(4),
    data: payload(5),
    token: text(7),
  }),
  unsubscribe: kind<CommandBodies['unsubscribe']>(4, { channel }),
  publish: kind<CommandBodies['publish']>(5, {
    channel,
    id: name(2),
    excludeSelf: bool(3),
    data: need(payload(4)),
    version: uint(6),
    expect: uint(7),
    remove: name(8),
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
    id: name(6),
    ttl: uint(7),
    key: name(8),
  }),
  answer: kind<CommandBodies['answer']>(12, {
    call: need(name(1)),
    error: sub(2, error),
    data: payload(3),
  }),
  ping: kind<CommandBodies['ping']>(13, {}),
  pong: kind<CommandBodies['pong']>(14, {}),
  refresh: kind<CommandBodies['refresh']>(15, { token: need(text(1)) }),
}
