import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { jsonValues } from '../test/arbitraries.js'
import { utf8 } from '../test/utf8.js'
import { binaryDialect } from './binary-dialect.js'
import { BadCommand } from './dialect.js'
import { jsonDialect } from './json-dialect.js'
import { isTooDeepValue, JsonOutline, MAX_JSON_DEPTH } from './json-outline.js'
import type { Payload } from './payload.js'

const nested = (depth: number, inside = '1'): string => '['.repeat(depth) + inside + ']'.repeat(depth)
const LONG = 'x'.repeat(400)
const isTooDeep = (text: string): boolean => new JsonOutline(text).isTooDeep

describe('[P3.12] how deep JSON may be', () => {
  it('is 128 arrays and objects within each other, wherever they are', () => {
    const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    for (const write of [nested, objects]) {
      expect(isTooDeep(write(MAX_JSON_DEPTH))).toBe(false)
      expect(isTooDeep(write(MAX_JSON_DEPTH + 1))).toBe(true)
    }
    expect(isTooDeep(`[${nested(MAX_JSON_DEPTH)}]`)).toBe(true)
    expect(isTooDeep(`[${'[],'.repeat(1000)}[]]`)).toBe(false)
  })

  it.each([
    ['brackets in a string', `["${'['.repeat(300)}"]`],
    ['a quote in a string', `["\\"${'['.repeat(300)}"]`],
    ['a backslash before the end of a string', `["${LONG}\\\\",${nested(100)}]`],
  ])('%s', (_, text) => {
    JSON.parse(text)
    expect(isTooDeep(text)).toBe(false)
  })

  it('is seen behind strings that end in backslashes', () => {
    expect(isTooDeep(`["\\\\",${nested(MAX_JSON_DEPTH)}]`)).toBe(true)
    expect(isTooDeep(`["\\\\\\"",${nested(MAX_JSON_DEPTH)}]`)).toBe(true)
  })

  it('takes a string without an end, and nothing at all, for not too deep', () => {
    expect(isTooDeep(`["${LONG}`)).toBe(false)
    expect(isTooDeep('')).toBe(false)
  })

  test('counted is what is there, whatever strings hold', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    fc.assert(
      fc.property(jsonValues, fc.integer({ min: 110, max: 130 }), fc.string(), (value, around, text) => {
        const frame = nested(around, JSON.stringify([text, LONG, value]))
        const expected = around + 1 + depthOf(value) > MAX_JSON_DEPTH
        expect([isTooDeep(frame), isTooDeepValue(JSON.parse(frame))]).toEqual([expected, expected])
      }),
    )
  })

  it('and a frame beyond it is answered as one that is no JSON, whatever it would be', () => {
    const decode = (frame: string) =>
      jsonDialect
        .readCommands(frame)
        .all()
        .map((one) => (one instanceof BadCommand ? [one.id, one.error.kind, one.error.field] : one.kind))
    // The frame's object and the body are two levels.
    const publish = (depth: number) => `{"id":1,"publish":{"channel":"a:b","data":${nested(depth)}}}`
    expect(decode(publish(MAX_JSON_DEPTH - 2))).toEqual(['publish'])
    expect(decode(publish(MAX_JSON_DEPTH - 1))).toEqual([[0, 'malformed-command', 'frame']])
    expect(decode(nested(30_000))).toEqual([[0, 'malformed-command', 'frame']])
  })

  it('and in the binary dialect the payload beyond it is', () => {
    const binary = binaryDialect(utf8)
    const decode = (depth: number) => {
      const data: Payload = { codec: 'json', text: nested(depth) }
      const frame = binary.encodeCommands([{ id: 1, kind: 'publish', body: { channel: 'a:b', data } }])
      return binary
        .readCommands(frame)
        .all()
        .map((one) => (one instanceof BadCommand ? [one.id, one.error.kind, one.error.field] : one.kind))
    }
    expect(decode(MAX_JSON_DEPTH)).toEqual(['publish'])
    expect(decode(MAX_JSON_DEPTH + 1)).toEqual([[1, 'malformed-command', 'publish.data']])
    expect(decode(30_000)).toEqual([[1, 'malformed-command', 'publish.data']])
  })
})

describe('[P3.13] the text of a payload', () => {
  const dataOf = (frame: string): Payload | undefined => {
    const [command] = jsonDialect.readCommands(frame).all()
    return command instanceof BadCommand || command === undefined || !('data' in command.body)
      ? undefined
      : command.body.data
  }
  const textOf = (frame: string): string | undefined => {
    const data = dataOf(frame)
    return data !== undefined && 'text' in data ? data.text : undefined
  }
  const publish = (data: string, rest = ''): string =>
    `{"id":1,"publish":{"channel":"a:b","data":${data}${rest}}}`
  const long = `"${'x'.repeat(2000)}"`

  it.each([
    ['a string', long],
    ['one with escapes and quotes', `"\\"\\\\${'x'.repeat(2000)}\\n"`],
    ['an array', `[${'1.50, '.repeat(400)}{}]`],
    ['an object with data of its own', `{"data":${long},"publish":{"data":1}}`],
    ['numbers that are lost when they are read', `[${'12345678901234567890,1e400,'.repeat(50)}0]`],
  ])('is kept as it was sent: %s', (_, data) => {
    const rests = ['', ',"id":"data"', ',"excludeSelf":true,"later":["data",{"data":1}]']
    for (const rest of rests) expect(textOf(publish(data, rest))).toBe(data)
    expect(textOf(publish(` ${data} `))).toBe(data)
    expect(textOf(`{"publish" : {"data" :${data}, "channel":"a:b"} , "id":1}`)).toBe(data)
  })

  it.each([
    ['short', publish('"x"')],
    ['a small part of its frame', publish(long, `,"id":"x","later":"${'y'.repeat(3000)}"`)],
    ['in a frame of several', `[${publish(long)}]`],
    ['beside the command of an array', `[{"data":${long},"publish":{"channel":"a:b","data":1}}]`],
    ['said twice', `{"publish":{"data":${long},"channel":"a:b","data":${long}}}`],
    ['said in two', `{"later":{"data":1},"publish":{"channel":"a:b","data":${long}}}`],
    ['perhaps said in escapes', `{"publish":{"data":${long},"channel":"a:b","d\\u0061ta":2}}`],
    [
      'perhaps said in a kind with escapes',
      `{"l\\u0061ter":{"data":${long}},"publish":{"channel":"a:b","data":1}}`,
    ],
    ['on lines', publish(`[\n${long}]`)],
    ['on lines of another kind', publish(`[\r${long}]`)],
    ['bytes', publish(`"${'AAAA'.repeat(500)}"`, ',"codec":"raw"')],
  ])('is not when it is %s', (_, frame) => {
    JSON.parse(frame)
    expect(textOf(frame)).toBe(undefined)
    expect(dataOf(frame)).not.toEqual({ codec: 'json', value: undefined })
  })

  it('is not what another command’s frame has where a payload would be', () => {
    const frame = `{"id":1,"data":${long},"subscribe":{"channel":"a:b"},"later":{"data":${long}}}`
    expect(jsonDialect.readCommands(frame).all()).toEqual([
      { id: 1, kind: 'subscribe', body: { channel: 'a:b' } },
    ])
  })

  it('in the binary dialect is what came', () => {
    const binary = binaryDialect(utf8)
    for (const [text, kept] of [
      [long, long],
      [`[1.50, ${long}]`, `[1.50, ${long}]`],
      [`[\n${long}]`, undefined],
      ['[1.50]', undefined],
    ] as const) {
      const frame = binary.encodeCommands([
        { id: 1, kind: 'publish', body: { channel: 'a:b', data: { codec: 'json', text } } },
      ])
      const [command] = binary.readCommands(frame).all()
      const value: unknown = JSON.parse(text)
      expect(command).toMatchObject({ kind: 'publish' })
      const data = command !== undefined && 'body' in command && 'data' in command.body && command.body.data
      expect(data).toEqual({ codec: 'json', value, ...(kept && { text: kept }) })
    }
  })

  test('says what was read, however the frame is written', () => {
    // Names that come twice, in escapes or elsewhere, blanks, and strings that look like names.
    const blank = fc.constantFrom('', '', '', '', ' ', '\t ')
    const name = fc.constantFrom(
      '"data"',
      '"data"',
      '"data"',
      '"d\\u0061ta"',
      '"channel"',
      '"codec"',
      '"publish"',
      '"x"',
    )
    const value = fc.oneof(
      fc.constantFrom(
        long,
        long,
        `${long}\n`,
        `"${'\\\\'.repeat(600)}"`,
        `{"data":${long}}`,
        `[${long},"data"]`,
        '"data"',
        '"a:b"',
        '1',
        'null',
        '"\\"',
      ),
      jsonValues.map((one) => JSON.stringify(one)),
      fc.constant(`[${long},{"data":1}]`),
    )
    const member = fc
      .tuple(blank, name, blank, blank, value)
      .map(([a, key, b, c, one]) => `${a}${key}${b}:${c}${one}${a}`)
    const body = fc
      .array(member, { minLength: 1, maxLength: 3 })
      .map((all) => `{${['"channel":"a:b"', ...all].join()}}`)
    const frame = fc
      .array(
        fc.oneof(
          { weight: 5, arbitrary: body.map((one) => `"publish":${one}`) },
          member,
          body.map((one) => `"x":${one}`),
        ),
        { minLength: 1, maxLength: 3 },
      )
      .map((all) => `{${all.join()}}`)
    let found = 0
    fc.assert(
      fc.property(frame, (text) => {
        const data = dataOf(text)
        if (data === undefined || !('value' in data) || data.text === undefined) return
        found++
        expect(JSON.parse(data.text)).toEqual(data.value)
      }),
      { numRuns: 10_000 },
    )
    expect(found).toBeGreaterThan(100)
  })
})
