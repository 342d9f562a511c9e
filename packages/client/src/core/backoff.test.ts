import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoff } from './backoff.js'

const at = (now: number, random: number) => ({
  settings: { backoff: { base: 500, cap: 10_000, stableAfter: 10_000 } },
  ports: { clock: { now: () => now, schedule: () => () => {} }, random: () => random },
})

describe('the back-off', () => {
  it('has a bound that grows with the time since it worked, between the base and the cap', () => {
    const bounds = [0, 100, 500, 501, 2000, 10_000, 10_001, 3_600_000].map((away) =>
      backoff(at(1000 + away, 1), 1000),
    )
    expect(bounds).toEqual([500, 500, 500, 501, 2000, 10_000, 10_000, 10_000])
  })

  it('is anywhere from nothing to its bound: full jitter', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (away, random) => {
          const delay = backoff(at(7 + away, random), 7)
          expect(delay).toBe(random * backoff(at(7 + away, 1), 7))
          expect(delay).toBeLessThanOrEqual(10_000)
        },
      ),
    )
  })

  it('is not fooled by a clock that was set back', () => {
    expect(backoff(at(0, 0.5), 9_000_000)).toBe(250)
  })

  it('tries about as often in a long outage as in a short one: a little more with every doubling of its length', () => {
    // The middle of the range stands for all of it.
    const tries = (outage: number) => {
      let [now, count] = [0, 0]
      for (; now < outage; count++) now += backoff(at(now, 0.5), 0)
      return count
    }
    const counts = [500, 1000, 2000, 4000, 8000].map(tries)
    expect(counts).toEqual([2, 4, 6, 8, 9])
  })
})
