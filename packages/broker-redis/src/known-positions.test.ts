import { describe, expect, it } from 'vitest'
import { KnownPositions } from './known-positions.js'

const at = (offset: number, epoch = 'e') => ({ epoch, offset })

describe('[B11] known positions', () => {
  it('are the highest of their epoch; another epoch replaces them', () => {
    const known = new KnownPositions({ most: 10, age: 1_000 })
    known.note('a', at(5), 0)
    known.note('a', at(3), 1)
    expect(known.get('a')).toMatchObject(at(5))
    known.note('a', at(1, 'f'), 2)
    expect(known.get('a')).toMatchObject(at(1, 'f'))
  })

  it('are those of the channels used last, and not too old', () => {
    const known = new KnownPositions({ most: 3, age: 1_000 })
    for (const [index, channel] of ['a', 'b', 'c', 'a', 'd'].entries())
      known.note(channel, at(index + 1), index)
    expect(known.list(10).map(({ channel }) => channel)).toEqual(['c', 'a', 'd'])
    expect(known.list(1_003).map(({ channel }) => channel)).toEqual(['d'])
    expect(known.size).toBe(1)
  })
})
