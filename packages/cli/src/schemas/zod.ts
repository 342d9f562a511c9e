import { type JsonSchema, UNKNOWN } from './json-schema.js'
import type { Side } from './side.js'

/** What is used of a zod schema: its definition. The rest of zod is not looked at, so that any of its versions from 4 on will do. */
interface ZodSchema {
  readonly _zod: { readonly def: { readonly type: string; readonly catchall?: unknown } }
}

interface Override {
  readonly zodSchema: ZodSchema
  /** To be changed in place. */
  readonly jsonSchema: Record<string, unknown>
}

/** zod's types that JSON has no values of, or that hold code. */
const WORDLESS = new Set([
  ...['bigint', 'date', 'map', 'nan', 'set', 'symbol', 'undefined', 'void', 'literal'],
  ...['custom', 'function', 'promise', 'transform'],
])

/** Keywords that say nothing of the value. */
const ANNOTATIONS = new Set(['title', 'description', 'examples', 'default', 'deprecated', 'readOnly', 'id'])

/** Options of zod's converter: what it has no word for is marked, where it would throw. */
export const zodOptions = (side: Side): Record<string, unknown> => ({
  io: side,
  unrepresentable: 'any',
  override: ({ zodSchema, jsonSchema }: Override) => {
    const { type, catchall } = zodSchema._zod.def
    // Somebody may have said with `.meta()` what it is.
    if (WORDLESS.has(type) && Object.keys(jsonSchema).every((keyword) => ANNOTATIONS.has(keyword)))
      jsonSchema[UNKNOWN] = `JSON Schema has no word for zod's '${type}'`
    // zod drops unknown members, so what comes out has none today. Whoever receives it must bear those of a newer server ([P3.5]).
    if (side === 'output' && type === 'object' && catchall === undefined)
      delete jsonSchema['additionalProperties']
  },
})

/** zod's own converter, for schemas that do not bring it themselves: those of zod/mini, and of zod before 4.2. */
export interface ZodModule {
  toJSONSchema(schema: unknown, options: unknown): JsonSchema
}

export function fromZod({ toJSONSchema }: ZodModule, schema: object, side: Side): JsonSchema {
  if (!('_zod' in schema)) throw new Error('schemas of zod 3 cannot be converted; those of zod 4 can')
  return toJSONSchema(schema, { target: 'draft-7', ...zodOptions(side) })
}
