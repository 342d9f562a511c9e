import { decode, encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonValues } from '../test/arbitraries.js'
import { MillraceError } from './codes.js'
import {
  decodePayload,
  encodePayload,
  json,
  jsonText,
  type Payload,
  type PayloadCodecs,
  toStored,
} from './payload.js'

const msgpack = { encode, decode }

function failure(run: () => unknown): MillraceError {
  try {
    run()
  } catch (error) {
    if (error instanceof MillraceError) return error
  }
  throw new Error('should have thrown a MillraceError')
}

describe('[P3.7] payloads', () => {
  test('JSON keeps its value, and stored it is text', () => {
    fc.assert(
      fc.property(jsonValues, (value) => {
        const payload = encodePayload(value, 'json', {})
        expect(decodePayload(payload, {})).toEqual(value)
        const stored = toStored(payload)
        expect(stored).toEqual({ codec: 'json', text: JSON.stringify(value) })
        expect(decodePayload(stored, {})).toEqual(value)
        expect(toStored(stored)).toBe(stored)
      }),
    )
  })

  test('MessagePack passes through the codec that is at hand', () => {
    // The library refuses keys that would change an object's prototype, which JSON.parse makes plain properties.
    const values = jsonValues.filter((value) => !JSON.stringify(value).includes('"__proto__"'))
    fc.assert(
      fc.property(values, (value) => {
        const payload = encodePayload(value, 'msgpack', { msgpack })
        expect(payload).toEqual({ codec: 'msgpack', bytes: encode(value) })
        expect(decodePayload(payload, { msgpack })).toEqual(value)
        expect(toStored(payload)).toBe(payload)
      }),
    )
  })

  test('raw is bytes as they are', () => {
    const bytes = Uint8Array.of(0, 255)
    expect(decodePayload(encodePayload(bytes, 'raw', {}), {})).toBe(bytes)
    expect(failure(() => encodePayload([0, 255], 'raw', {}))).toMatchObject({
      kind: 'invalid-payload',
      field: 'data',
      message: 'The payload cannot be written as raw: it must be a Uint8Array',
    })
  })

  test('what JSON has no word for becomes null', () => {
    expect(jsonText(json(undefined))).toBe('null')
    expect(jsonText(json(() => 1))).toBe('null')
    expect(jsonText(json([undefined, Number.NaN, Infinity]))).toBe('[null,null,null]')
    expect(jsonText(json('\ud800'))).toBe('"\\ud800"')
  })

  test('what cannot be written is invalid-payload, and says why', () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    for (const value of [circle, 10n]) {
      expect(failure(() => jsonText(json(value)))).toMatchObject({ kind: 'invalid-payload', field: 'data' })
    }
    const refusing: PayloadCodecs = {
      protobuf: {
        encode: () => {
          throw new Error('field text is missing')
        },
        decode: () => {
          throw 'not even an Error'
        },
      },
    }
    expect(failure(() => encodePayload({}, 'protobuf', refusing)).message).toBe(
      'The payload cannot be written as protobuf: field text is missing',
    )
    expect(
      failure(() => decodePayload({ codec: 'protobuf', bytes: new Uint8Array() }, refusing)).message,
    ).toBe('The payload is not protobuf: not even an Error')
  })

  test('nesting deeper than the stack is written or refused, as the platform can', () => {
    let deep: unknown = []
    for (let i = 0; i < 100_000; i++) deep = [deep]
    const write = () => {
      try {
        return jsonText(json(deep))
      } catch (error) {
        return error
      }
    }
    const refused = expect.objectContaining({ kind: 'invalid-payload' })
    const written = write()
    if (typeof written === 'string') expect(written.length).toBe(200_002)
    else expect(written).toEqual(refused)
  })

  test('what cannot be read is invalid-payload', () => {
    const broken: Payload[] = [
      { codec: 'json', text: '{' },
      { codec: 'msgpack', bytes: Uint8Array.of(0xc1) },
      { codec: 'msgpack', bytes: new Uint8Array() },
      { codec: 'msgpack', bytes: encode(JSON.parse('{"__proto__":1}')) },
    ]
    for (const payload of broken) {
      expect(failure(() => decodePayload(payload, { msgpack }))).toMatchObject({
        kind: 'invalid-payload',
        field: 'data',
      })
    }
  })

  test('a codec that is not at hand is unsupported-codec, with the way to pass one', () => {
    const expected = {
      kind: 'unsupported-codec',
      field: 'data',
      message: expect.stringContaining('codecs: {'),
    }
    expect(failure(() => encodePayload(1, 'msgpack', {}))).toMatchObject(expected)
    expect(
      failure(() => decodePayload({ codec: 'protobuf', bytes: Uint8Array.of(1) }, { msgpack })),
    ).toMatchObject(expected)
  })
})
