import type { Message } from '../../src/messages.js'
import { json } from '../../src/payload.js'
import { frame, hex, len, uint } from '../protobuf.js'

/**
 * Frames from a server that no server of today writes but that every client must read: what a newer one may add, and what
 * the encodings allow.
 */
export interface LenientVector {
  readonly name: string
  readonly rules: readonly string[]
  readonly json?: string
  readonly binary?: string
  readonly messages: readonly Message[]
}

const PONG = 21
const pong = (id: number): Message => ({ id, kind: 'pong', body: {} })

export const LENIENT_VECTORS: readonly LenientVector[] = [
  { name: 'an empty frame', rules: ['P3.2'], json: '[]', binary: '', messages: [] },
  {
    name: 'several messages in a frame, in order',
    rules: ['P3.2', 'P4.1'],
    json: ' [ {"pong":{},"id":1} ,\n{"id":2,"pong":{}} ] ',
    binary: hex(frame([...uint(1, 1), ...len(PONG)], [...len(PONG), ...uint(1, 2)])),
    messages: [pong(1), pong(2)],
  },
  {
    name: 'unknown fields are ignored',
    rules: ['P3.5', 'P4.2'],
    json: '{"id":1,"trace":"abc","published":{"position":{"epoch":"e","offset":7,"shard":3},"cost":0.5}}',
    binary: hex(
      frame([
        ...uint(1, 1),
        ...len(90, 'abc'),
        ...len(6, len(1, len(1, 'e'), uint(2, 7), uint(9, 3)), uint(9, 2n ** 64n - 1n)),
      ]),
    ),
    messages: [{ id: 1, kind: 'published', body: { position: { epoch: 'e', offset: 7 } } }],
  },
  {
    name: 'messages of an unknown kind are ignored',
    rules: ['P3.5'],
    json: '[{"weather":{"rain":true}},{"id":4,"pong":{}}]',
    binary: hex(frame([...len(99, 'rain')], [...uint(1, 4), ...len(PONG)])),
    messages: [pong(4)],
  },
  {
    name: 'null counts as absent, except as the payload',
    rules: ['P3.5'],
    json: '{"id":null,"publication":{"channel":"a:b","offset":1,"prev":null,"time":5,"from":null,"codec":null,"data":null}}',
    messages: [{ id: 0, kind: 'publication', body: { channel: 'a:b', offset: 1, time: 5, data: json(null) } }],
  },
  {
    name: 'a list that is absent is empty',
    rules: ['P3.5'],
    json: '{"id":1,"history":{"channel":"a:b","position":{"epoch":"e","offset":0}}}',
    binary: hex(frame([...uint(1, 1), ...len(8, len(1, 'a:b'), len(2, len(1, 'e'), uint(2, 0)))])),
    messages: [
      {
        id: 1,
        kind: 'history',
        body: { channel: 'a:b', position: { epoch: 'e', offset: 0 }, publications: [] },
      },
    ],
  },
  {
    name: 'a codec that is named json is JSON',
    rules: ['P3.7', 'P4.3'],
    json: '{"id":1,"answered":{"codec":"json","data":"AAEC"}}',
    binary: hex(frame([...uint(1, 1), ...len(12, uint(2, 0), len(1, '"AAEC"'))])),
    messages: [{ id: 1, kind: 'answered', body: { data: json('AAEC') } }],
  },
  {
    name: 'a gap for a reason this version does not know',
    rules: ['P3.5'],
    json: '{"gap":{"channel":"a:b","to":{"epoch":"e","offset":4},"reason":"sunspots"}}',
    binary: hex(frame([...len(18, len(1, 'a:b'), len(3, len(1, 'e'), uint(2, 4)), len(4, 'sunspots'))])),
    messages: [
      {
        id: 0,
        kind: 'gap',
        body: { channel: 'a:b', to: { epoch: 'e', offset: 4 }, reason: 'sunspots' },
      },
    ],
  },
  {
    name: 'a number written with more bytes than it needs',
    rules: ['P4.2'],
    binary: hex(frame([0x08, 0x85, 0x80, 0x80, 0x00, ...len(PONG)])),
    messages: [pong(5)],
  },
]
