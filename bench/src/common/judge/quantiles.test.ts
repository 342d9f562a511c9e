import { describe, expect, it } from 'vitest'
import { quantilesOf } from './quantiles.js'

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => last - i)

describe('quantiles', () => {
  it('are values of which so many are as small', () => {
    expect(quantilesOf(upTo(100))).toEqual({ p50: 50, p95: 95, p99: 99, max: 100, count: 100 })
    expect(quantilesOf(upTo(1000))).toEqual({ p50: 500, p95: 950, p99: 990, max: 1000, count: 1000 })
    expect(quantilesOf([9, 1])).toEqual({ p50: 1, p95: 9, p99: 9, max: 9, count: 2 })
    expect(quantilesOf([7])).toEqual({ p50: 7, p95: 7, p99: 7, max: 7, count: 1 })
  })

  it('compare numbers, not their digits', () => {
    expect(quantilesOf([10, 9, 100])?.p50).toBe(10)
  })

  it('leave what they are given as it is', () => {
    const values = [3, 1, 2]
    quantilesOf(values)
    expect(values).toEqual([3, 1, 2])
  })

  it('are none of nothing', () => {
    expect(quantilesOf([])).toBeUndefined()
  })
})
