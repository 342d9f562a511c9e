import * as valibotConverter from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import * as mini from 'zod/mini'
import { converter, converterPackages, type Validator } from './convert.js'
import { UNKNOWN } from './json-schema.js'
import type { Side } from './side.js'

const convert = converter({ zod: z as never, valibot: valibotConverter as never })

/** Without what says only which draft it is. */
function converted(schema: unknown, side: Side = 'output') {
  const { $schema: _, ...rest } = convert(schema as Validator, side)
  return rest
}
const unknown = (why: RegExp) => ({ [UNKNOWN]: expect.stringMatching(why) })
const text = { type: 'string' }
const nonEmpty = { type: 'string', minLength: 1 }

describe.each<{
  library: string
  object: unknown
  transform: unknown
  piped: unknown
  narrowed: unknown
  date: unknown
}>([
  {
    library: 'zod',
    object: z.object({ text: z.string().min(1), kind: z.enum(['a', 'b']).optional() }),
    transform: z.object({ text: z.string().transform((one) => one.length) }),
    piped: z.string().transform(Number).pipe(z.number()),
    narrowed: z
      .string()
      .min(1)
      .refine((one) => one !== 'no'),
    date: z.object({ at: z.date() }),
  },
  {
    library: 'zod/mini',
    object: mini.object({
      text: mini.string().check(mini.minLength(1)),
      kind: mini.optional(mini.enum(['a', 'b'])),
    }),
    transform: mini.object({
      text: mini.pipe(
        mini.string(),
        mini.transform((one) => one.length),
      ),
    }),
    piped: mini.pipe(mini.pipe(mini.string(), mini.transform(Number)), mini.number()),
    narrowed: mini.string().check(
      mini.minLength(1),
      mini.refine((one) => one !== 'no'),
    ),
    date: mini.object({ at: mini.date() }),
  },
  {
    library: 'valibot',
    object: v.object({ text: v.pipe(v.string(), v.minLength(1)), kind: v.optional(v.picklist(['a', 'b'])) }),
    transform: v.object({
      text: v.pipe(
        v.string(),
        v.transform((one) => one.length),
      ),
    }),
    piped: v.pipe(v.string(), v.transform(Number), v.number()),
    narrowed: v.pipe(
      v.string(),
      v.minLength(1),
      v.check((one) => one !== 'no'),
    ),
    date: v.object({ at: v.date() }),
  },
  {
    library: 'arktype',
    object: type({ text: 'string >= 1', 'kind?': "'a' | 'b'" }),
    transform: type({ text: type('string').pipe((one) => one.length) }),
    piped: type('string').pipe(Number, type('number')),
    narrowed: type('string >= 1').narrow((one) => one !== 'no'),
    date: type({ at: 'Date' }),
  },
])('$library', ({ object, transform, piped, narrowed, date }) => {
  test.each(['input', 'output'] as const)('an object is what it says, on the %s side', (side) => {
    const { properties, required, ...rest } = converted(object, side)
    expect(rest).toEqual({ type: 'object' })
    expect(required).toEqual(['text'])
    expect(properties).toMatchObject({ text: nonEmpty })
    expect(JSON.stringify(properties)).toContain('"enum":["a","b"]')
  })

  test('of a transform the input is known, and what comes out is marked where it is', () => {
    expect(converted(transform, 'input')).toMatchObject({ properties: { text } })
    expect(converted(transform, 'output')).toMatchObject({ properties: { text: unknown(/transform|morph/) } })
  })

  test('a transform that says what comes out is known on both sides', () => {
    expect(converted(piped, 'input')).toEqual(text)
    expect(converted(piped, 'output')).toEqual({ type: 'number' })
  })

  test('a condition in code is left out', () => {
    expect(converted(narrowed, 'input')).toEqual(nonEmpty)
    expect(converted(narrowed, 'output')).toEqual(nonEmpty)
  })

  test('a date is no JSON', () => {
    expect(converted(date)).toMatchObject({ properties: { at: unknown(/date/i) } })
  })
})

describe('zod', () => {
  test.each([
    ['z.custom', z.custom<string>()],
    ['z.instanceof', z.instanceof(Uint8Array)],
    ['z.bigint', z.bigint()],
    ['z.map', z.map(z.string(), z.string())],
    ['z.literal of nothing', z.literal(undefined)],
  ])('%s has no word', (_, schema) => {
    expect(converted(schema)).toEqual(unknown(/JSON Schema has no word for zod's '\w+'/))
    expect(converted(z.object({ a: schema.optional() }))).toMatchObject({ properties: { a: unknown(/zod/) } })
    expect(converted(schema.describe('What it is'))).toEqual({ description: 'What it is', ...unknown(/zod/) })
  })

  test('what .meta() says of it is believed', () => {
    const schema = z.date().meta({ type: 'string', format: 'date-time' })
    expect(converted(schema)).toEqual({ type: 'string', format: 'date-time' })
  })

  test('what may be anything is no mistake', () => {
    expect(converted(z.object({ a: z.unknown(), b: z.any() }))).toMatchObject({
      properties: { a: {}, b: {} },
    })
    expect(converted(z.unknown())).toEqual({})
  })

  test('members that a newer server sends are allowed, unless the schema forbids them', () => {
    expect(converted(z.array(z.object({ a: z.string() })))).not.toHaveProperty('items.additionalProperties')
    expect(converted(z.strictObject({ a: z.string() }))).toHaveProperty('additionalProperties', false)
    expect(converted(z.object({ a: z.string() }).catchall(z.number()))).toMatchObject({
      additionalProperties: { type: 'number' },
    })
  })

  test('defaults are optional when sent, and there when received', () => {
    const schema = z.object({ a: z.string().default('x') })
    expect(converted(schema, 'input')).not.toHaveProperty('required')
    expect(converted(schema, 'output')).toMatchObject({ required: ['a'] })
  })
})

describe('valibot', () => {
  test('a transformation that leaves the type leaves what is known', () => {
    const schema = v.pipe(v.string(), v.minLength(1), v.trim(), v.toLowerCase())
    for (const side of ['input', 'output'] as const) expect(converted(schema, side)).toEqual(nonEmpty)
  })

  test('a recursive schema gives the same each time', () => {
    interface Tree {
      children: Tree[]
    }
    const tree: v.GenericSchema<Tree> = v.object({ children: v.array(v.lazy(() => tree)) })
    const one = converted(tree)
    expect(one).toEqual(converted(tree))
    expect(JSON.stringify(one)).toContain('"$ref":"#/definitions/0"')
    expect(one).toHaveProperty('definitions.0.properties.children')
  })
})

describe('what has no converter', () => {
  const standard = { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) }

  test('a validator of one’s own is marked as a whole', () => {
    expect(converted({ '~standard': standard })).toEqual(
      unknown(/a schema of 'own' does not say what it is in JSON Schema/),
    )
  })

  test('and is asked when it says it by Standard JSON Schema', () => {
    const jsonSchema = { input: (asked: unknown) => ({ asked }), output: () => ({ type: 'null' }) }
    const schema = { '~standard': { ...standard, jsonSchema } }
    expect(converted(schema, 'output')).toEqual({ type: 'null' })
    expect(converted(schema, 'input')).toMatchObject({ asked: { target: 'draft-07' } })
  })

  test('a converter that throws is no end: its reason is told', () => {
    const fail = () => {
      throw new Error('not this one')
    }
    const schema = { '~standard': { ...standard, jsonSchema: { input: fail, output: fail } } }
    expect(converted(schema)).toEqual({ [UNKNOWN]: 'not this one' })
  })

  test('schemas of zod 3 say so', () => {
    expect(converted({ '~standard': { ...standard, vendor: 'zod' } })).toEqual(unknown(/zod 3/))
  })
})

test('only what does not bring a converter needs one', () => {
  expect(converterPackages(z.string())).toEqual([])
  expect(converterPackages(type('string') as never)).toEqual([])
  expect(converterPackages(mini.string())).toEqual(['zod/v4', 'zod'])
  expect(converterPackages(v.string())).toEqual(['@valibot/to-json-schema'])
})
