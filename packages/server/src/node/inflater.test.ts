import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type Inflate, type InflateRequest, inflate, inflateAfresh, isInflatedMemory } from './inflater.js'

/** A block that is not compressed and has nothing, and one that is marked final: with it a message of whole blocks ends. */
const TAIL = Buffer.from('0000ffff010000ffff', 'hex')
const WHOLE: InflateRequest = { windowBits: 15, room: 1_000_000 }
const made = (message: Uint8Array, dictionary?: Buffer, windowBits = 15): Buffer => {
  const all = deflateRawSync(message, {
    windowBits,
    finishFlush: 2,
    ...(dictionary?.length && { dictionary }),
  })
  return all.subarray(0, -4)
}
/** As it is now: what comes next changes what lies in the memory. */
const said = (run: Inflate, payload: Uint8Array, request: InflateRequest) => {
  const result = run(payload, TAIL, request)
  return typeof result === 'string' ? result : [result.output.toString('hex'), result.consumed]
}
const outputOf = (payload: Uint8Array, request = WHOLE): Buffer => {
  const result = inflate(payload, TAIL, request)
  if (typeof result === 'string') throw new Error(result)
  return result.output
}

describe('[E16] a stream that is used again', () => {
  const text = fc
    .array(fc.constantFrom('order', 'price', ' filled', '水', 'x'.repeat(300), '0123456789'), {
      maxLength: 400,
    })
    .map((words) => Buffer.from(words.join('')))
  const noise = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes))
  const message = fc.oneof({ weight: 3, arbitrary: text }, noise)
  const spoilt = (payload: Buffer, { at, by }: { readonly at: number; readonly by: number }): Buffer => {
    const copy = Buffer.from(payload)
    const index = at % (copy.length || 1)
    copy[index] = (copy[index] ?? 0) ^ by
    return copy
  }

  test('says what a new one says, whatever came before: messages, windows, limits, and what is none', () => {
    const results = new Map<string, number>()
    const count = (result: unknown): void => {
      const kind = typeof result === 'string' ? result : 'inflated'
      results.set(kind, (results.get(kind) ?? 0) + 1)
    }
    const one = fc.record({
      message,
      earlier: fc.option(text, { nil: undefined, freq: 2 }),
      windowBits: fc.constantFrom(9, 10, 12, 15),
      room: fc.oneof({ weight: 3, arbitrary: fc.constant(1_000_000) }, fc.integer({ min: 0, max: 4000 })),
      change: fc.oneof(
        { weight: 3, arbitrary: fc.constant('nothing' as const) },
        fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) }),
        fc.record({ cut: fc.nat() }),
        fc.record({ final: fc.constant(true) }),
      ),
    })
    fc.assert(
      fc.property(one, ({ message, earlier, windowBits, room, change }) => {
        const dictionary = earlier?.subarray(-(2 ** windowBits))
        let payload = made(message, dictionary, windowBits)
        if (typeof change === 'object' && 'at' in change) payload = spoilt(payload, change)
        else if (typeof change === 'object' && 'cut' in change)
          payload = payload.subarray(0, change.cut % payload.length)
        else if (typeof change === 'object')
          payload = Buffer.concat([deflateRawSync(message, { windowBits }), payload])
        const request = { windowBits, room, dictionary }
        const result = said(inflate, payload, request)
        count(result)
        const expected = said(inflateAfresh, payload, request)
        // What is too much and no DEFLATE either is one or the other, whichever is seen first.
        const isEither = change !== 'nothing' && room < 1_000_000 && typeof expected === 'string'
        expect(isEither ? typeof result : result).toEqual(isEither ? 'string' : expected)
      }),
      { numRuns: 3000 },
    )
    expect([...results.keys()].sort()).toEqual(['inflated', 'not-deflate', 'too-much'])
    for (const [kind, times] of results) expect(times, kind).toBeGreaterThan(50)
  })

  it('grows as it needs to, up to what it may, and forgets what is large', () => {
    for (const size of [65_535, 65_536, 65_537, 200_000, 262_144, 262_145, 999_999, 1_000_000]) {
      const sent = Buffer.alloc(size, 'ab')
      expect(outputOf(made(sent)).equals(sent), String(size)).toBe(true)
      expect(said(inflate, made(sent), { ...WHOLE, room: size - 1 })).toBe('too-much')
      expect(outputOf(made(sent), { ...WHOLE, room: size }).equals(sent), String(size)).toBe(true)
    }
    const large = outputOf(made(Buffer.alloc(300_000, 'x')))
    expect(isInflatedMemory(large)).toBe(false)
    expect(large.buffer.byteLength).toBeLessThan(2 * 300_000)
    outputOf(made(Buffer.alloc(300_000, 'y')))
    outputOf(made(Buffer.from('later')))
    expect(large.equals(Buffer.alloc(300_000, 'x'))).toBe(true)
  })

  it('makes no memory for what is not large: where Node has it elsewhere, look at inflater.ts', () => {
    const [first, bomb] = [outputOf(made(Buffer.from('first'))), made(Buffer.alloc(1_000_000))]
    expect(isInflatedMemory(first)).toBe(true)
    for (const room of [100, first.buffer.byteLength - 1])
      expect(said(inflate, bomb, { ...WHOLE, room })).toBe('too-much')
    expect(said(inflate, Buffer.of(0xff), WHOLE)).toBe('not-deflate')
    const second = outputOf(made(Buffer.alloc(50_000, 'x')), { ...WHOLE, windowBits: 12 })
    expect(second.buffer).toBe(first.buffer)
  })
})
