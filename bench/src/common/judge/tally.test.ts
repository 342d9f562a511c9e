import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Tally } from './tally.js'

/** A tally that heard these numbers; each was published at ten times its number, and heard one after the other. */
function heard(numbers: readonly number[]): Tally {
  const tally = new Tally()
  for (const [at, number] of numbers.entries()) tally.hear({ number, time: number * 10 }, at)
  return tally
}

describe('a tally', () => {
  it('notes when each message was published and heard', () => {
    expect(heard([1, 2]).log()).toEqual({
      published: [10, 20],
      arrived: [0, 1],
      repeated: 0,
      disordered: 0,
      gaps: 0,
    })
  })

  it('has no moment for what was not heard, not even as JSON', () => {
    const log = heard([3]).log()
    expect(log.arrived).toEqual([null, null, 0])
    expect(JSON.parse(JSON.stringify(log))).toEqual(log)
  })

  it.each([
    [[1, 1], { heard: 1, repeated: 1, disordered: 0 }],
    [[1, 2, 1], { heard: 2, repeated: 1, disordered: 0 }],
    [[2, 1], { heard: 2, repeated: 0, disordered: 1 }],
    [[1, 3, 2, 4], { heard: 4, repeated: 0, disordered: 1 }],
    [[3, 2, 1], { heard: 3, repeated: 0, disordered: 2 }],
    [[3, 1, 1, 3], { heard: 2, repeated: 2, disordered: 1 }],
  ])('of %j counts %o', (numbers, { heard: count, ...counts }) => {
    const tally = heard(numbers)
    expect(tally.heard).toBe(count)
    expect(tally.log()).toMatchObject(counts)
  })

  it('keeps the first moment of what is repeated', () => {
    expect(heard([1, 2, 1]).log().arrived).toEqual([0, 1])
  })

  it('counts gaps', () => {
    const tally = heard([1])
    tally.tellGap()
    expect(tally.log().gaps).toBe(1)
  })

  it('counts as anybody would who has the whole list', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 })), (numbers) => {
        const tally = heard(numbers)
        const firsts = numbers.filter((number, i) => numbers.indexOf(number) === i)
        const late = firsts.filter((number, i) => firsts.slice(0, i).some((before) => before > number))
        expect(tally.heard).toBe(firsts.length)
        expect(tally.log().repeated).toBe(numbers.length - firsts.length)
        expect(tally.log().disordered).toBe(late.length)
        for (let number = 1; number <= 20; number++) {
          const at = numbers.indexOf(number)
          expect(tally.log().arrived[number - 1] ?? null).toBe(at < 0 ? null : at)
        }
      }),
    )
  })
})
