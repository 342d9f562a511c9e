import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chain, predecessor } from './position.js'

describe('[P6.2] the chain of publications', () => {
  test('the predecessor is prev, or the offset before', () => {
    expect(predecessor({ offset: 8 })).toBe(7)
    expect(predecessor({ offset: 8, prev: 3 })).toBe(3)
    expect(predecessor({ offset: 8, prev: 0 })).toBe(0)
  })

  test.each([
    [7, { offset: 8 }, 'next'],
    [7, { offset: 7 }, 'repeat'],
    [7, { offset: 3 }, 'repeat'],
    [7, { offset: 9 }, 'hole'],
    [7, { offset: 20, prev: 7 }, 'next'],
    [7, { offset: 20, prev: 8 }, 'hole'],
    // The receiver recovered up to 7 by history, whose last publication it may know by a later offset than prev.
    [7, { offset: 20, prev: 5 }, 'next'],
    [0, { offset: 1 }, 'next'],
    [0, { offset: 2 }, 'hole'],
  ] as const)('after %d, %j is %s', (last, publication, expected) => {
    expect(chain(last, publication)).toBe(expected)
  })

  test('of any increasing sequence each one is next, a second time a repeat, and a hole when one is left out', () => {
    const sequences = fc
      .uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 3, maxLength: 20 })
      .map((offsets) => offsets.sort((a, b) => a - b))
      .map((offsets) =>
        offsets.map((offset, i) => {
          const prev = offsets[i - 1] ?? 0
          return prev === offset - 1 ? { offset } : { offset, prev }
        }),
      )
    fc.assert(
      fc.property(sequences, (publications) => {
        let last = 0
        let beforeLast = 0
        for (const publication of publications) {
          if (last > 0) expect(chain(beforeLast, publication)).toBe('hole')
          expect(chain(last, publication)).toBe('next')
          expect(chain(publication.offset, publication)).toBe('repeat')
          beforeLast = last
          last = publication.offset
        }
      }),
    )
  })
})
