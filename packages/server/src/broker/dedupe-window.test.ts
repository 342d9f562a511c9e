import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DedupeWindow } from './dedupe-window.js'

describe('[B6] a dedupe window', () => {
  it('knows every id for its time, and none for more than an eighth beyond', () => {
    const step = fc.record({ wait: fc.nat(120), id: fc.nat(30) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const window = new DedupeWindow({ window: 800, most: 1_000_000 })
        const stored = new Map<string, { readonly offset: number; readonly at: number }>()
        let [now, offset] = [0, 0]
        for (const { wait, id } of steps) {
          now += wait
          const name = String(id)
          const known = window.find(name, now)
          const before = stored.get(name)
          if (before !== undefined && now - before.at < 800) expect(known).toBe(before.offset)
          if (known !== undefined) {
            expect(known).toBe(before?.offset)
            expect(now - (before?.at ?? Number.NEGATIVE_INFINITY)).toBeLessThan(900)
            continue
          }
          offset += 1
          window.add(name, offset, now)
          stored.set(name, { offset, at: now })
        }
      }),
    )
  })

  it('remembers a bounded number, the latest', () => {
    const window = new DedupeWindow({ window: 60_000, most: 800 })
    for (let offset = 1; offset <= 10_000; offset++) window.add(`id-${offset}`, offset, 0)
    const known = Array.from({ length: 10_000 }, (_, index) => window.find(`id-${index + 1}`, 1) ?? 0)
    const remembered = known.filter((offset) => offset > 0)
    expect(remembered.length).toBeGreaterThanOrEqual(800)
    expect(remembered.length).toBeLessThanOrEqual(900)
    expect(Math.min(...remembered)).toBe(10_000 - remembered.length + 1)
  })

  it('is empty again after its time', () => {
    const window = new DedupeWindow({ window: 1000, most: 100 })
    window.add('a', 1, 0)
    window.expire(999)
    expect(window.empty).toBe(false)
    window.expire(1000)
    expect(window.empty).toBe(true)
  })
})
