import { renumbered } from './definitions.js'
import { type JsonSchema, mapSchema, UNKNOWN } from './json-schema.js'
import type { Side } from './side.js'

/** What is used of an arktype type. */
interface ArkType {
  readonly in: ArkType
  readonly out: ArkType
  toJsonSchema(options: unknown): JsonSchema
}

interface Fallback {
  readonly code: string
  readonly base: JsonSchema
  /** Of a morph: what comes out, where it was declared. */
  readonly out?: JsonSchema | null
}

const mark = ({ code, base }: Fallback): JsonSchema => ({
  ...base,
  [UNKNOWN]: `JSON Schema has no word for arktype's '${code}'`,
})
/** What holds without the part that has no word, such as a condition in code. */
const without = ({ base }: Fallback): JsonSchema => base

const FALLBACK = {
  ...{ date: mark, domain: mark, proto: mark, symbolKey: mark, unit: mark },
  ...{ arrayObject: without, patternIntersection: without, predicate: without },
  morph: (context: Fallback) => context.out ?? mark({ ...context, base: {} }),
}

/** Options of arktype's converter: what it has no word for is marked, where it would throw. */
const OPTIONS = {
  target: 'draft-07',
  dialect: 'http://json-schema.org/draft-07/schema#',
  fallback: FALLBACK,
}

/** By arktype's own converter, which every type brings. What it has no word for is marked, where it would throw. */
export function fromArktype(type: unknown, side: Side): JsonSchema {
  return renumbered(converted(type as ArkType, side), () => false)
}

/**
 * arktype says `unknown` of what comes out of a morph that does not declare it, as it does of what is meant to be anything. So the type as
 * a whole is asked as well: its morphs are marked where they are.
 */
function converted(ark: ArkType, side: Side): JsonSchema {
  if (side === 'input') return ark.in.toJsonSchema(OPTIONS)
  const whole = ark.toJsonSchema(OPTIONS)
  let marked = false
  mapSchema(whole, (schema) => {
    marked ||= UNKNOWN in schema
    return schema
  })
  return marked ? whole : ark.out.toJsonSchema(OPTIONS)
}
