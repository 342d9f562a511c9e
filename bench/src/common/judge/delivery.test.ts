import { describe, expect, it } from 'vitest'
import { arrivalsOf, countsOf, latencyOf } from './delivery.js'

describe('counts', () => {
  const whole = { published: [1, 2, 3], arrived: [1, 2, 3], repeated: 0, disordered: 0, gaps: 0 }
  const broken = { published: [1, null], arrived: [2, null], repeated: 4, disordered: 5, gaps: 6 }

  it('hold all clients against all messages, also those after the last that was heard', () => {
    expect(countsOf([whole, broken], 3)).toEqual({
      expected: 6,
      delivered: 4,
      repeated: 4,
      disordered: 5,
      gaps: 6,
    })
  })

  it('take latencies of what was heard', () => {
    expect(arrivalsOf(broken).map(latencyOf)).toEqual([1])
  })
})
