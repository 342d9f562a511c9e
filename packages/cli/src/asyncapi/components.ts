import { type JsonSchema, mapSchema } from '../schemas/json-schema.js'
import { Names, pascal } from './names.js'
import type { Reference } from './types.js'

const AT = '#/components/schemas/'

/**
 * The schemas of a document. A converter gives schemas that refer to themselves and to definitions inside them; in a document all of them
 * stand side by side, and references are from its root.
 */
export class Components {
  readonly schemas: Record<string, JsonSchema> = {}
  readonly #names = new Names()

  /** Adds a schema under this name, or a similar one where that is taken, and its definitions beside it. */
  add(name: string, schema: JsonSchema): Reference {
    const { $schema: _, definitions = {}, $defs = {}, ...rest } = schema
    const found = definitionsOf({ ...(definitions as object), ...($defs as object) })
    const own = this.#names.take(name)
    const names = this.#namesFor(found, own)
    // A schema that is one of its definitions and no more, as recursive ones are, is that, unless it has a name of its own.
    const root = found.find(([id]) => !isNamed(id) && sameAs(rest, id))
    if (root !== undefined) names.set(root[0], own)
    this.schemas[own] = rewritten(root?.[1] ?? rest, names, own)
    for (const [id, definition] of found)
      this.schemas[names.get(id) ?? own] ??= rewritten(definition, names, own)
    return { $ref: AT + own }
  }

  /**
   * Names of definitions. One that the application named, as by zod's `.meta({ id: 'User' })`, has that name in all schemas that use it:
   * once where it is the same in all of them, else each with its own.
   */
  #namesFor(found: readonly Definition[], own: string): Map<string, string> {
    const names = new Map(found.map(([id]) => [id, isNamed(id) ? pascal(id) : own + pascal(id)] as const))
    const isAnother = ([id, definition]: Definition): boolean => {
      const name = names.get(id) ?? own
      const there = this.schemas[name]
      // `user` and `User` come out alike.
      const first = found.find(([one]) => names.get(one) === name)?.[0]
      if (name === own || first !== id) return true
      return there !== undefined && !same(there, rewritten(definition, names, own))
    }
    // A new name changes the definitions that refer to it, so that they may be others too. Each gets one at most.
    for (let next = found.find(isAnother); next !== undefined; next = found.find(isAnother))
      names.set(next[0], this.#names.take(own + pascal(next[0])))
    for (const name of names.values()) this.#names.reserve(name)
    return names
  }
}

/** Converters number definitions, or mark their names, that nobody has given one. */
const isNamed = (id: string): boolean => /^[A-Za-z]/.test(id)

const sameAs = ({ $ref, ...more }: JsonSchema, id: string): boolean =>
  $ref === `#/definitions/${id}` && Object.keys(more).length === 0

/** Without the name that zod 4.0 repeats in them. */
const definitionsOf = (all: Readonly<Record<string, JsonSchema>>): readonly Definition[] =>
  Object.entries(all).map(([name, { id, ...rest }]) => [
    name,
    id === undefined || id === name ? rest : { id, ...rest },
  ])

type Definition = readonly [id: string, schema: JsonSchema]

const same = (one: JsonSchema, other: JsonSchema): boolean => JSON.stringify(one) === JSON.stringify(other)

/** With references that count from the document's root. */
const rewritten = (schema: JsonSchema, names: ReadonlyMap<string, string>, own: string): JsonSchema =>
  mapSchema(schema, (one) => {
    const { $ref } = one
    if (typeof $ref !== 'string' || !$ref.startsWith('#') || $ref.startsWith(AT)) return one
    const [, id, rest = ''] = /^#\/(?:definitions|\$defs)\/([^/]*)(.*)$/.exec($ref) ?? []
    // In draft 07 nothing beside a reference counts.
    if (id === undefined) return { $ref: AT + own + $ref.slice(1) }
    return { $ref: AT + (names.get(unescaped(id)) ?? own) + rest }
  })

/** A token of a JSON pointer in a URI (RFC 6901 §6). */
const unescaped = (token: string): string =>
  decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
