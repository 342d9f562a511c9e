import { expect, it } from 'vitest'
import { message } from './messages.js'

it.each([
  [1, 0, 100],
  [120, 34_567_890.12, 100],
  [9, 5.5, 4096],
])('message %d of %d ms has exactly %d bytes', (number, time, size) => {
  const made = message(number, time, size)
  expect(made).toMatchObject({ number, time })
  expect(JSON.stringify(made).length).toBe(size)
})

it('a message that must be longer than it should be is as short as it can be', () => {
  expect(message(1, 2, 1)).toEqual({ number: 1, time: 2, filler: '' })
})
