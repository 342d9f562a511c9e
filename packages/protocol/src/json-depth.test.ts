import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { jsonValues } from '../test/arbitraries.js'
import { utf8 } from '../test/utf8.js'
import { binaryDialect } from './binary-dialect.js'
import { BadCommand } from './dialect.js'
import { isTooDeep, isTooDeepValue, MAX_JSON_DEPTH } from './json-depth.js'
import { jsonDialect } from './json-dialect.js'
import type { Payload } from './payload.js'

const nested = (depth: number, inside = '1'): string => '['.repeat(depth) + inside + ']'.repeat(depth)
const LONG = 'x'.repeat(400)

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
