import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonValues } from '../test/arbitraries.js'
import { base64 } from '../test/base64.js'
import { MillraceError } from './codes.js'
import { BadCommand } from './dialect.js'
import { jsonClient } from './json-client.js'
import { jsonDialect } from './json-dialect.js'
import type { Message } from './messages.js'
import { json } from './payload.js'

/** What a frame decodes to, with bad commands as their id, code and field. */
const decode = (frame: string): unknown[] =>
  jsonDialect
    .readCommands(frame)
    .all()
    .map((one) => (one instanceof BadCommand ? [one.id, one.error.kind, one.error.field] : one))
const ping = (id: number) => ({ id, kind: 'ping', body: {} })

describe('frames', () => {
  test('[P3.1] [P3.2] a frame is one message or an array of messages, read in order', () => {
    expect(decode('{"id":1,"ping":{}}')).toEqual([ping(1)])
    expect(decode(' [ {"ping":{},"id":2} , {"id":1,"ping":{}} ] ')).toEqual([ping(2), ping(1)])
    expect(decode('[]')).toEqual([])
    expect(jsonDialect.encodeCommands([])).toBe('[]')
    expect(jsonDialect.decodeMessages('[{"ping":{}},{"id":3,"pong":{}}]')).toEqual([
      ping(0),
      { id: 3, kind: 'pong', body: {} },
    ])
  })

  test('[P3.6] a frame that is no JSON is one error without an id', () => {
    for (const frame of ['', '{', 'ping', '{"id":1,"ping":{}}x', '\ufeff{}', "{'id':1}", 'NaN']) {
      expect(decode(frame)).toEqual([[0, 'malformed-command', 'frame']])
      expect(() => jsonDialect.decodeMessages(frame)).toThrow(MillraceError)
    }
  })

  test('[P3.6] one bad command does not spoil its neighbours', () => {
    expect(
      decode('[{"id":1,"ping":{}},{"id":2,"publish":{}},{"id":3,"dance":{}},{"id":4},{"id":5,"ping":{}}]'),
    ).toEqual([
      ping(1),
      [2, 'malformed-command', 'publish.channel'],
      [3, 'unknown-command', undefined],
      [4, 'unknown-command', undefined],
      ping(5),
    ])
  })

  test('[P3.6] commands without an id that can be read share one error', () => {
    expect(decode('[0,{"id":1,"ping":{}},null,"x",[],{"publish":{}},{"id":-1,"ping":{}}]')).toEqual([
      [0, 'malformed-command', 'command'],
      ping(1),
    ])
  })

  test('[P3.3] an unknown command without an id is not answered', () => {
    expect(decode('[{"dance":{}},{},{"id":0,"dance":{}},{"id":null}]')).toEqual([])
  })
})

test('[P3.6] an unknown command is told what there is', () => {
  const [bad] = jsonDialect.readCommands('{"id":1,"dance":{}}').all()
  expect((bad as BadCommand).error.message).toMatch(
    /^The command holds none of: connect, subscribe, .*refresh$/,
  )
})

describe('[P3.3] ids', () => {
  test.each([
    ['absent', '{"ping":{}}'],
    ['0', '{"id":0,"ping":{}}'],
    ['null', '{"id":null,"ping":{}}'],
  ])('%s: no reply is wanted', (_, frame) => {
    expect(decode(frame)).toEqual([ping(0)])
  })

  test.each(['-1', '1.5', '9007199254740992', '1e400', '"1"', 'true', '[1]', '{}'])(
    'id %s is malformed, and the error can carry none',
    (id) => {
      expect(decode(`{"id":${id},"ping":{}}`)).toEqual([[0, 'malformed-command', 'id']])
    },
  )

  test('any whole number is one, however written', () => {
    expect(decode('[{"id":1e3,"ping":{}},{"id":9007199254740991,"ping":{}},{"id":7.0,"ping":{}}]')).toEqual([
      ping(1000),
      ping(9007199254740991),
      ping(7),
    ])
  })
})

describe('[P3.6] a field that is wrong is named', () => {
  test.each([
    ['{"publish":null}', 'publish'],
    ['{"publish":[]}', 'publish'],
    ['{"publish":"chat:lobby"}', 'publish'],
    ['{"publish":{"data":1}}', 'publish.channel'],
    ['{"publish":{"channel":7,"data":1}}', 'publish.channel'],
    ['{"publish":{"channel":"a:b"}}', 'publish.data'],
    ['{"publish":{"channel":"a:b","data":1,"excludeSelf":"yes"}}', 'publish.excludeSelf'],
    ['{"publish":{"channel":"a:b","data":1,"excludeSelf":1}}', 'publish.excludeSelf'],
    ['{"publish":{"channel":"a:b","data":1,"id":{}}}', 'publish.id'],
    ['{"publish":{"channel":"a:b","data":1,"id":"x\\ud800"}}', 'publish.id'],
    ['{"publish":{"channel":"a:b","data":1,"codec":"bson"}}', 'publish.codec'],
    ['{"publish":{"channel":"a:b","data":1,"codec":7}}', 'publish.codec'],
    ['{"publish":{"channel":"a:b","data":1,"codec":"toString"}}', 'publish.codec'],
    ['{"publish":{"channel":"a:b","data":1,"codec":"raw"}}', 'publish.data'],
    ['{"publish":{"channel":"a:b","data":null,"codec":"raw"}}', 'publish.data'],
    ['{"publish":{"channel":"a:b","data":"AA=","codec":"msgpack"}}', 'publish.data'],
    ['{"subscribe":{"channel":"a:b","history":-1}}', 'subscribe.history'],
    ['{"subscribe":{"channel":"a:b","history":0.5}}', 'subscribe.history'],
    ['{"subscribe":{"channel":"a:b","history":9007199254740992}}', 'subscribe.history'],
    ['{"subscribe":{"channel":"a:b","history":"10"}}', 'subscribe.history'],
    ['{"subscribe":{"channel":"a:b","since":5}}', 'subscribe.since'],
    ['{"subscribe":{"channel":"a:b","since":{"offset":5}}}', 'subscribe.since.epoch'],
    ['{"subscribe":{"channel":"a:b","since":{"epoch":"e","offset":"5"}}}', 'subscribe.since.offset'],
    ['{"subscribe":{"channel":"a:b","since":{"epoch":"e","offset":null}}}', 'subscribe.since.offset'],
    ['{"connect":{}}', 'connect.version'],
    ['{"connect":{"version":"1"}}', 'connect.version'],
    ['{"call":{"data":1}}', 'call.method'],
    ['{"call":{"method":"m","data":1,"to":"ada"}}', 'call.to'],
    ['{"answer":{"call":"c","error":{"code":"no","message":""}}}', 'answer.error.code'],
    ['{"ping":7}', 'ping'],
  ])('%s: %s', (command, field) => {
    expect(decode(command.replace('{', '{"id":9,'))).toEqual([[9, 'malformed-command', field]])
  })

  test('in lists with the place', () => {
    const frame = (list: string) =>
      `{"id":1,"history":{"channel":"a:b","position":{"epoch":"e","offset":2},"publications":${list}}}`
    expect(() =>
      jsonDialect.decodeMessages(frame('[{"offset":1,"time":1,"data":1},{"offset":2,"data":1}]')),
    ).toThrow('history.publications[1].time: is required')
    expect(() => jsonDialect.decodeMessages(frame('{}'))).toThrow('history.publications: must be an array')
  })

  test('[P3.1] two kinds in one message are not guessed between', () => {
    expect(decode('{"id":1,"ping":{},"leave":{"channel":"a:b"}}')).toEqual([
      [1, 'malformed-command', 'leave'],
    ])
  })
})

describe('[P3.5] what a newer peer may add', () => {
  test('unknown fields are ignored, in every place', () => {
    expect(
      decode(
        '{"id":1,"trace":"x","subscribe":{"channel":"a:b","speed":9,"since":{"epoch":"e","offset":1,"shard":2}}}',
      ),
    ).toEqual([{ id: 1, kind: 'subscribe', body: { channel: 'a:b', since: { epoch: 'e', offset: 1 } } }])
  })

  test('a message of an unknown kind is ignored', () => {
    expect(jsonDialect.decodeMessages('[{"weather":{}},{"id":1,"pong":{}},{}]')).toEqual([
      { id: 1, kind: 'pong', body: {} },
    ])
  })

  test('reasons of gaps this version does not know pass', () => {
    const frame = '{"gap":{"channel":"a:b","to":{"epoch":"e","offset":4},"reason":"sunspots"}}'
    expect(jsonDialect.decodeMessages(frame)[0]?.body).toMatchObject({ reason: 'sunspots' })
  })

  test('what every object has is no kind', () => {
    for (const kind of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(decode(`{"id":1,"${kind}":{}}`)).toEqual([[1, 'unknown-command', undefined]])
    }
  })

  test('a list that is absent is empty where one must be, and stays absent where it need not', () => {
    const body = { channel: 'a:b', position: { epoch: 'e', offset: 2 } }
    for (const list of [{}, { publications: null }, { publications: [] }]) {
      const frame = JSON.stringify({ id: 1, history: { ...body, ...list } })
      expect(jsonDialect.decodeMessages(frame)).toStrictEqual([
        { id: 1, kind: 'history', body: { ...body, publications: [] } },
      ])
    }
    expect(jsonDialect.decodeMessages(JSON.stringify({ id: 1, subscribed: body }))).toStrictEqual([
      { id: 1, kind: 'subscribed', body },
    ])
  })

  test('null is absent, except as a payload', () => {
    expect(
      decode('{"id":1,"subscribe":{"channel":"a:b","since":null,"history":null,"presence":null}}'),
    ).toEqual([{ id: 1, kind: 'subscribe', body: { channel: 'a:b' } }])
    expect(decode('{"id":1,"subscribe":{"channel":"a:b","data":null}}')).toEqual([
      { id: 1, kind: 'subscribe', body: { channel: 'a:b', data: json(null) } },
    ])
    expect(decode('{"id":1,"enter":{"channel":"a:b","data":null,"codec":null}}')).toEqual([
      { id: 1, kind: 'enter', body: { channel: 'a:b', data: json(null) } },
    ])
  })
})

test('[P3.7] bytes are base64 with their codec beside them', () => {
  const frame = '{"id":1,"publish":{"channel":"a:b","codec":"raw","data":"AP8="}}'
  const command = {
    id: 1,
    kind: 'publish',
    body: { channel: 'a:b', data: { codec: 'raw', bytes: Uint8Array.of(0, 255) } },
  }
  expect(decode(frame)).toEqual([command])
  expect(jsonDialect.encodeCommands(jsonDialect.readCommands(frame).all() as never)).toBe(frame)
  expect(decode('{"id":1,"publish":{"channel":"a:b","codec":"json","data":"AP8="}}')).toEqual([
    { id: 1, kind: 'publish', body: { channel: 'a:b', data: json('AP8=') } },
  ])
})

test('a push has no id, and the frame is JSON whatever text its fields hold', () => {
  const push: Message = {
    id: 0,
    kind: 'disconnect',
    body: { code: 4000, reason: 'a "quoted"\n\u2028 \ud800 reason', retryAfter: 5 },
  }
  const text = jsonDialect.encodeMessage(push)
  expect(JSON.parse(text)).toEqual({ disconnect: push.body })
})

test('[P3.6] no text makes the reader throw, and what it reads it can write', () => {
  const words = [
    '"id":1',
    '"publish":',
    '"channel":"a:b"',
    '"data":',
    '{',
    '}',
    '[',
    ']',
    ',',
    'null',
    '"raw"',
    '1',
  ]
  const texts = fc.oneof(
    fc.json(),
    fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => parts.join('')),
    jsonValues.map((value) => JSON.stringify({ id: 1, publish: value })),
    jsonValues.map((value) => JSON.stringify([{ id: 1, subscribe: { channel: 'a:b', since: value } }])),
  )
  fc.assert(
    fc.property(texts, (text) => {
      for (const one of jsonDialect.readCommands(text).all()) {
        if (one instanceof BadCommand) expect(one.error).toBeInstanceOf(MillraceError)
        else expect(jsonDialect.readCommands(jsonDialect.encodeCommands([one])).all()).toEqual([one])
      }
    }),
    { numRuns: 2000 },
  )
})

describe('what is written', () => {
  test('of a server’s objects is what the layout knows, whatever else they hold', () => {
    const publication = { offset: 1, time: 2, data: json(1), secret: 's' }
    const body = {
      channel: 'a:b',
      position: { epoch: 'e', offset: 1, node: 'n' },
      publications: [publication],
    }
    expect(jsonDialect.encodeMessage({ id: 1, kind: 'history', body })).toBe(
      '{"id":1,"history":{"channel":"a:b","position":{"epoch":"e","offset":1},"publications":[{"offset":1,"time":2,"data":1}]}}',
    )
  })

  test('of a client’s is all that is there', () => {
    const to = { user: 'ada', session: undefined }
    expect(
      jsonClient(base64).encodeCommands([
        { id: 1, kind: 'call', body: { method: 'm', to, data: json(null) } },
      ]),
    ).toBe('{"id":1,"call":{"method":"m","to":{"user":"ada"},"data":null}}')
  })
})
