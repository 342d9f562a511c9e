/** A JSON Schema as plain data: draft 07, which AsyncAPI's own schemas are a superset of. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/**
 * Stands in what a converter gives where JSON Schema has no word for what is there; its value says why. It never gets into a
 * document.
 */
export const UNKNOWN = 'x-millrace-unknown'

/** Keywords whose value is a schema, a list of schemas, and schemas by name; with how a place behind them is written. */
const ONE: Readonly<Record<string, string>> = {
  items: '[]',
  additionalItems: '[]',
  contains: '[]',
  additionalProperties: '{}',
  propertyNames: '{name}',
  not: '',
  if: '',
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: '',
  else: '',
}
const LISTS = ['allOf', 'anyOf', 'oneOf', 'items', 'prefixItems']
const NAMED: Readonly<Record<string, (name: string) => string>> = {
  properties: (name) => `.${name}`,
  patternProperties: (name) => `{${name}}`,
  definitions: (name) => `<${name}>`,
  $defs: (name) => `<${name}>`,
}

type Visit = (schema: JsonSchema, path: string) => JsonSchema

/**
 * A copy of a schema in which each schema, from the outside in, is what `visit` makes of it. `path` says where it is: `.user.tags[]`. What
 * only looks like a schema, inside `const`, `enum`, `default` or `examples`, is left alone.
 */
export function mapSchema(schema: JsonSchema, visit: Visit, path = ''): JsonSchema {
  const into = (value: unknown, step: string): unknown =>
    isSchema(value) ? mapSchema(value, visit, path + step) : value
  return Object.fromEntries(
    Object.entries(visit(schema, path)).map(([keyword, value]) => {
      if (Array.isArray(value) && LISTS.includes(keyword))
        return [keyword, value.map((one, index) => into(one, stepInto(keyword, index)))]
      const named = NAMED[keyword]
      if (named !== undefined && isSchema(value)) {
        const entries = Object.entries(value).map(([name, one]) => [name, into(one, named(name))])
        return [keyword, Object.fromEntries(entries)]
      }
      const step = ONE[keyword]
      return [keyword, step === undefined ? value : into(value, step)]
    }),
  )
}

/** A tuple's place has a number; which of several options it is matters less than where it is. */
const stepInto = (keyword: string, index: number): string =>
  keyword === 'items' || keyword === 'prefixItems' ? `[${index}]` : ''

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
