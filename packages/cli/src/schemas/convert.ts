import { fromArktype } from './arktype.js'
import { type JsonSchema, UNKNOWN } from './json-schema.js'
import type { Side } from './side.js'
import { fromValibot, type ValibotModule } from './valibot.js'
import { fromZod, type ZodModule, zodOptions } from './zod.js'

/** A validator: Standard Schema, and where it has it Standard JSON Schema (https://standardschema.dev/json-schema, version 1). */
export interface Validator {
  readonly '~standard': {
    readonly vendor: string
    readonly jsonSchema?: { readonly [side in Side]: (options: StandardOptions) => JsonSchema }
  }
}

interface StandardOptions {
  readonly target: string
  readonly libraryOptions?: Record<string, unknown> | undefined
}

/** Libraries' converters that schemas do not bring themselves. */
export interface Converters {
  readonly zod?: ZodModule
  readonly valibot?: ValibotModule
}

/** A validator as JSON Schema, draft 07. What cannot be converted is marked with UNKNOWN, be it a part of it or all. */
export type Convert = (schema: Validator, side: Side) => JsonSchema

export function converter(converters: Converters): Convert {
  return (schema, side) => {
    try {
      return convert(schema, side, converters)
    } catch (error) {
      return { [UNKNOWN]: error instanceof Error ? error.message : String(error) }
    }
  }
}

function convert(schema: Validator, side: Side, { zod, valibot }: Converters): JsonSchema {
  const { vendor, jsonSchema } = schema['~standard']
  if (vendor === 'arktype') return fromArktype(schema, side)
  if (jsonSchema !== undefined)
    return jsonSchema[side]({ target: 'draft-07', libraryOptions: optionsFor(vendor, side) })
  if (vendor === 'zod' && zod !== undefined) return fromZod(zod, schema, side)
  if (vendor === 'valibot' && valibot !== undefined) return fromValibot(valibot, schema, side)
  throw new Error(`a schema of '${vendor}' does not say what it is in JSON Schema`)
}

const optionsFor = (vendor: string, side: Side): StandardOptions['libraryOptions'] =>
  vendor === 'zod' ? zodOptions(side) : undefined

/** The packages with a library's converter, in the order in which they are tried; none where the schema brings it. */
export function converterPackages(schema: Validator): readonly string[] {
  const { vendor, jsonSchema } = schema['~standard']
  if (jsonSchema !== undefined) return []
  if (vendor === 'zod') return ['zod/v4', 'zod']
  return vendor === 'valibot' ? ['@valibot/to-json-schema'] : []
}
