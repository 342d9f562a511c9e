import { describe, expect, it } from 'vitest'
import { counted, placeInWords, spanOf } from './spans.js'
import { initialsOf, MESSAGE_LIMIT, problemOf, tidyMessage, tidyName } from './text.js'

describe('messages', () => {
  it.each([
    ['', 'empty'],
    [' \r\n\t ', 'empty'],
    ['a'.repeat(MESSAGE_LIMIT), undefined],
    [`  ${'a'.repeat(MESSAGE_LIMIT)}\n`, undefined],
    ['a'.repeat(MESSAGE_LIMIT + 1), 'too-long'],
    ['<img src=x onerror=alert(1)>', undefined],
    ['\u{1F44B}', undefined],
    ['שלום, איפה ההזמנה שלי?', undefined],
  ])('%j is %s', (text, problem) => {
    expect(problemOf(text)).toBe(problem)
  })

  it('keep their lines and lose their edges', () => {
    expect(tidyMessage('\n a\r\nb\rc \n')).toBe('a\nb\nc')
  })
})

describe('names', () => {
  it('stay on one line and cannot turn the text around them', () => {
    expect(tidyName('  Ana\n\tMaria \u202e!\u0000')).toBe('Ana Maria !')
  })

  it.each([
    ['Ana', 'A'],
    ['Ana Maria da Silva', 'AS'],
    ['élodie', 'É'],
    ['\u{1F600} Zoe', 'Z'],
    ['\u{1F600}', '?'],
    ['', '?'],
    ['(new) customer', 'NC'],
  ])('%j is shown as %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials)
  })
})

describe('words', () => {
  it.each([
    [-5, 'now'],
    [59_999, 'now'],
    [60_000, '1 min'],
    [59 * 60_000, '59 min'],
    [3_600_000, '1 h'],
    [3_900_000, '1 h 5 min'],
    [48 * 3_600_000, '2 days'],
  ])('%i ms is %s', (span, words) => {
    expect(spanOf(span)).toBe(words)
  })

  it('count and place', () => {
    expect([counted(1, 'message'), counted(0, 'message')]).toEqual(['1 message', '0 messages'])
    expect([0, 1, 2].map(placeInWords)).toEqual([
      'You’re next in line',
      '1 person ahead of you',
      '2 people ahead of you',
    ])
  })
})
