/** What holds for both dialects: they say the same, and what one writes it reads. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commands, jsonValues, messages } from '../test/arbitraries.js'
import { base64 } from '../test/base64.js'
import { hex } from '../test/protobuf.js'
import { utf8 } from '../test/utf8.js'
import { binaryDialect } from './binary-dialect.js'
import { BadCommand, type Dialect } from './dialect.js'
import { jsonClient } from './json-client.js'
import { jsonDialect } from './json-dialect.js'
import { COMMANDS, MESSAGES } from './layout/index.js'
import type { Command, Message } from './messages.js'
import { json } from './payload.js'
import { sharedList } from './shared-list.js'

const binary = binaryDialect(utf8)
const client = jsonClient(base64)
const dialects: [string, Dialect<never>][] = [
  ['json', jsonDialect as Dialect<never>],
  ['binary', binary as Dialect<never>],
]

describe.each(dialects)('the %s dialect', (_, dialect) => {
  test('[P3.1] [P4.1] reads every command it writes, alone and in a frame of several [P3.2]', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 4 }), (list) => {
        expect(dialect.readCommands(dialect.encodeCommands(list)).all()).toEqual(list)
      }),
      { numRuns: 500 },
    )
  })

  test('[P3.1] [P4.1] reads every message it writes', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(dialect.decodeMessages(dialect.encodeMessage(message))).toEqual([message])
      }),
      { numRuns: 500 },
    )
  })

  test('has met every kind in these tests', () => {
    const seen = (kinds: { kind: string }[]) => new Set(kinds.map(({ kind }) => kind))
    expect(seen(fc.sample(commands, 500))).toEqual(new Set(Object.keys(COMMANDS)))
    expect(seen(fc.sample(messages, 1000))).toEqual(new Set(Object.keys(MESSAGES)))
  })

  test('writes stored JSON text as it writes the value', () => {
    fc.assert(
      fc.property(jsonValues, (value) => {
        const publication = { channel: 'a:b', offset: 1, time: 2 }
        const byValue: Message = { id: 0, kind: 'publication', body: { ...publication, data: json(value) } }
        const text = JSON.stringify(value)
        const byText: Message = {
          id: 0,
          kind: 'publication',
          body: { ...publication, data: { codec: 'json', text } },
        }
        expect(dialect.encodeMessage(byText)).toEqual(dialect.encodeMessage(byValue))
      }),
    )
  })

  test('writes a list that is shared as it writes any, wherever it stands, and however often', () => {
    const position = { epoch: 'e', offset: 9 }
    const list = Array.from({ length: 40 }, (_, i) => ({ offset: i, time: i, data: json(`é${i}`) }))
    const both = (publications: typeof list): Message[] => [
      { id: 1, kind: 'subscribed', body: { channel: 'a:b', position, publications } },
      { id: 2, kind: 'history', body: { channel: 'a:c', position, publications } },
      { id: 3, kind: 'subscribed', body: { channel: 'a:b', position, publications } },
    ]
    const plain = both([...list]).map((message) => dialect.encodeMessage(message))
    sharedList(list)
    expect(both(list).map((message) => dialect.encodeMessage(message))).toEqual(plain)
    expect(both(list).map((message) => dialect.encodeMessage(message))).toEqual(plain)
  })

  test('writes a shared list once', () => {
    let reads = 0
    const one = {
      time: 1,
      data: json('a'),
      get offset() {
        reads++
        return 7
      },
    }
    const list = sharedList([one])
    const body = { channel: 'a:b', position: { epoch: 'e', offset: 9 }, publications: list }
    const frames = [1, 2, 3].map((id) => dialect.encodeMessage({ id, kind: 'subscribed', body }))
    expect([frames.length, reads]).toEqual([3, 1])
  })

  test('[P3.5] an optional list that is empty is not told from an absent one', () => {
    const position = { epoch: 'e', offset: 0 }
    const body = { channel: 'a:b', position }
    const empty: Message = { id: 1, kind: 'subscribed', body: { ...body, publications: [], members: [] } }
    expect(dialect.decodeMessages(dialect.encodeMessage(empty))).toEqual([
      { id: 1, kind: 'subscribed', body },
    ])
    const history: Message = { id: 1, kind: 'history', body: { ...body, publications: [] } }
    expect(dialect.decodeMessages(dialect.encodeMessage(history))).toEqual([history])
  })

  test('fields that are undefined are left out', () => {
    const command: Command = {
      id: 1,
      kind: 'subscribe',
      body: { channel: 'a:b', since: undefined, data: undefined },
    }
    expect(dialect.readCommands(dialect.encodeCommands([command])).all()).toStrictEqual([
      { id: 1, kind: 'subscribe', body: { channel: 'a:b' } },
    ])
  })

  test('[P3.8] numbers up to 2^53-1 pass', () => {
    const command: Command = {
      id: Number.MAX_SAFE_INTEGER,
      kind: 'history',
      body: { channel: 'a:b', before: Number.MAX_SAFE_INTEGER, limit: 0 },
    }
    expect(dialect.readCommands(dialect.encodeCommands([command])).all()).toEqual([command])
  })

  test('keys named __proto__ in a payload stay what they are', () => {
    const value: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}')
    const command: Command = { id: 1, kind: 'publish', body: { channel: 'a:b', data: json(value) } }
    const [decoded] = dialect.readCommands(dialect.encodeCommands([command])).all()
    expect(JSON.stringify(decoded)).toBe(JSON.stringify(command))
    expect(({} as { polluted?: true }).polluted).toBeUndefined()
  })

  test('lone surrogates pass in payloads, as JSON escapes them', () => {
    const command: Command = { id: 1, kind: 'publish', body: { channel: 'a:b', data: json('x\ud800') } }
    expect(dialect.readCommands(dialect.encodeCommands([command])).all()).toEqual([command])
  })

  test('nesting deeper than any stack neither hangs nor throws', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const command: Command = {
      id: 1,
      kind: 'publish',
      body: { channel: 'a:b', data: { codec: 'json', text: deep } },
    }
    const [decoded] = dialect.readCommands(dialect.encodeCommands([command])).all()
    expect(decoded).toBeInstanceOf(BadCommand)
  })

  test('[P3.10] limits of text: 255 units for what a server keeps, none for a token', () => {
    const connect = (body: { token?: string; client?: string; resume?: string }): Command => ({
      id: 1,
      kind: 'connect',
      body: { version: 1, ...body },
    })
    const decode = (command: Command) => dialect.readCommands(dialect.encodeCommands([command])).all()[0]
    const fits = connect({ token: 't'.repeat(70_000), client: 'c'.repeat(255), resume: 'ü'.repeat(255) })
    expect(decode(fits)).toEqual(fits)
    for (const field of ['client', 'resume']) {
      const bad = decode(connect({ [field]: 'c'.repeat(256) }))
      expect(bad).toBeInstanceOf(BadCommand)
      expect((bad as BadCommand).error).toMatchObject({
        kind: 'malformed-command',
        field: `connect.${field}`,
        message: `connect.${field}: must have at most 255 characters`,
      })
    }
  })
})

describe('the client’s half of the JSON dialect', () => {
  test('[P3.1] [P3.7] reads what a server writes as the strict half does', () => {
    fc.assert(
      fc.property(fc.array(messages, { minLength: 1, maxLength: 3 }), (list) => {
        const frame = `[${list.map((message) => jsonDialect.encodeMessage(message)).join()}]`
        expect(client.decodeMessages(frame)).toEqual(jsonDialect.decodeMessages(frame))
      }),
      { numRuns: 500 },
    )
  })

  test('[P3.5] takes null for absent, except where it is the payload', () => {
    const frame =
      '{"id":null,"publication":{"channel":"a:b","offset":1,"prev":null,"codec":null,"data":null}}'
    const body = { channel: 'a:b', offset: 1, data: json(null) }
    expect(client.decodeMessages(frame)).toEqual([{ id: 0, kind: 'publication', body }])
  })

  test.each(['', 'no json', '{', '[null]'])('refuses %j, saying why', (frame) => {
    expect(() => client.decodeMessages(frame)).toThrow(/JSON|null/)
  })

  test('finds nothing where there is no message', () => {
    expect(client.decodeMessages('3')).toEqual([])
  })
})

describe('[P4.1] the two dialects say the same', () => {
  test('a command read from one and written in the other is the same command', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 3 }), (list) => {
        const fromJson = jsonDialect.readCommands(jsonDialect.encodeCommands(list)).all() as Command[]
        const fromBinary = binary.readCommands(binary.encodeCommands(list)).all() as Command[]
        expect(fromJson).toEqual(fromBinary)
        expect(binary.encodeCommands(fromJson)).toEqual(binary.encodeCommands(list))
        // The order of fields in a JSON object says nothing.
        expect(JSON.parse(jsonDialect.encodeCommands(fromBinary))).toEqual(
          JSON.parse(jsonDialect.encodeCommands(list)),
        )
      }),
    )
  })

  test('a message read from one and written in the other is the same message', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const [fromJson] = jsonDialect.decodeMessages(jsonDialect.encodeMessage(message))
        const [fromBinary] = binary.decodeMessages(binary.encodeMessage(message))
        expect(fromJson).toEqual(fromBinary)
        if (fromJson !== undefined)
          expect(hex(binary.encodeMessage(fromJson))).toBe(hex(binary.encodeMessage(message)))
      }),
    )
  })
})
