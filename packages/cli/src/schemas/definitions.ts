import { type JsonSchema, mapSchema } from './json-schema.js'

const AT = /^#\/(definitions|\$defs)\/([^/]+)/

/**
 * A schema whose definitions are numbered from 0 in the order in which they are used first, but for those that somebody named. Libraries
 * number through all schemas that they make: what one of them is called would change with every other.
 */
export function renumbered(schema: JsonSchema, isNamed: (id: string) => boolean): JsonSchema {
  const numbers = new Map<string, string>()
  const numberOf = (id: string): string => {
    if (isNamed(id)) return id
    const number = numbers.get(id) ?? String(numbers.size)
    numbers.set(id, number)
    return number
  }
  const { definitions, $defs, ...rest } = schema
  const found = { ...(definitions as Named), ...($defs as Named) }
  const refer = (one: JsonSchema): JsonSchema => {
    const { $ref } = one
    if (typeof $ref !== 'string') return one
    return {
      ...one,
      $ref: $ref.replace(AT, (_, __, id: string) => `#/definitions/${numberOf(id)}`),
    }
  }
  const root = mapSchema(rest, refer)
  const done: Record<string, JsonSchema> = {}
  // References in definitions number others, which stand later in the list then, or earlier: until there is nothing new.
  for (let left = Object.entries(found); left.length > 0; ) {
    const next = left.find(([id]) => isNamed(id) || numbers.has(id)) ?? left[0]
    if (next === undefined) break
    done[numberOf(next[0])] = mapSchema(next[1], refer)
    left = left.filter((one) => one !== next)
  }
  return Object.keys(done).length === 0 ? root : { ...root, definitions: done }
}

type Named = Readonly<Record<string, JsonSchema>> | undefined
