import { describe, expect, it } from 'vitest'
import { attemptsOf, recoveryOf } from './recovery.js'

const outage = { from: 100, to: 200, back: 250, refused: 3, accepted: 1 }

describe('recovery', () => {
  it('ends with the last of the missed messages, in whatever order they come', () => {
    expect(recoveryOf({ arrived: [270, 290, 280, 900] }, outage, 3)).toEqual({
      at: 290,
      sinceBack: 40,
      sinceHealed: 90,
    })
  })

  it.each([
    ['a message is missing', [270, null, 280], outage],
    ['the last is missing', [270, 280], outage],
    ['the client did not come back', [270, 280, 290], { ...outage, back: null }],
    ['there was no outage', [270, 280, 290], undefined],
  ])('is none when %s', (_, arrived, during) => {
    expect(recoveryOf({ arrived }, during, 3)).toBeUndefined()
  })
})

describe('attempts', () => {
  it('are all connections since the cut, let through or not', () => {
    expect(attemptsOf([outage, { ...outage, refused: 0, accepted: 2 }])).toEqual({
      total: 6,
      most: 4,
      mostAfter: 2,
    })
  })

  it('are none of nobody', () => {
    expect(attemptsOf([])).toEqual({ total: 0, most: 0, mostAfter: 0 })
  })
})
