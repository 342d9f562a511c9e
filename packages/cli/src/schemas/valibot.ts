import { renumbered } from './definitions.js'
import { type JsonSchema, UNKNOWN } from './json-schema.js'
import type { Side } from './side.js'

interface Override {
  readonly jsonSchema: JsonSchema
  /** What could not be converted here. */
  readonly errors?: readonly string[] | undefined
}

interface ActionOverride extends Override {
  readonly valibotAction: { readonly kind: string; readonly type: string }
}

/** What is used of `@valibot/to-json-schema`, from its 1.5 on, which knows `typeMode`. */
export interface ValibotModule {
  toJsonSchema(schema: unknown, config: unknown): JsonSchema
}

/** Transformations after which a value may be of any type. Others, such as `trim`, leave it a string. */
const CHANGING =
  /^(transform|transform_async|raw_transform|parse_json|stringify_json|reduce_items|find_item|to_.*)$/
const SAME_TYPE = /^to_(lower_case|upper_case|min_value|max_value)$/

/** By valibot's own converter. What it has no word for is marked, where it would throw. */
export function fromValibot({ toJsonSchema }: ValibotModule, schema: unknown, side: Side): JsonSchema {
  const found = toJsonSchema(schema, {
    ...{ target: 'draft-07', typeMode: side, errorMode: 'ignore' },
    overrideSchema: ({ errors }: Override) => (errors === undefined ? undefined : mark(errors)),
    overrideAction: ({ valibotAction: { kind, type }, jsonSchema, errors }: ActionOverride) => {
      if (errors === undefined) return undefined
      const changes = kind === 'transformation' && CHANGING.test(type) && !SAME_TYPE.test(type)
      // A condition in code only makes fewer values pass.
      return changes ? mark(errors) : jsonSchema
    },
  })
  return renumbered(found, (id) => !/^\d+$/.test(id))
}

const mark = (errors: readonly string[]): JsonSchema => ({ [UNKNOWN]: errors.join(' ').replace(/\.$/, '') })
