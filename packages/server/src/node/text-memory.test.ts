import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { TextMemory } from './text-memory.js'

type Kept = NonNullable<ReturnType<TextMemory['keep']>>
const KIBIBYTE = 1024

describe('[B17] long texts outside the heap', () => {
  it('keeps those that V8 would move, and no others', () => {
    const memory = new TextMemory()
    const isKept = (length: number): boolean => memory.keep('x'.repeat(length)) !== null
    expect([0, 4 * KIBIBYTE - 1, 128 * KIBIBYTE].map(isKept)).toEqual([false, false, false])
    expect([4 * KIBIBYTE, 128 * KIBIBYTE - 1].map(isKept)).toEqual([true, true])
  })

  it('takes a quarter more than the text at most', () => {
    const memory = new TextMemory()
    for (let length = 4 * KIBIBYTE; length < 128 * KIBIBYTE; length += 97) {
      const size = memory.keep('x'.repeat(length))?.size ?? 0
      expect(size, String(length)).toBeGreaterThanOrEqual(length)
      expect(size, String(length)).toBeLessThanOrEqual(length * 1.25)
    }
  })

  test('what is kept is read as it was, whatever has come and gone meanwhile', () => {
    const text = fc
      .tuple(
        fc.constantFrom('x', 'é', '水', '🌊', 'x水', '"\\ud800"', '\u0000', '\ufeff'),
        fc.integer({ min: 4 * KIBIBYTE, max: 40 * KIBIBYTE }),
      )
      .map(([unit, length]) => unit.repeat(Math.ceil(length / unit.length)))
    /** A text to keep, or which of those that are kept to let go. */
    const step = fc.oneof(text, fc.nat())
    const keepAndLetGo = (memory: TextMemory, steps: readonly (string | number)[]): Map<Kept, string> => {
      const all = new Map<Kept, string>()
      for (const one of steps) {
        const kept = typeof one === 'string' ? memory.keep(one) : [...all.keys()][one % (all.size || 1)]
        if (typeof one === 'string' && kept) all.set(kept, one)
        else if (kept && all.delete(kept)) kept.letGo()
      }
      return all
    }
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const all = keepAndLetGo(new TextMemory(), steps)
        for (const [kept, said] of all)
          if (kept.read() !== said) expect.fail(`another text of ${said.length}`)
      }),
      { numRuns: 300 },
    )
  })

  it('gives memory that was let go to the next text of its size, once', () => {
    const memory = new TextMemory()
    const [one, other] = [memory.keep('a'.repeat(9000)), memory.keep('b'.repeat(9000))]
    one?.letGo()
    one?.letGo()
    expect(() => one?.read()).toThrow('let go')
    expect(memory.free).toBe(one?.size)
    const [next, last] = [memory.keep('c'.repeat(9100)), memory.keep('d'.repeat(9100))]
    expect(memory.free).toBe(0)
    expect([other, next, last].map((kept) => kept?.read()[0])).toEqual(['b', 'c', 'd'])
  })

  it('leaves 16 MiB for later at most', () => {
    const memory = new TextMemory()
    const all = Array.from({ length: 300 }, () => memory.keep('x'.repeat(100 * KIBIBYTE)))
    for (const kept of all) kept?.letGo()
    const size = all[0]?.size ?? 0
    expect(memory.free).toBe(size * Math.floor((16 * KIBIBYTE * KIBIBYTE) / size))
  })
})
