import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DeadlineQueue } from './deadline-queue.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('[E31] deadlines share one timer', () => {
  it('each item expires its delay after it was added, a sixteenth of it late at most', () => {
    const expired: string[] = []
    const queue = new DeadlineQueue<string>(1600, (item) => expired.push(item))
    queue.add('a')
    vi.advanceTimersByTime(99)
    queue.add('b')
    vi.advanceTimersByTime(1)
    queue.add('c')
    expect(vi.getTimerCount()).toBe(1)
    // 'b' was added at 99, so it may not expire before 1,699; 'a' must have by 1,700.
    vi.advanceTimersByTime(1599)
    expect(expired).toEqual([])
    vi.advanceTimersByTime(1)
    expect(expired).toEqual(['a', 'b'])
    vi.advanceTimersByTime(99)
    expect(expired).toEqual(['a', 'b'])
    vi.advanceTimersByTime(1)
    expect(expired).toEqual(['a', 'b', 'c'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('an empty queue starts again, also from within an expiry', () => {
    const expired: number[] = []
    const queue = new DeadlineQueue<number>(10, (item) => {
      expired.push(item)
      if (item < 3) queue.add(item + 1)
    })
    queue.add(1)
    vi.advanceTimersByTime(33)
    expect(expired).toEqual([1, 2, 3])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('what takes long goes on in the turns that follow, in order', async () => {
    vi.useRealTimers()
    const turns: number[][] = [[]]
    const queue = new DeadlineQueue<number>(1, (item) => {
      turns.at(-1)?.push(item)
      for (const until = performance.now() + 0.4; performance.now() < until; );
    })
    for (let n = 0; n < 12; n++) queue.add(n)
    while (turns.flat().length < 12) {
      await new Promise((resolve) => setImmediate(resolve))
      turns.push([])
    }
    expect(turns.flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(Math.max(...turns.map(({ length }) => length))).toBeLessThanOrEqual(3)
  })
})
