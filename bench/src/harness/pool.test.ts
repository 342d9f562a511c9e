import { describe, expect, it } from 'vitest'
import type { Figures } from '../generator/measure.js'
import { pool } from './pool.js'

const window = (count: number, p50: number): Figures => ({
  seconds: 0.5,
  count,
  server: { user: 0.1, system: 0.2 },
  generator: { user: 0.05, system: 0.1 },
  others: 0.01,
  latency: { p50, p99: p50 * 2, samples: count },
})

describe('windows pooled', () => {
  it('add up, but for latencies', () => {
    const pooled = pool([window(10, 1), window(20, 9), window(30, 3)])
    expect(pooled).toMatchObject({ seconds: 1.5, count: 60, latency: { p50: 3, p99: 6, samples: 60 } })
    expect(pooled.server.user).toBeCloseTo(0.3)
    expect(pooled.generator.system).toBeCloseTo(0.3)
    expect(pooled.others).toBeCloseTo(0.03)
  })

  it('are at least one', () => {
    expect(() => pool([])).toThrow('nothing to pool')
  })
})
