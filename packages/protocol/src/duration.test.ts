import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Duration, milliseconds } from './duration.js'

test.each([
  [0, 0],
  [1.5, 1.5],
  ['0s', 0],
  ['250ms', 250],
  ['10s', 10_000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
] as const)('%s is %d milliseconds', (duration, expected) => {
  expect(milliseconds(duration, 'option')).toBe(expected)
})

test.each([
  -1,
  Number.NaN,
  Infinity,
  '',
  '10',
  's',
  '-1s',
  '1e3s',
  '1 s',
  '10S',
  '.5s',
  '1.s',
  '1h30m',
  null,
])('%j is no duration, and the error names the option', (duration) => {
  expect(() => milliseconds(duration as Duration, 'history.ttl')).toThrow(
    new TypeError(
      `history.ttl must be milliseconds or a duration like '10s', '5m' or '24h', not ${String(duration)}`,
    ),
  )
})

test('a number of milliseconds stands for itself', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), (duration) => {
      expect(milliseconds(duration, 'option')).toBe(duration)
    }),
  )
})

test('what the compiler can tell is no duration does not compile', () => {
  // @ts-expect-error: a unit is missing
  expect(() => milliseconds('10', 'option')).toThrow(TypeError)
  // @ts-expect-error: no such unit
  expect(() => milliseconds('10w', 'option')).toThrow(TypeError)
})
