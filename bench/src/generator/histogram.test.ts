import { describe, expect, it } from 'vitest'
import { Histogram } from './histogram.js'

describe('Histogram', () => {
  it('has no quantiles when empty', () => {
    expect(new Histogram().quantiles()).toEqual({ p50: 0, p99: 0, samples: 0 })
  })

  it.each([0.001, 0.063, 0.064, 0.1, 1, 3.7, 250, 12_000])('tells %d ms within 1.6 %%', (value) => {
    const histogram = new Histogram()
    histogram.record(value)
    expect(Math.abs(histogram.quantile(0.5) / value - 1)).toBeLessThan(0.016)
  })

  it('finds the median and the 99th percentile of a known distribution', () => {
    const histogram = new Histogram()
    for (let i = 1; i <= 1000; i++) histogram.record(i)
    const { p50, p99, samples } = histogram.quantiles()
    expect(samples).toBe(1000)
    expect(p50 / 500).toBeCloseTo(1, 1)
    expect(p99 / 990).toBeCloseTo(1, 1)
  })

  it('keeps buckets in order, so that a larger value is never told as smaller', () => {
    let before = -1
    for (let value = 0.001; value < 100_000; value *= 1.01) {
      const histogram = new Histogram()
      histogram.record(value)
      const told = histogram.quantile(1)
      expect(told).toBeGreaterThanOrEqual(before)
      before = told
    }
  })

  it('takes what is longer than it can tell as its longest', () => {
    const histogram = new Histogram()
    histogram.record(1e12)
    expect(histogram.quantiles().samples).toBe(1)
    expect(histogram.quantile(1)).toBeGreaterThan(100_000)
  })

  it('forgets', () => {
    const histogram = new Histogram()
    histogram.record(5)
    histogram.clear()
    expect(histogram.quantiles().samples).toBe(0)
  })
})
