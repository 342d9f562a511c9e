import type { CodeName } from '../../src/codes.js'
import { frame, hex, len, tag, uint } from '../protobuf.js'

/** A frame from a client, and what it decodes to: for each command its id and kind, or the error that answers it. */
export interface BadVector {
  readonly name: string
  readonly rules: readonly string[]
  readonly json?: string
  readonly binary?: string
  readonly expect: readonly Expected[]
}
export type Expected =
  | { readonly id: number; readonly kind: string }
  | { readonly id: number; readonly error: CodeName; readonly field?: string }

const malformed = (id: number, field: string): Expected => ({ id, error: 'malformed-command', field })
const unknown = (id: number): Expected => ({ id, error: 'unknown-command' })

const SUBSCRIBE = 3
const PUBLISH = 5
const PING = 13
const channel = len(1, 'a:b')
const publish = (...fields: number[][]) => hex(frame([...uint(1, 9), ...len(PUBLISH, ...fields)]))
const subscribe = (...fields: number[][]) => hex(frame([...uint(1, 9), ...len(SUBSCRIBE, ...fields)]))

export const BAD_VECTORS: readonly BadVector[] = [
  { name: 'a frame that is no JSON', rules: ['P3.6'], json: '{"id":1,', expect: [malformed(0, 'frame')] },
  { name: 'a frame that is empty text', rules: ['P3.6'], json: '', expect: [malformed(0, 'frame')] },
  { name: 'a frame cut short', rules: ['P4.2'], binary: '0a05', expect: [malformed(0, 'frame')] },
  {
    name: 'commands that are no objects share one error',
    rules: ['P3.6'],
    json: '[1,null,"ping",[]]',
    expect: [malformed(0, 'command')],
  },
  {
    name: 'a bad command among good ones',
    rules: ['P3.6'],
    json: '[{"id":1,"ping":{}},{"id":2,"publish":{}},{"id":3,"ping":{}}]',
    binary: hex(
      frame(
        [...uint(1, 1), ...len(PING)],
        [...uint(1, 2), ...len(PUBLISH)],
        [...uint(1, 3), ...len(PING)],
      ),
    ),
    expect: [{ id: 1, kind: 'ping' }, malformed(2, 'publish.channel'), { id: 3, kind: 'ping' }],
  },
  {
    name: 'an unknown command',
    rules: ['P3.6'],
    json: '{"id":9,"dance":{}}',
    binary: hex(frame([...uint(1, 9), ...len(99)])),
    expect: [unknown(9)],
  },
  { name: 'no command at all', rules: ['P3.6'], json: '{"id":9}', binary: '0a020809', expect: [unknown(9)] },
  {
    name: 'an unknown command without an id',
    rules: ['P3.3'],
    json: '{"dance":{}}',
    binary: hex(frame([...len(99)])),
    expect: [],
  },
  {
    name: 'an id that is a string, or bytes',
    rules: ['P3.3'],
    json: '{"id":"9","ping":{}}',
    binary: hex(frame([...len(1, '9'), ...len(PING)])),
    expect: [malformed(0, 'id')],
  },
  { name: 'an id that is negative', rules: ['P3.3'], json: '{"id":-1,"ping":{}}', expect: [malformed(0, 'id')] },
  {
    name: 'an id of 2^53',
    rules: ['P3.3'],
    json: '{"id":9007199254740992,"ping":{}}',
    binary: hex(frame([...uint(1, 2n ** 53n), ...len(PING)])),
    expect: [malformed(0, 'id')],
  },
  {
    name: 'two kinds at once',
    rules: ['P3.1'],
    json: '{"id":9,"ping":{},"leave":{"channel":"a:b"}}',
    expect: [malformed(9, 'leave')],
  },
  {
    name: 'a body of the wrong type',
    rules: ['P3.6', 'P4.2'],
    json: '{"id":9,"publish":"a:b"}',
    binary: hex(frame([...uint(1, 9), ...uint(PUBLISH, 1)])),
    expect: [malformed(9, 'publish')],
  },
  {
    name: 'a channel that is missing',
    rules: ['P3.6', 'P4.2'],
    json: '{"id":9,"publish":{"data":1}}',
    binary: publish(len(4, '1')),
    expect: [malformed(9, 'publish.channel')],
  },
  {
    name: 'a channel that is a number',
    rules: ['P3.6', 'P4.2'],
    json: '{"id":9,"publish":{"channel":7,"data":1}}',
    binary: publish(uint(1, 7), len(4, '1')),
    expect: [malformed(9, 'publish.channel')],
  },
  {
    name: 'a payload that is missing',
    rules: ['P3.6', 'P4.2'],
    json: '{"id":9,"publish":{"channel":"a:b"}}',
    binary: publish(channel),
    expect: [malformed(9, 'publish.data')],
  },
  {
    name: 'a flag that is a string, or bytes',
    rules: ['P3.6', 'P4.2'],
    json: '{"id":9,"publish":{"channel":"a:b","excludeSelf":"yes","data":1}}',
    binary: publish(channel, len(3, 'yes'), len(4, '1')),
    expect: [malformed(9, 'publish.excludeSelf')],
  },
  {
    name: 'a codec that nobody knows',
    rules: ['P3.7', 'P4.3'],
    json: '{"id":9,"publish":{"channel":"a:b","codec":"bson","data":""}}',
    binary: publish(channel, len(4, ''), uint(5, 4)),
    expect: [malformed(9, 'publish.codec')],
  },
  {
    name: 'bytes that are not base64',
    rules: ['P3.7'],
    json: '{"id":9,"publish":{"channel":"a:b","codec":"raw","data":"AP8"}}',
    expect: [malformed(9, 'publish.data')],
  },
  {
    name: 'bytes that are no string',
    rules: ['P3.7'],
    json: '{"id":9,"publish":{"channel":"a:b","codec":"raw","data":[0,255]}}',
    expect: [malformed(9, 'publish.data')],
  },
  {
    name: 'a JSON payload that is none',
    rules: ['P4.3'],
    binary: publish(channel, len(4, '{"text":')),
    expect: [malformed(9, 'publish.data')],
  },
  {
    name: 'a string that is not UTF-8',
    rules: ['P4.2'],
    binary: publish(len(1, [0x61, 0x3a, 0xff]), len(4, '1')),
    expect: [malformed(9, 'publish.channel')],
  },
  {
    name: 'an id of a publication with half a surrogate pair',
    rules: ['P3.10'],
    json: '{"id":9,"publish":{"channel":"a:b","id":"\\ud83d","data":1}}',
    expect: [malformed(9, 'publish.id')],
  },
  {
    name: 'an id of a publication of 256 characters',
    rules: ['P3.10'],
    json: `{"id":9,"publish":{"channel":"a:b","id":"${'x'.repeat(256)}","data":1}}`,
    binary: publish(channel, len(2, 'x'.repeat(256)), len(4, '1')),
    expect: [malformed(9, 'publish.id')],
  },
  {
    name: 'a position without its offset',
    rules: ['P3.6', 'P4.2'],
    json: '{"id":9,"subscribe":{"channel":"a:b","since":{"epoch":"e"}}}',
    binary: subscribe(channel, len(2, len(1, 'e'))),
    expect: [malformed(9, 'subscribe.since.offset')],
  },
  {
    name: 'an offset above 2^53-1',
    rules: ['P3.8', 'P4.2'],
    json: '{"id":9,"subscribe":{"channel":"a:b","since":{"epoch":"e","offset":9007199254740992}}}',
    binary: subscribe(channel, len(2, len(1, 'e'), uint(2, 2n ** 53n))),
    expect: [malformed(9, 'subscribe.since.offset')],
  },
  {
    name: 'an offset that is no whole number',
    rules: ['P3.8'],
    json: '{"id":9,"subscribe":{"channel":"a:b","since":{"epoch":"e","offset":1.5}}}',
    expect: [malformed(9, 'subscribe.since.offset')],
  },
  {
    name: 'a length beyond the body',
    rules: ['P4.2'],
    binary: publish(channel, [...tag(4, 2), 9, 0x31]),
    expect: [malformed(9, 'publish.data')],
  },
  {
    name: 'the id behind a body that is wrong',
    rules: ['P4.2'],
    binary: hex(frame([...len(PUBLISH), ...uint(1, 9)])),
    expect: [malformed(9, 'publish.channel')],
  },
]
