import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../test/clock.js'
import { Pace, REST } from './pace.js'

function pace() {
  const clock = new FakeClock()
  const made = new Pace(clock)
  /** Polls that all end for being held. */
  const breakAll = (count: number): number[] =>
    Array.from({ length: count }, () => {
      made.broke(Math.max(1500, made.wait / 2))
      return made.wait
    })
  return { clock, pace: made, breakAll }
}

describe('[P8.4] for how long polls are held', () => {
  it('is less and less where held ones break, down to not at all', () => {
    const { breakAll } = pace()
    expect(breakAll(10)).toEqual([25_000, 12_000, 12_000, 5000, 5000, 2000, 2000, 0, 0, 0])
  })

  it('does not change for one that breaks, nor for what breaks at once', () => {
    const { pace: made } = pace()
    for (let count = 0; count < 10; count++) made.broke(900)
    for (let count = 0; count < 10; count++) {
      made.broke(5000)
      made.answered(1000)
    }
    expect(made.wait).toBe(25_000)
  })

  it('shrinks although polls are answered well where something comes soon', () => {
    const { pace: made } = pace()
    made.broke(5000)
    made.answered(20)
    made.broke(5000)
    expect(made.wait).toBe(12_000)
  })

  it('is tried longer after a minute, one step at a time, and then later and later', async () => {
    const { clock, pace: made, breakAll } = pace()
    breakAll(4)
    expect(made.wait).toBe(5000)
    await clock.advance(59_999)
    made.answered(5000)
    expect(made.wait).toBe(5000)
    await clock.advance(60_001)
    made.answered(5000)
    expect(made.wait).toBe(12_000)
    breakAll(2)
    expect(made.wait).toBe(5000)
    await clock.advance(239_999)
    made.answered(10)
    expect(made.wait).toBe(5000)
    await clock.advance(1)
    made.answered(10)
    expect(made.wait).toBe(12_000)
    await clock.advance(480_000)
    made.answered(10)
    expect(made.wait).toBe(25_000)
    made.answered(10)
    expect(made.wait).toBe(25_000)
  })

  it('never takes longer than a quarter of an hour to be tried', async () => {
    const { clock, pace: made, breakAll } = pace()
    for (let turn = 0; turn < 10; turn++) {
      breakAll(2)
      await clock.advance(900_000)
      made.answered(10)
    }
    expect(made.wait).toBe(25_000)
  })

  it('is forgotten with the network', () => {
    const { pace: made, breakAll } = pace()
    breakAll(8)
    made.reset()
    expect(made.wait).toBe(25_000)
  })
})

describe('[P8.4] the rest between polls', () => {
  it('is none while polls are held', () => {
    const { pace: made } = pace()
    expect([made.rest(true), made.rest(false)]).toEqual([0, 0])
  })

  it('is short after something was said, and grows to three seconds', () => {
    const { pace: made, breakAll } = pace()
    breakAll(8)
    const rests = [true, false, false, false, false, false, false, true, false].map((wasBusy) =>
      made.rest(wasBusy),
    )
    expect(rests).toEqual([100, 200, 400, 800, 1600, 3000, 3000, 100, 200])
    expect(REST.longest).toBe(3000)
  })
})
