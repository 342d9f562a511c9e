import { describe, expect, it } from 'vitest'
import type { Outage } from '../proxy/outage.js'
import { beyondOutage } from './beyond.js'

const outage = (from: number, to: number, back: number | null): Outage => ({
  from,
  to,
  back,
  refused: 0,
  accepted: 0,
})

describe('what came later than an outage', () => {
  const two = [outage(1000, 2000, 2300), outage(16_000, 17_000, 17_100)]

  it.each([
    ['before any outage', 500, 501, undefined],
    ['on its way when the connection was cut, and heard all the same', 999, 1001, undefined],
    ['lost with the connection and heard afterwards', 999, 2310, 310],
    ['published within the outage', 1500, 2310, 310],
    ['published after the outage, while the client waited', 2200, 2310, 110],
    ['published when the client was back', 2301, 2302, undefined],
    ['long after the outage', 9000, 9001, undefined],
    ['within the second outage', 16_500, 17_105, 105],
    ['published in the first outage, heard after the second', 1500, 17_105, 105],
  ])('%s', (_, published, arrived, beyond) => {
    expect(beyondOutage({ published, arrived }, two)).toBe(beyond)
  })

  it('is all that was published since, when the client was not back before the next outage', () => {
    const never = [outage(1000, 2000, null), outage(16_000, 17_000, 17_100)]
    expect(beyondOutage({ published: 9000, arrived: 17_150 }, never)).toBe(150)
  })

  it('is nothing where there was no outage', () => {
    expect(beyondOutage({ published: 1, arrived: 5 }, [])).toBeUndefined()
  })
})
