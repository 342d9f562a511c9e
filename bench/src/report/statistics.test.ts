import { describe, expect, it } from 'vitest'
import { median, ratioOf, spreadOf } from './statistics.js'

describe('statistics', () => {
  it('takes the middle of an odd number of values and the mean of the middle two of an even one', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([10, 2, 4, 8])).toBe(6)
    expect(median([7])).toBe(7)
    expect(() => median([])).toThrow('nothing')
  })

  it('does not reorder what it is given', () => {
    const values = [3, 1, 2]
    spreadOf(values)
    expect(values).toEqual([3, 1, 2])
  })

  it('tells the range', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
  })

  it('compares within a round, so that a slow round of the machine cancels out', () => {
    const sample = (round: number, value: number) => ({ round, value })
    const ours = [sample(1, 100), sample(2, 10), sample(3, 60)]
    const theirs = [sample(3, 20), sample(2, 5), sample(1, 50)]
    expect(ratioOf(ours, theirs, (one) => one.value)).toEqual({ median: 2, min: 2, max: 3 })
  })

  it('leaves out rounds that only one of both has', () => {
    const value = (one: { round: number; value: number }) => one.value
    expect(ratioOf([{ round: 1, value: 4 }], [{ round: 2, value: 2 }], value)).toBeUndefined()
    expect(ratioOf([], [], value)).toBeUndefined()
  })
})
