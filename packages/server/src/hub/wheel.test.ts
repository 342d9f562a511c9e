import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/index.js'
import { Wheel } from './wheel.js'

describe('the timing wheel', () => {
  it('[H6.1] looks at entries within a tick before their time, with one timer for all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 250, max: 15_000 }), { minLength: 1, maxLength: 50 }),
        async (delays) => {
          const clock = new FakeClock()
          const wheel = new Wheel(clock)
          const seen = new Map<number, number>()
          delays.forEach((delay, index) => {
            wheel.add({ due: (time) => void seen.set(index, time) as undefined }, delay)
          })
          expect(clock.pending).toBe(1)
          await clock.advance(16_000)
          delays.forEach((delay, index) => {
            expect(seen.get(index)).toBeGreaterThan(delay - 251)
            expect(seen.get(index)).toBeLessThanOrEqual(delay)
          })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('[H6.1] looks early at what is beyond its circumference, and again as long as asked', async () => {
    const clock = new FakeClock()
    const wheel = new Wheel(clock, { tick: 100, slots: 8 })
    const looks: number[] = []
    wheel.add({ due: (time) => (looks.push(time) < 4 ? 2_000 - time : undefined) }, 2_000)
    await clock.advance(5_000)
    expect(looks).toEqual([700, 1_400, 2_000, 2_100])
  })

  it('[H6.3] a late turn is one turn; a little lateness is made up for', async () => {
    const clock = new FakeClock()
    const wheel = new Wheel(clock, { tick: 100 })
    wheel.add({ due: () => undefined }, 100)
    clock.stall(60_000)
    await clock.advance(0)
    expect(wheel.time).toBe(100)
    await clock.advance(1_000)
    expect(wheel.time).toBe(1_100)
  })

  it('stops, and keeps nothing', async () => {
    const clock = new FakeClock()
    const wheel = new Wheel(clock)
    let looks = 0
    wheel.add({ due: () => void looks++ as undefined }, 250)
    wheel.stop()
    await clock.advance(10_000)
    expect([looks, clock.pending]).toEqual([0, 0])
  })
})
