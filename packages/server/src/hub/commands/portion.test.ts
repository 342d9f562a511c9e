import { describe, expect, it } from 'vitest'
import type { StoredPublication } from '../broker-ports.js'
import { portionFor } from './portion.js'

const published = (offset: number, exclude?: string): StoredPublication => ({
  offset,
  time: 1,
  data: { codec: 'json', text: `"${'x'.repeat(98)}"` },
  ...(exclude !== undefined && { exclude }),
})
const offsets = (publications: readonly { readonly offset: number }[]) =>
  publications.map(({ offset }) => offset)

describe('[H4.7] [H4.9] a portion', () => {
  it('is the newest, or the oldest, that fit, and the same for all who read the same', () => {
    const list = [1, 2, 3].map((offset) => published(offset))
    const newest = portionFor('s1', list, { from: 'newest', most: 400 })
    const oldest = portionFor('s1', list, { from: 'oldest', most: 400 })
    expect([offsets(newest.publications), newest.more]).toEqual([[2, 3], true])
    expect([offsets(oldest.publications), oldest.more]).toEqual([[1, 2], true])
    expect(portionFor('s2', list, { from: 'newest', most: 400 })).toBe(newest)
    expect(portionFor('s2', list, { from: 'oldest', most: 400 })).toBe(oldest)
  })

  it('is of its own for who does not get back what it published', () => {
    const list = [published(1), published(2, 's1'), published(3)]
    expect(offsets(portionFor('s1', list, { from: 'newest', most: 900 }).publications)).toEqual([1, 3])
    expect(offsets(portionFor('s2', list, { from: 'newest', most: 900 }).publications)).toEqual([1, 2, 3])
  })

  it('of nothing is one for all channels: a hundred thousand may be empty', () => {
    const nothing = portionFor('s1', [], { from: 'newest', most: 400 })
    expect([nothing.publications, nothing.more]).toEqual([[], false])
    expect(portionFor('s2', [], { from: 'oldest', most: 400 })).toBe(nothing)
  })
})
