import { describe, expect, test } from 'vitest'
import { SHARED } from '../proto.js'
import { COMMANDS, type Kinds, type Layout, MESSAGES } from './index.js'

const layouts = new Map<string, Layout>([
  ...Object.entries(SHARED),
  ...Object.entries(COMMANDS).map(([kind, { layout }]) => [`command ${kind}`, layout] as const),
  ...Object.entries(MESSAGES).map(([kind, { layout }]) => [`message ${kind}`, layout] as const),
])

describe.each([...layouts])('%s', (_, layout) => {
  const fields = Object.values(layout)

  test('uses each number once, the one after a payload for its codec', () => {
    const numbers = fields.flatMap(({ no, is }) => (is === 'payload' ? [no, no + 1] : [no]))
    expect(new Set(numbers).size).toBe(numbers.length)
    // Both dialects write fields in the order of the table: in that of their numbers a frame is canonical.
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  })

  test('has at most one payload, never in a list, and its codec has the name codec for itself', () => {
    const payloads = fields.filter(({ is }) => is === 'payload')
    expect(payloads.length).toBeLessThanOrEqual(1)
    expect(payloads.some(({ repeated }) => repeated)).toBe(false)
    if (payloads.length === 1) expect(Object.keys(layout)).not.toContain('codec')
  })

  test('holds messages only of the shared layouts, which have names in the .proto', () => {
    const shared = Object.values<Layout>(SHARED)
    for (const field of fields) {
      if (field.is === 'message') expect(shared).toContain(field.layout)
      else expect(field.layout).toEqual({})
    }
  })

  test('has no field that every object has already', () => {
    for (const name of Object.keys(layout)) expect(name in {}).toBe(false)
  })
})

test.each([
  ['commands', COMMANDS],
  ['messages', MESSAGES],
] as [string, Kinds][])('%s use each number once, and none uses that of the id', (_, kinds) => {
  const numbers = Object.values(kinds).map(({ no }) => no)
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(Math.min(...numbers)).toBe(2)
  for (const kind of Object.keys(kinds)) expect(kind in {}).toBe(false)
})
