import { describe, expect, it } from 'vitest'
import { Rng } from './rng.js'

describe('randomness', () => {
  it('is the same for the same seed, and even enough', () => {
    const draw = (seed: number) => {
      const rng = new Rng(seed)
      return Array.from({ length: 10_000 }, () => rng.int(1, 10))
    }
    expect(draw(5)).toEqual(draw(5))
    expect(draw(5)).not.toEqual(draw(6))
    for (let value = 1; value <= 10; value++) {
      const share = draw(5).filter((one) => one === value).length
      expect(share).toBeGreaterThan(850)
      expect(share).toBeLessThan(1150)
    }
  })
})
