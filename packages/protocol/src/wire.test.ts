import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, len, tag, uint, varint } from '../test/protobuf.js'
import { utf8 } from '../test/utf8.js'
import { Unreadable } from './dialect.js'
import { Reader, Writer } from './wire.js'

const read = (bytes: readonly number[]) => new Reader(Uint8Array.from(bytes), utf8, [0, bytes.length])

/** Reads one field of a message that holds only that, and demands that nothing is left. */
function only<T>(bytes: readonly number[], take: (reader: Reader) => T): T {
  const reader = read(bytes)
  expect(reader.next()).toBe(true)
  const value = take(reader)
  expect(reader.next()).toBe(false)
  return value
}

describe('numbers', () => {
  const numbers = fc.oneof(
    fc.maxSafeNat(),
    fc.integer({ min: 0, max: 53 }).map((bits) => 2 ** bits - 1),
    fc.integer({ min: 0, max: 52 }).map((bits) => 2 ** bits),
  )

  test('are written as 64-bit arithmetic writes them, and read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x1fffffff }), numbers, (no, value) => {
        const writer = new Writer(utf8)
        writer.uint(no, value)
        const bytes = writer.finish()
        expect(hex(bytes)).toBe(hex(Uint8Array.from(uint(no, value))))
        expect(only([...bytes], (reader) => [reader.no, reader.uint('n')])).toEqual([no, value])
      }),
    )
  })

  test('[P4.2] of 64 bits are read or refused, never rounded', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const take = () => only([...tag(1, 0), ...varint(value)], (reader) => reader.uint('n'))
        if (value <= Number.MAX_SAFE_INTEGER) expect(take()).toBe(Number(value))
        else expect(take).toThrow(expect.toSatisfy((thrown) => thrown instanceof Unreadable))
      }),
    )
  })
})

describe('texts', () => {
  test('are written as the platform writes them, whatever is in them', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ unit: 'binary-ascii', minLength: 120, maxLength: 135 }),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const writer = new Writer(utf8)
        writer.text(3, text)
        const bytes = writer.finish()
        expect(hex(bytes)).toBe(hex(Uint8Array.from(len(3, text))))
        expect(only([...bytes], (reader) => reader.text('t'))).toBe(text)
      }),
    )
  })

  test('are refused when they are not UTF-8', () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0x80]]) {
      expect(() => only(len(1, bytes), (reader) => reader.text('the.field'))).toThrow(
        expect.objectContaining({ field: 'the.field', code: 'malformed-command' }),
      )
    }
  })
})

describe('nesting', () => {
  test('leaves the right room for the length, at every length where it grows', () => {
    for (const size of [0, 1, 126, 127, 128, 129, 16_382, 16_383, 16_384, 16_385]) {
      const filling = new Uint8Array(size).fill(0x2a)
      const writer = new Writer(utf8)
      writer.uint(1, 1)
      writer.nested(2, () => writer.nested(3, () => writer.bytes(4, filling)))
      writer.uint(5, 5)
      expect(hex(writer.finish())).toBe(
        hex(Uint8Array.from([...uint(1, 1), ...len(2, len(3, len(4, [...filling]))), ...uint(5, 5)])),
      )
    }
  })

  test('a nested reader ends where its message ends', () => {
    const bytes = [...len(2, uint(1, 7)), ...uint(3, 9)]
    const reader = read(bytes)
    expect(reader.next()).toBe(true)
    const inner = reader.nested('n')
    expect([inner.next(), inner.no, inner.uint('n'), inner.next()]).toEqual([true, 1, 7, false])
    expect([reader.next(), reader.no, reader.uint('n'), reader.next()]).toEqual([true, 3, 9, false])
  })
})

test('a writer that is reset writes as a new one, small or grown', () => {
  const writer = new Writer(utf8)
  for (const size of [3, 100_000, 5]) {
    writer.bytes(1, new Uint8Array(size).fill(9))
    expect(writer.finish().length).toBe(new Writer(utf8).finish().length + len(1, Array(size).fill(9)).length)
    writer.reset()
    expect(writer.finish()).toEqual(new Uint8Array())
  }
})
