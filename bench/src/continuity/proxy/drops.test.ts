import { describe, expect, it } from 'vitest'
import { type DropPlan, dropsOf } from './drops.js'

const plan: DropPlan = { clients: 3, every: 15_000, outage: 1000, duration: 120_000 }

describe('the schedule of drops', () => {
  it('lets clients take turns at even distances', () => {
    expect(dropsOf({ ...plan, duration: 20_000 })).toEqual([
      { client: 0, at: 2500 },
      { client: 1, at: 7500 },
      { client: 2, at: 12_500 },
      { client: 0, at: 17_500 },
    ])
  })

  it.each([1, 3, 1000])('drops each of %d clients every 15 seconds, no two at once', (clients) => {
    const drops = dropsOf({ ...plan, clients })
    expect(drops.length).toBe(clients * 8)
    expect(new Set(drops.map(({ at }) => at)).size).toBe(drops.length)
    for (const client of [0, clients - 1]) {
      const own = drops.filter((drop) => drop.client === client).map(({ at }) => at)
      expect(own.length).toBe(8)
      for (const [i, at] of own.slice(1).entries()) expect(at - (own[i] ?? 0)).toBeCloseTo(15_000)
    }
  })

  it('is in order, and ends in time', () => {
    const moments = dropsOf({ ...plan, clients: 7, duration: 31_000 }).map(({ at }) => at)
    expect(moments).toEqual(moments.toSorted((a, b) => a - b))
    expect(Math.max(...moments)).toBeLessThan(31_000)
  })

  it('is empty where nothing can happen', () => {
    expect(dropsOf({ ...plan, duration: 0 })).toEqual([])
  })
})
