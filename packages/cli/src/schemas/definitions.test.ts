import { expect, test } from 'vitest'
import { renumbered } from './definitions.js'

const to = (id: string) => ({ $ref: `#/$defs/${id}` })
const is = (id: string | number) => ({ $ref: `#/definitions/${id}` })

test('definitions are numbered as they are used, whatever the library has called them', () => {
  const tree = (one: string, other: string) => ({
    items: [to(other), to(one)],
    $defs: { [one]: { title: 'one', not: to(other) }, [other]: { title: 'other', not: to(other) } },
  })
  const expected = {
    items: [is(0), is(1)],
    definitions: { 0: { title: 'other', not: is(0) }, 1: { title: 'one', not: is(0) } },
  }
  expect(renumbered(tree('7', '8'), () => false)).toEqual(expected)
  expect(JSON.stringify(renumbered(tree('9', '3'), () => false))).toBe(
    JSON.stringify(renumbered(tree('7', '8'), () => false)),
  )
})

test('those that others use are numbered after them, and those that nobody uses at the end', () => {
  const schema = { ...to('c'), definitions: { a: { title: 'a' }, b: { title: 'b' }, c: { not: is('b') } } }
  expect(renumbered(schema, () => false)).toEqual({
    ...is(0),
    definitions: { 0: { not: is(1) }, 1: { title: 'b' }, 2: { title: 'a' } },
  })
})

test('names that somebody gave are kept, and so is what has no definitions', () => {
  const schema = { items: [to('User'), to('4')], $defs: { 4: { type: 'null' }, User: { not: to('4') } } }
  expect(renumbered(schema, (id) => id === 'User')).toEqual({
    items: [is('User'), is(0)],
    definitions: { User: { not: is(0) }, 0: { type: 'null' } },
  })
  expect(renumbered({ items: { $ref: '#' } }, () => false)).toEqual({ items: { $ref: '#' } })
})
