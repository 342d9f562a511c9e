import type { Member, Message, Publication } from '../../src/messages.js'
import { json } from '../../src/payload.js'

export interface MessageVector {
  readonly name: string
  readonly rules: readonly string[]
  readonly message: Message
}

const TIME = 1_767_225_600_000
const position = { epoch: 'k3x9', offset: 43 }
const hello: Publication = { offset: 42, time: TIME, data: json({ text: 'hello' }) }
const reply: Publication = {
  offset: 43,
  time: TIME + 1500,
  id: 'm-7f3a',
  from: { session: 's-81', user: 'ada' },
  data: json({ text: 'hi' }),
}
const ada: Member = { session: 's-81', user: 'ada', since: TIME, data: json({ name: 'Ada' }) }
const guest: Member = { session: 's-82', since: TIME + 1, data: json(null) }

export const MESSAGE_VECTORS: readonly MessageVector[] = [
  {
    name: 'connected',
    rules: ['P1.5', 'P3.1'],
    message: {
      id: 1,
      kind: 'connected',
      body: {
        session: 's-81',
        node: 'n-1',
        user: 'ada',
        server: 'millrace/0.1.0',
        heartbeat: 10_000,
        patience: 5000,
        maxMessage: 65_536,
        resume: 'r-81',
        resumed: true,
      },
    },
  },
  {
    name: 'connected for as long as the token holds',
    rules: ['P1.11', 'P1.12'],
    message: {
      id: 1,
      kind: 'connected',
      body: {
        session: 's-81',
        node: 'n-1',
        user: 'ada',
        server: 'millrace/0.1.0',
        heartbeat: 10_000,
        patience: 5000,
        maxMessage: 65_536,
        time: TIME,
        expires: 300_000,
      },
    },
  },
  { name: 'refreshed', rules: ['P1.12'], message: { id: 22, kind: 'refreshed', body: { expires: 300_000 } } },
  {
    name: 'an error that names the field',
    rules: ['P3.6'],
    message: {
      id: 2,
      kind: 'error',
      body: { code: 100, message: 'subscribe.since.offset: is required', field: 'subscribe.since.offset' },
    },
  },
  {
    name: 'an error with a time to wait',
    rules: ['P3.4'],
    message: { id: 2, kind: 'error', body: { code: 203, message: 'Too many requests', retryAfter: 1200 } },
  },
  {
    name: 'an error without an id, to a frame that could not be read',
    rules: ['P3.6'],
    message: { id: 0, kind: 'error', body: { code: 100, message: 'frame: is not JSON', field: 'frame' } },
  },
  {
    name: 'subscribed, to a channel without a past',
    rules: ['P5.2'],
    message: {
      id: 2,
      kind: 'subscribed',
      body: { channel: 'chat:lobby', position: { epoch: 'k3x9', offset: 0 }, codec: 'json' },
    },
  },
  {
    name: 'subscribed, all recovered',
    rules: ['P5.3'],
    message: {
      id: 2,
      kind: 'subscribed',
      body: { channel: 'chat:lobby', position, recovered: true, publications: [hello, reply] },
    },
  },
  {
    name: 'subscribed, with a gap',
    rules: ['P5.3', 'P6.5'],
    message: {
      id: 2,
      kind: 'subscribed',
      body: {
        channel: 'chat:lobby',
        position,
        recovered: false,
        gap: {
          from: { epoch: 'k3x9', offset: 12 },
          to: { epoch: 'k3x9', offset: 41 },
          reason: 'history-trimmed',
          count: 29,
        },
        publications: [hello, reply],
      },
    },
  },
  {
    name: 'subscribed, with members',
    rules: ['P5.9'],
    message: { id: 3, kind: 'subscribed', body: { channel: 'chat:lobby', position, members: [ada, guest] } },
  },
  {
    name: 'subscribed without an id: the server did it',
    rules: ['P5.13'],
    message: { id: 0, kind: 'subscribed', body: { channel: 'inbox:ada', position } },
  },
  {
    name: 'unsubscribed',
    rules: ['P3.4'],
    message: { id: 4, kind: 'unsubscribed', body: { channel: 'chat:lobby' } },
  },
  {
    name: 'unsubscribed without an id: the server did it, and why',
    rules: ['P5.13'],
    message: { id: 0, kind: 'unsubscribed', body: { channel: 'chat:lobby', code: 106, reason: 'Not allowed' } },
  },
  { name: 'published', rules: ['P5.6'], message: { id: 5, kind: 'published', body: { position } } },
  { name: 'sent', rules: ['P3.4'], message: { id: 13, kind: 'sent', body: {} } },
  {
    name: 'history, of an empty channel',
    rules: ['P3.4'],
    message: {
      id: 14,
      kind: 'history',
      body: { channel: 'chat:lobby', position: { epoch: 'k3x9', offset: 0 }, publications: [] },
    },
  },
  {
    name: 'history, with more to come and a gap of another epoch',
    rules: ['P6.1', 'P6.4'],
    message: {
      id: 14,
      kind: 'history',
      body: {
        channel: 'chat:lobby',
        position,
        gap: { from: { epoch: 'old', offset: 99 }, to: { epoch: 'k3x9', offset: 41 }, reason: 'epoch-changed' },
        publications: [hello],
        more: true,
      },
    },
  },
  {
    name: 'presence',
    rules: ['P5.9'],
    message: { id: 15, kind: 'presence', body: { channel: 'chat:lobby', count: 2, members: [ada, guest] } },
  },
  {
    name: 'presence, only the count, with a node that is silent',
    rules: ['P5.9'],
    message: { id: 15, kind: 'presence', body: { channel: 'chat:lobby', count: 0, silent: ['n-2', 'n-3'] } },
  },
  { name: 'entered', rules: ['P3.4'], message: { id: 16, kind: 'entered', body: {} } },
  { name: 'left', rules: ['P3.4'], message: { id: 17, kind: 'left', body: {} } },
  {
    name: 'answered',
    rules: ['P5.10'],
    message: { id: 18, kind: 'answered', body: { data: json({ order: 7 }) } },
  },
  {
    name: 'answered with raw bytes',
    rules: ['P3.7'],
    message: { id: 18, kind: 'answered', body: { data: { codec: 'raw', bytes: Uint8Array.of(222, 173) } } },
  },
  {
    name: 'publication',
    rules: ['P6.2'],
    message: { id: 0, kind: 'publication', body: { ...reply, channel: 'chat:lobby' } },
  },
  {
    name: 'publication after a hole in the numbers, and before 2^53',
    rules: ['P3.8', 'P6.2'],
    message: {
      id: 0,
      kind: 'publication',
      body: {
        channel: 'chat:lobby',
        offset: Number.MAX_SAFE_INTEGER,
        prev: 43,
        time: TIME,
        data: { codec: 'msgpack', bytes: Uint8Array.of(0xc0) },
      },
    },
  },
  {
    name: 'publication longer than a length of one byte',
    rules: ['P4.1'],
    message: {
      id: 0,
      kind: 'publication',
      body: { channel: 'chat:lobby', offset: 1, prev: 0, time: 0, data: json('ü'.repeat(100)) },
    },
  },
  {
    name: 'ephemeral',
    rules: ['P5.8'],
    message: {
      id: 0,
      kind: 'ephemeral',
      body: { channel: 'chat:lobby', from: { session: 's-81' }, data: json({ typing: true }) },
    },
  },
  {
    name: 'joined',
    rules: ['P5.9'],
    message: { id: 0, kind: 'joined', body: { channel: 'chat:lobby', member: ada } },
  },
  {
    name: 'updated',
    rules: ['P5.9'],
    message: { id: 0, kind: 'updated', body: { channel: 'chat:lobby', member: { ...ada, data: json(false) } } },
  },
  {
    name: 'departed',
    rules: ['P5.9'],
    message: { id: 0, kind: 'departed', body: { channel: 'chat:lobby', member: guest } },
  },
  {
    name: 'gap',
    rules: ['P6.5'],
    message: {
      id: 0,
      kind: 'gap',
      body: {
        channel: 'chat:lobby',
        from: { epoch: 'k3x9', offset: 43 },
        to: { epoch: 'k3x9', offset: 50 },
        reason: 'slow-consumer',
        count: 7,
      },
    },
  },
  {
    name: 'gap without a beginning',
    rules: ['P6.5'],
    message: {
      id: 0,
      kind: 'gap',
      body: { channel: 'chat:lobby', to: { epoch: 'new', offset: 0 }, reason: 'broker-lost' },
    },
  },
  {
    name: 'call of the server',
    rules: ['P5.11'],
    message: {
      id: 0,
      kind: 'call',
      body: { call: 'c-5', method: 'device.command', timeout: 10_000, data: json({ open: true }) },
    },
  },
  { name: 'ping of the server', rules: ['P7.1'], message: { id: 0, kind: 'ping', body: {} } },
  { name: 'pong of the server', rules: ['P7.3'], message: { id: 21, kind: 'pong', body: {} } },
  {
    name: 'disconnect',
    rules: ['P1.9'],
    message: { id: 0, kind: 'disconnect', body: { code: 4000, reason: 'The node is going away', retryAfter: 3000 } },
  },
]
