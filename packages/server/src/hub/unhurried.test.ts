import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/index.js'
import { unhurried } from './unhurried.js'

function world() {
  const clock = new FakeClock()
  let runs = 0
  const cancel = unhurried(clock, 10_000, () => {
    runs++
  })
  return { clock, cancel, ran: () => runs }
}

describe('a deadline that is no hurry', () => {
  it('runs on time', async () => {
    const { clock, ran } = world()
    await clock.advance(9999)
    expect(ran()).toBe(0)
    await clock.advance(1)
    expect(ran()).toBe(1)
    await clock.advance(60_000)
    expect(ran()).toBe(1)
  })

  it('lets a node that stood still read first what has come meanwhile', async () => {
    const { clock, ran } = world()
    clock.stall(17_000)
    await clock.advance(999)
    expect(ran()).toBe(0)
    await clock.advance(1)
    expect(ran()).toBe(1)
  })

  it('is cancelled at either time', async () => {
    for (const before of [true, false]) {
      const { clock, cancel, ran } = world()
      if (before) cancel()
      clock.stall(17_000)
      await clock.advance(0)
      cancel()
      await clock.advance(60_000)
      expect(ran()).toBe(0)
    }
  })
})
