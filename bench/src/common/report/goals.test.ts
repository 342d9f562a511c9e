import { describe, expect, it } from 'vitest'
import { deliveredShare } from './figures.js'
import { judgeGoal, promises } from './goals.js'

describe('goals', () => {
  const goal = { name: 'p99', atMost: 1000, unit: 'ms' }

  it.each([
    [999.6, '1,000 ms', 'reached', true],
    [1000, '1,000 ms', 'reached', true],
    [1100, '1,100 ms', 'missed by 10 %', false],
    [undefined, '–', 'not measured', false],
  ])('%d ms where 1,000 are wanted', (measured, text, verdict, reached) => {
    expect(judgeGoal({ ...goal, measured })).toEqual({
      name: 'p99',
      bound: '≤ 1,000 ms',
      measured: text,
      verdict,
      reached,
    })
  })

  it('allow nothing lost, repeated, reordered or told as a gap', () => {
    const perfect = { expected: 10, delivered: 10, repeated: 0, disordered: 0, gaps: 0 }
    const verdicts = (counts: typeof perfect) => promises('Case', counts).map((one) => judgeGoal(one).reached)
    expect(verdicts(perfect)).toEqual([true, true, true, true])
    expect(verdicts({ ...perfect, delivered: 9 })).toEqual([false, true, true, true])
    expect(verdicts({ ...perfect, repeated: 1 })).toEqual([true, false, true, true])
    expect(verdicts({ ...perfect, disordered: 1 })).toEqual([true, true, false, true])
    expect(verdicts({ ...perfect, gaps: 1 })).toEqual([true, true, true, false])
  })
})

describe('the share that was delivered', () => {
  it.each([
    [120_000, 120_000, '100 %'],
    [119_999, 120_000, '99.99 %'],
    [101_520, 120_000, '84.6 %'],
    [0, 120_000, '0 %'],
  ])('%d of %d is %s', (delivered, expected, text) => {
    expect(deliveredShare({ delivered, expected, repeated: 0, disordered: 0, gaps: 0 })).toBe(text)
  })
})
