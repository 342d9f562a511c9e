import { z } from 'zod'
import { ErrorBody } from './error-body.js'
import type { Operation } from './operation.js'
import { OPERATIONS } from './operations/index.js'

export interface OpenApiOptions {
  /** Where the API is, as an absolute URL or a path. */
  readonly url: string
  readonly version: string
}

type Schema = { readonly [key: string]: unknown }

const STATUSES = {
  400: 'Something in the request is wrong: `field` says what',
  401: 'The key is missing, unknown, or has ended',
  403: 'The key does not allow it',
  404: 'No such channel, target or path',
  409: 'The value is another one than was expected',
  413: 'The body is larger than the server reads',
  429: 'Too much at once: see `retryAfter`',
  503: 'It cannot be done now: it may be repeated, with the same Idempotency-Key',
  504: 'Somebody did not answer in time',
} as const

/** The description of the API for generators of clients and for people: OpenAPI 3.1. */
export function openApiDocument({ url, version }: OpenApiOptions): Schema {
  const paths: Record<string, Record<string, Schema>> = {}
  for (const one of OPERATIONS) {
    paths[one.path] = { ...paths[one.path], [one.method.toLowerCase()]: describe(one) }
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Millrace, for backends', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'A key: `mk_…`' } },
      schemas: { Error: schemaOf(ErrorBody, 'output') },
      responses: {
        Error: { description: 'It was not done', content: { 'application/json': { schema: REF } } },
      },
    },
  }
}

const REF = { $ref: '#/components/schemas/Error' }

function describe({ id, method, path, scope, summary, description, input, output }: Operation): Schema {
  const { properties = {}, required = [] } = schemaOf(input, 'input') as {
    readonly properties?: Record<string, Schema>
    readonly required?: readonly string[]
  }
  const inPath = namesIn(path)
  const others = Object.keys(properties).filter((name) => !inPath.includes(name))
  const named = method === 'GET' ? [...inPath, ...others] : inPath
  const isWanted = (name: string): boolean => required.includes(name)
  return {
    operationId: id,
    summary,
    description: [description, `The key needs the scope \`${scope}\`.`].filter(Boolean).join('\n\n'),
    parameters: [
      ...named.map((name) => ({
        name,
        in: inPath.includes(name) ? 'path' : 'query',
        required: isWanted(name),
        schema: properties[name],
      })),
      ...(method === 'POST' ? [ONCE] : []),
    ],
    ...(method === 'POST' && others.length > 0
      ? { requestBody: body(properties, others.filter(isWanted), others) }
      : {}),
    responses: {
      200: {
        description: 'It is done',
        content: { 'application/json': { schema: schemaOf(output, 'output') } },
      },
      ...Object.fromEntries(
        Object.entries(STATUSES).map(([status, meaning]) => [
          status,
          { description: meaning, content: { 'application/json': { schema: REF } } },
        ]),
      ),
    },
  }
}

const ONCE = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Names the request: repeated with the same key it is done once. At most 200 characters',
  schema: { type: 'string', maxLength: 200 },
}

const body = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  names: readonly string[],
): Schema => ({
  required: true,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: Object.fromEntries(names.map((name) => [name, properties[name]])),
        required,
        additionalProperties: false,
      },
    },
  },
})

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Schema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

/** The parameters of a path, in order. */
export const namesIn = (path: string): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
