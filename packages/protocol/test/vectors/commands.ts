import type { Command } from '../../src/messages.js'
import { json } from '../../src/payload.js'

/** One command: how it is written in both dialects follows from the model, so only the model stands here. */
export interface CommandVector {
  readonly name: string
  readonly rules: readonly string[]
  readonly command: Command
}

const position = { epoch: 'k3x9', offset: 41 }
const bytes = Uint8Array.of(0, 1, 127, 128, 255)

export const COMMAND_VECTORS: readonly CommandVector[] = [
  {
    name: 'connect with everything',
    rules: ['P1.4', 'P3.1'],
    command: {
      id: 1,
      kind: 'connect',
      body: { version: 1, token: 'eyJhbGciOi.e30.c2ln', resume: 'r-81', client: 'example/1.0', attempt: 3 },
    },
  },
  { name: 'connect with the least', rules: ['P1.4'], command: { id: 1, kind: 'connect', body: { version: 1 } } },
  {
    name: 'subscribe with the least',
    rules: ['P5.2'],
    command: { id: 2, kind: 'subscribe', body: { channel: 'chat:lobby' } },
  },
  {
    name: 'subscribe since a position',
    rules: ['P5.3', 'P6.3'],
    command: { id: 2, kind: 'subscribe', body: { channel: 'chat:lobby', since: position } },
  },
  {
    name: 'subscribe since the beginning of an epoch: offset 0 is written, not left out',
    rules: ['P4.2', 'P5.3'],
    command: { id: 2, kind: 'subscribe', body: { channel: 'chat:lobby', since: { epoch: 'k3x9', offset: 0 } } },
  },
  {
    name: 'subscribe with history and presence, entering with data',
    rules: ['P5.4', 'P5.9'],
    command: {
      id: 3,
      kind: 'subscribe',
      body: { channel: 'chat:lobby', history: 50, presence: true, data: json({ name: 'Ada' }) },
    },
  },
  {
    name: 'subscribe that says no to presence',
    rules: ['P4.2'],
    command: { id: 3, kind: 'subscribe', body: { channel: 'chat:lobby', history: 0, presence: false } },
  },
  {
    name: 'unsubscribe',
    rules: ['P3.4'],
    command: { id: 4, kind: 'unsubscribe', body: { channel: 'chat:lobby' } },
  },
  {
    name: 'publish JSON',
    rules: ['P3.7', 'P4.3'],
    command: { id: 5, kind: 'publish', body: { channel: 'chat:lobby', data: json({ text: 'hello' }) } },
  },
  {
    name: 'publish with an id, leaving the publisher out',
    rules: ['P5.7'],
    command: {
      id: 6,
      kind: 'publish',
      body: { channel: 'chat:lobby', id: 'm-7f3a', excludeSelf: true, data: json('hello') },
    },
  },
  {
    name: 'publish null, which is a payload',
    rules: ['P3.5'],
    command: { id: 7, kind: 'publish', body: { channel: 'chat:lobby', data: json(null) } },
  },
  {
    name: 'publish raw bytes',
    rules: ['P3.7', 'P4.3'],
    command: { id: 8, kind: 'publish', body: { channel: 'files:1', data: { codec: 'raw', bytes } } },
  },
  {
    name: 'publish MessagePack',
    rules: ['P3.7', 'P4.3'],
    command: {
      id: 9,
      kind: 'publish',
      body: { channel: 'quotes:ACME', data: { codec: 'msgpack', bytes: Uint8Array.of(0x81, 0xa1, 0x70, 0x07) } },
    },
  },
  {
    name: 'publish Protocol Buffers, an empty message',
    rules: ['P3.7', 'P4.3'],
    command: {
      id: 10,
      kind: 'publish',
      body: { channel: 'metrics:cpu', data: { codec: 'protobuf', bytes: new Uint8Array() } },
    },
  },
  {
    name: 'publish without an id of the command: no reply is wanted',
    rules: ['P3.3'],
    command: { id: 0, kind: 'publish', body: { channel: 'chat:lobby', data: json(1) } },
  },
  {
    name: 'publish text of every plane, and a lone surrogate, which JSON escapes',
    rules: ['P4.3'],
    command: { id: 11, kind: 'publish', body: { channel: 'chat:lobby', data: json('é 漢 😀 \u2028 \ud83d') } },
  },
  {
    name: 'publish to a name with everything a name may hold',
    rules: ['P2.1'],
    command: {
      id: 12,
      kind: 'publish',
      body: { channel: "a0_-:AZaz09_.~@=+,/:%20!$&'();-", data: json({}) },
    },
  },
  {
    name: 'ephemeral',
    rules: ['P5.8'],
    command: { id: 0, kind: 'ephemeral', body: { channel: 'chat:lobby', data: json({ typing: true }) } },
  },
  {
    name: 'ephemeral with a reply, leaving the sender out',
    rules: ['P5.8'],
    command: {
      id: 13,
      kind: 'ephemeral',
      body: { channel: 'chat:lobby', excludeSelf: true, data: json({ typing: true }) },
    },
  },
  {
    name: 'history since a position, with the largest id',
    rules: ['P3.3', 'P6.4'],
    command: {
      id: Number.MAX_SAFE_INTEGER,
      kind: 'history',
      body: { channel: 'chat:lobby', since: position, limit: 100 },
    },
  },
  {
    name: 'history before an offset',
    rules: ['P3.8'],
    command: {
      id: 14,
      kind: 'history',
      body: { channel: 'chat:lobby', before: Number.MAX_SAFE_INTEGER, limit: 20 },
    },
  },
  {
    name: 'presence, only the count',
    rules: ['P5.9'],
    command: { id: 15, kind: 'presence', body: { channel: 'chat:lobby', count: true } },
  },
  {
    name: 'enter',
    rules: ['P5.9'],
    command: { id: 16, kind: 'enter', body: { channel: 'chat:lobby', data: json({ name: 'Ada', away: false }) } },
  },
  { name: 'leave', rules: ['P5.9'], command: { id: 17, kind: 'leave', body: { channel: 'chat:lobby' } } },
  {
    name: 'call the server',
    rules: ['P5.10'],
    command: { id: 18, kind: 'call', body: { method: 'orders.place', timeout: 5000, data: json([{ sku: 'x', n: 2 }]) } },
  },
  {
    name: 'call another session',
    rules: ['P5.10'],
    command: { id: 19, kind: 'call', body: { method: 'door.open', to: { session: 's-82' }, data: json(null) } },
  },
  {
    name: 'call a user',
    rules: ['P5.10'],
    command: { id: 20, kind: 'call', body: { method: 'door.open', to: { user: 'ada' }, data: json(null) } },
  },
  {
    name: 'call a user who may be away, and have it wait',
    rules: ['P5.16', 'P5.17'],
    command: {
      id: 21,
      kind: 'call',
      body: {
        method: 'valve.set',
        to: { user: 'pump-7' },
        timeout: 5000,
        data: json({ open: true }),
        id: 'k-1',
        ttl: 3_600_000,
        key: 'valve-3',
      },
    },
  },
  {
    name: 'answer with data',
    rules: ['P5.11'],
    command: { id: 0, kind: 'answer', body: { call: 'c-5', data: json({ ok: true }) } },
  },
  {
    name: 'answer with an error',
    rules: ['P5.11'],
    command: { id: 0, kind: 'answer', body: { call: 'c-5', error: { code: 115, message: 'No handler for this method' } } },
  },
  { name: 'ping', rules: ['P7.3'], command: { id: 21, kind: 'ping', body: {} } },
  { name: 'pong', rules: ['P7.1'], command: { id: 0, kind: 'pong', body: {} } },
  { name: 'refresh', rules: ['P1.12'], command: { id: 22, kind: 'refresh', body: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln' } } },
]
