import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoff } from './backoff.js'

const series = { base: 250, cap: 20_000 }

describe('the back-off', () => {
  it('doubles its bound with every failure up to the cap', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((failures) => backoff(failures, series, () => 1))
    expect(bounds).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000])
  })

  it('is anywhere from nothing to its bound: full jitter', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const bound = Math.min(20_000, 250 * 2 ** (failures - 1))
          const delay = backoff(failures, series, () => random)
          expect(delay).toBe(random * bound)
          expect(delay).toBeLessThanOrEqual(20_000)
        },
      ),
    )
  })
})
