import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { frame, hex, len, tag, uint, varint } from '../test/protobuf.js'
import { utf8 } from '../test/utf8.js'
import { binaryDialect } from './binary-dialect.js'
import { MillraceError } from './codes.js'
import { BadCommand } from './dialect.js'
import type { Command } from './messages.js'
import { json } from './payload.js'

const binary = binaryDialect(utf8)
const decode = (bytes: Uint8Array): unknown[] =>
  binary
    .readCommands(bytes)
    .all()
    .map((one) => (one instanceof BadCommand ? [one.id, one.error.kind, one.error.field] : one))

// Numbers of millrace.proto that the frames below use.
const CONNECT = 2
const SUBSCRIBE = 3
const PUBLISH = 5
const PING = 13
const ping = (id: number) => ({ id, kind: 'ping', body: {} })
const publish = (...fields: number[][]) => frame([...uint(1, 9), ...len(PUBLISH, ...fields)])
const channel = len(1, 'a:b')
const data = len(4, '1')

describe('[P4.1] frames', () => {
  test('frames joined end to end are a frame', () => {
    const one = binary.encodeCommands([{ id: 1, kind: 'ping', body: {} }])
    const two = binary.encodeCommands([{ id: 2, kind: 'ping', body: {} }])
    expect(decode(Uint8Array.from([...one, ...two]))).toEqual([ping(1), ping(2)])
    expect(binary.encodeCommands([])).toEqual(new Uint8Array())
    expect(decode(new Uint8Array())).toEqual([])
  })

  test('fields of an envelope and of a body come in any order', () => {
    const codec = uint(5, 3)
    const bytes = frame([...len(PUBLISH, codec, len(4, [0, 255]), channel), ...uint(1, 9)])
    expect(decode(bytes)).toEqual([
      {
        id: 9,
        kind: 'publish',
        body: { channel: 'a:b', data: { codec: 'raw', bytes: Uint8Array.of(0, 255) } },
      },
    ])
  })

  test('of a field that comes twice the last one counts', () => {
    expect(decode(publish(len(1, 'x:y'), data, channel))).toMatchObject([{ body: { channel: 'a:b' } }])
    expect(decode(frame([...len(PUBLISH, channel), ...len(PING), ...uint(1, 3), ...uint(1, 4)]))).toEqual([
      ping(4),
    ])
  })

  test('[P4.3] a payload without a codec is JSON text', () => {
    expect(decode(publish(channel, len(4, '{"a":[1]}')))).toEqual([
      { id: 9, kind: 'publish', body: { channel: 'a:b', data: json({ a: [1] }) } },
    ])
    expect(decode(publish(channel, uint(5, 0), len(4, 'null')))).toMatchObject([
      { body: { data: json(null) } },
    ])
  })

  test('a codec without its payload says nothing', () => {
    expect(decode(frame([...len(SUBSCRIBE, channel, uint(6, 2))]))).toEqual([
      { id: 0, kind: 'subscribe', body: { channel: 'a:b' } },
    ])
  })

  test('numbers may be written longer than they need', () => {
    expect(
      decode(frame([...tag(1, 0), 0x89, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, ...len(PING)])),
    ).toEqual([ping(9)])
  })

  test('any number but zero is true', () => {
    for (const [value, expected] of [
      [0, false],
      [1, true],
      [2, true],
    ] as const) {
      expect(decode(publish(channel, data, uint(3, value)))).toMatchObject([
        { body: { excludeSelf: expected } },
      ])
    }
  })
})

describe('[P4.2] what is malformed is named', () => {
  const body: [string, Uint8Array, string][] = [
    ['a required string is missing', publish(data), 'publish.channel'],
    ['a required payload is missing', publish(channel), 'publish.data'],
    ['a required number is missing', frame([...uint(1, 9), ...len(CONNECT)]), 'connect.version'],
    ['a string as a number', publish(uint(1, 5), data), 'publish.channel'],
    ['a bool as bytes', publish(channel, data, len(3, [1])), 'publish.excludeSelf'],
    ['a payload as a number', publish(channel, uint(4, 1)), 'publish.data'],
    ['a codec as bytes', publish(channel, data, len(5, [1])), 'publish.codec'],
    ['a codec without a name', publish(channel, data, uint(5, 4)), 'publish.codec'],
    [
      'a number of fixed size',
      publish(channel, data, [...tag(3, 1), 1, 0, 0, 0, 0, 0, 0, 0]),
      'publish.excludeSelf',
    ],
    ['a string that is not UTF-8', publish(len(1, [0x61, 0xc3, 0x28]), data), 'publish.channel'],
    ['a surrogate in UTF-8', publish(channel, data, len(2, [0xed, 0xa0, 0x80])), 'publish.id'],
    ['JSON that is not UTF-8', publish(channel, len(4, [0x22, 0xff, 0x22])), 'publish.data'],
    ['JSON that is none', publish(channel, len(4, '{')), 'publish.data'],
    ['JSON that is empty', publish(channel, len(4)), 'publish.data'],
    ['JSON with a byte order mark', publish(channel, len(4, '\ufeff1')), 'publish.data'],
    ['a length beyond the body', publish(channel, [...tag(4, 2), 9, 1]), 'publish.data'],
    ['a body that ends in a tag', publish(channel, data, [0x80]), 'frame'],
    ['a body that ends in a number', publish(channel, data, [...tag(3, 0), 0x80]), 'publish.excludeSelf'],
    ['field number zero', publish(channel, data, [0x00, 0x00]), 'frame'],
    ['a field number that is too large', publish(channel, data, [...varint(2 ** 32), 0]), 'frame'],
    ['a group, which the schema has none of', publish(channel, data, tag(9, 3)), 'frame'],
    ['wire type 7', publish(channel, data, tag(9, 7)), 'frame'],
    [
      'an unknown number of eleven bytes',
      publish(channel, data, [...tag(9, 0), ...Array(11).fill(0x80)]),
      'frame',
    ],
    ['an unknown fixed64 cut short', publish(channel, data, [...tag(9, 1), 1, 2, 3]), 'frame'],
    ['an unknown fixed32 cut short', publish(channel, data, [...tag(9, 5), 1, 2, 3]), 'frame'],
    ['unknown bytes beyond the body', publish(channel, data, [...tag(9, 2), 5, 1]), 'frame'],
    [
      'a number above 2^53-1',
      frame([...uint(1, 9), ...len(SUBSCRIBE, channel, uint(3, 2n ** 53n))]),
      'subscribe.history',
    ],
    [
      'a number of 64 bits, which is a negative one',
      frame([...uint(1, 9), ...len(SUBSCRIBE, channel, uint(3, 2n ** 64n - 1n))]),
      'subscribe.history',
    ],
    [
      'a number of eleven bytes',
      frame([...uint(1, 9), ...len(SUBSCRIBE, channel, [...tag(3, 0), ...Array(10).fill(0x80), 0])]),
      'subscribe.history',
    ],
    [
      'a nested field that is missing',
      frame([...uint(1, 9), ...len(SUBSCRIBE, channel, len(2, len(1, 'epoch')))]),
      'subscribe.since.offset',
    ],
    [
      'a nested message as a number',
      frame([...uint(1, 9), ...len(SUBSCRIBE, channel, uint(2, 1))]),
      'subscribe.since',
    ],
    ['a body as a number, behind the id', frame([...uint(1, 9), ...uint(PUBLISH, 1)]), 'publish'],
  ]
  test.each(body)('%s', (_, bytes, field) => {
    expect(decode(bytes)).toEqual([[9, 'malformed-command', field]])
  })

  test.each([
    ['an id that is bytes', frame([...len(1, '9'), ...len(PING)]), 'id'],
    ['an id above 2^53-1', frame([...uint(1, 2n ** 53n), ...len(PING)]), 'id'],
    ['a frame that ends in a tag', Uint8Array.of(0x80), 'frame'],
    ['an envelope beyond the frame', Uint8Array.of(0x0a, 5, 8, 1), 'frame'],
    ['an envelope as a number', Uint8Array.of(0x08, 1), 'frame'],
  ])('%s: an error without an id', (_, bytes, field) => {
    expect(decode(bytes)).toEqual([[0, 'malformed-command', field]])
  })

  test('the id is found though it stands behind what is wrong', () => {
    expect(decode(frame([...len(PUBLISH, data), ...uint(1, 7)]))).toEqual([
      [7, 'malformed-command', 'publish.channel'],
    ])
  })

  test('[P3.6] one bad command does not spoil its neighbours; those without an id share one error', () => {
    const one = frame([...uint(1, 1), ...len(PING)])
    const bad = frame([...uint(1, 2), ...len(PUBLISH)])
    const anonymous = frame([...len(PUBLISH)])
    const unknown = frame([...uint(1, 3), ...len(99)])
    const nobodyWaits = frame([...len(99)])
    const bytes = Uint8Array.from([
      ...one,
      ...bad,
      ...anonymous,
      ...anonymous,
      ...unknown,
      ...nobodyWaits,
      ...one,
      0x80,
    ])
    expect(decode(bytes)).toEqual([
      ping(1),
      [2, 'malformed-command', 'publish.channel'],
      [0, 'malformed-command', 'publish.channel'],
      [3, 'unknown-command', undefined],
      ping(1),
    ])
  })

  test('a message that cannot be read throws', () => {
    expect(() => binary.decodeMessages(frame([...len(2, uint(1, 5))]))).toThrow('error.message: is required')
    expect(() => binary.decodeMessages(Uint8Array.of(0x0a, 5))).toThrow(MillraceError)
  })
})

describe('[P3.5] [P4.2] what a newer peer may add', () => {
  test('unknown fields of every wire type are skipped, in every place', () => {
    const unknown = [
      ...uint(90, 2n ** 64n - 1n),
      ...len(91, 'anything'),
      ...tag(92, 1),
      ...[1, 2, 3, 4, 5, 6, 7, 8],
      ...tag(93, 5),
      ...[1, 2, 3, 4],
    ]
    const since = len(2, unknown, len(1, 'e'), uint(2, 3), unknown)
    const envelope = [
      ...unknown,
      ...uint(1, 1),
      ...len(SUBSCRIBE, unknown, channel, since, unknown),
      ...unknown,
    ]
    expect(decode(Uint8Array.from([...unknown, ...frame(envelope), ...unknown]))).toEqual([
      { id: 1, kind: 'subscribe', body: { channel: 'a:b', since: { epoch: 'e', offset: 3 } } },
    ])
  })

  test('a message of an unknown kind is ignored', () => {
    expect(binary.decodeMessages(frame([...len(99)], [...uint(1, 4), ...len(21)], []))).toEqual([
      { id: 4, kind: 'pong', body: {} },
    ])
  })
})

describe('memory', () => {
  test('nothing decoded shares memory with the frame, though it is a Buffer of a pool', () => {
    const command: Command = {
      id: 1,
      kind: 'publish',
      body: { channel: 'a:b', data: { codec: 'raw', bytes: Uint8Array.of(1, 2, 3) } },
    }
    for (const bytes of [binary.encodeCommands([command]), Buffer.from(binary.encodeCommands([command]))]) {
      const decoded = binary.readCommands(bytes).all()
      bytes.fill(0)
      expect(decoded).toEqual([command])
      expect(Object.getPrototypeOf((decoded[0] as typeof command).body.data)).toBe(Object.prototype)
    }
  })

  test('a frame does not change when the next one is written', () => {
    const first = binary.encodeCommands([{ id: 1, kind: 'ping', body: {} }])
    const before = hex(first)
    binary.encodeCommands([{ id: 2, kind: 'pong', body: {} }])
    expect(hex(first)).toBe(before)
  })

  test('a payload may encode another frame while its own is being written', () => {
    const inner: Command = {
      id: 2,
      kind: 'publish',
      body: { channel: 'in:ner', data: json('x'.repeat(600)) },
    }
    let written = new Uint8Array()
    const toJSON = () => {
      written = new Uint8Array(binary.encodeCommands([inner]))
      return 'outer'
    }
    const outer: Command = { id: 1, kind: 'publish', body: { channel: 'out:er', data: json({ toJSON }) } }
    expect(decode(binary.encodeCommands([outer]))).toEqual([
      { ...outer, body: { channel: 'out:er', data: json('outer') } },
    ])
    expect(decode(written)).toEqual([inner])
  })

  test('a payload that cannot be written spoils no later frame', () => {
    const bad: Command = { id: 1, kind: 'publish', body: { channel: 'a:b', data: json(10n) } }
    expect(() => binary.encodeCommands([bad])).toThrow(MillraceError)
    expect(decode(binary.encodeCommands([{ id: 1, kind: 'ping', body: {} }]))).toEqual([ping(1)])
  })

  test('frames larger than any buffer that is kept', () => {
    for (const size of [100, 127, 128, 300, 16_383, 16_384, 70_000, 2_200_000]) {
      const bytes = new Uint8Array(size).fill(7)
      const command: Command = {
        id: 1,
        kind: 'publish',
        body: { channel: 'a:b', data: { codec: 'raw', bytes } },
      }
      const [decoded] = binary.readCommands(binary.encodeCommands([command])).all()
      expect(decoded).toMatchObject({ id: 1, body: { channel: 'a:b' } })
      expect((decoded as typeof command).body.data).toMatchObject({ bytes: { length: size } })
    }
  })
})

test('[P4.2] no bytes make the reader throw, and what it reads it can write', () => {
  const whole = binary.encodeCommands([
    {
      id: 5,
      kind: 'subscribe',
      body: { channel: 'chat:lobby', since: { epoch: 'abc', offset: 300 }, data: json({ name: 'Ada' }) },
    },
    { id: 6, kind: 'call', body: { method: 'm', to: { user: 'ada' }, timeout: 1000, data: json([1, 2]) } },
  ])
  const mutated = fc
    .tuple(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(whole.length))
    .map(([changes, length]) => {
      const bytes = whole.slice(0, length)
      for (const [at, value] of changes) if (at < length) bytes[at] = value
      return bytes
    })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), mutated), (bytes) => {
      for (const one of binary.readCommands(bytes).all()) {
        if (one instanceof BadCommand) expect(one.error).toBeInstanceOf(MillraceError)
        else expect(binary.readCommands(binary.encodeCommands([one])).all()).toEqual([one])
      }
    }),
    { numRuns: 5000 },
  )
})
