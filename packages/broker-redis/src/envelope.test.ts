import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Envelope, seal, unseal } from './envelope.js'

const name = fc.option(fc.string({ unit: 'grapheme', maxLength: 300 }), { nil: undefined })
const data = fc.oneof(
  fc.json().map((text) => ({ codec: 'json' as const, text })),
  fc.record({
    codec: fc.constantFrom('msgpack' as const, 'protobuf' as const, 'raw' as const),
    bytes: fc.uint8Array({ maxLength: 2_000 }),
  }),
)
// Keys may be any text, with halves of surrogate pairs too.
const key = fc.option(fc.string({ unit: 'binary', maxLength: 255 }), { nil: undefined })
const removed = fc.constantFrom(true as const, undefined)

describe('an envelope', () => {
  it('[B1] gives back what was put in, byte for byte', () => {
    const from = fc.option(fc.record({ session: fc.string(), user: name }), { nil: undefined })
    fc.assert(
      fc.property(fc.record({ id: name, from, exclude: name, data, key, removed }), (envelope: Envelope) => {
        expect(unseal(seal(envelope))).toEqual(envelope)
      }),
    )
  })

  it('[B14] says by its format that it has a key, which an older version would take for data', () => {
    const sealed = (more: Partial<Envelope>) => seal({ data: { codec: 'json', text: '1' }, ...more })[0]
    expect([sealed({}), sealed({ key: '' }), sealed({ removed: true })]).toEqual([1, 2, 2])
  })

  it('keeps bytes that would not survive as text, and apart from the buffer they came in', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const buffer = seal({ data: { codec: 'raw', bytes } })
    const opened = unseal(buffer)
    buffer.fill(0)
    expect(opened.data).toEqual({ codec: 'raw', bytes })
  })

  it('writes a JSON value as text', () => {
    expect(unseal(seal({ data: { codec: 'json', value: { a: 1 } } })).data).toEqual({
      codec: 'json',
      text: '{"a":1}',
    })
  })

  it('says when it is of another version', () => {
    expect(() => unseal(Buffer.from([3, 0, 0]))).toThrow(/format 3, codec 0, which this version/)
    expect(() => unseal(Buffer.from([1, 9, 0]))).toThrow(/codec 9/)
    expect(() => unseal(Buffer.alloc(0))).toThrow(/does not know/)
  })
})
