import { expect, test } from 'vitest'
import { mapSchema } from './json-schema.js'

const pathsIn = (schema: Record<string, unknown>): string[] => {
  const paths: string[] = []
  mapSchema(schema, (one, path) => {
    paths.push(path)
    return one
  })
  return paths
}

test('every place of a schema has a path as code would have it', () => {
  const text = { type: 'string' }
  expect(pathsIn({ properties: { user: { properties: { tags: { items: text } } } } })).toEqual([
    '',
    '.user',
    '.user.tags',
    '.user.tags[]',
  ])
  expect(pathsIn({ items: [text, { anyOf: [text] }], additionalItems: text })).toEqual([
    '',
    '[0]',
    '[1]',
    '[1]',
    '[]',
  ])
  expect(pathsIn({ additionalProperties: text, propertyNames: text })).toEqual(['', '{}', '{name}'])
  expect(pathsIn({ definitions: { User: { not: text } } })).toEqual(['', '<User>', '<User>'])
})

test('what only looks like a schema is left as it is', () => {
  const schema = {
    const: { properties: { a: { type: 'string' } } },
    enum: [{ items: { $ref: '#' } }],
    default: { not: {} },
    examples: [{ $ref: '#' }],
    properties: { $ref: { type: 'string' } },
    additionalProperties: false,
  }
  expect(pathsIn(schema)).toEqual(['', '.$ref'])
  expect(mapSchema(schema, (one) => one)).toEqual(schema)
})

test('a schema is visited before what is in it, as it has become', () => {
  const seen = mapSchema({ properties: { a: { type: 'string' } } }, (one, path) =>
    path === '' ? { ...one, items: { type: 'null' } } : { ...one, title: path },
  )
  expect(seen).toEqual({
    properties: { a: { type: 'string', title: '.a' } },
    items: { type: 'null', title: '[]' },
  })
})
