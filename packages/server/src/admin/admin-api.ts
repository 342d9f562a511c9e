import { type CodeName, MillraceError } from '@millrace/protocol'
import type { z } from 'zod'
import type { Hub } from '../hub/index.js'
import { errorAnswer, JSON_TYPE, type ReaderAnswer } from '../readers/index.js'
import { type ApiKey, type ApiKeys, KeyRing } from './api-keys.js'
import { namesIn, openApiDocument } from './openapi.js'
import type { Operation } from './operation.js'
import { OPERATIONS } from './operations/index.js'

export interface AdminApiParts {
  readonly hub: Hub
  readonly keys: ApiKeys
  readonly version: string
  /** Where the API is, for its description. */
  readonly path: string
  now(): number
  schedule(delay: number, run: () => void): () => void
  /** The SHA-256 of a text, in hexadecimal digits. */
  digest(text: string): string
  /** Connects to the broker, if that is not done. */
  start(): Promise<void>
}

/** A request, as it came. */
export interface AdminRequest {
  readonly method: string
  /** Below the API's path, with its slash: `/publish`. */
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Undefined when it is larger than may be. */
  body(): Promise<string | undefined>
}

const MOST_KEY = 200
const OPEN_API = '/openapi.json'

/** What backends ask over HTTP, with a key. [H12.1] */
export class AdminApi {
  readonly #parts: AdminApiParts
  readonly #keys: KeyRing
  readonly #routes = OPERATIONS.map((one) => ({ one, pattern: patternOf(one.path) }))

  /** @throws {TypeError} for keys that make no sense. */
  constructor(parts: AdminApiParts) {
    this.#parts = parts
    this.#keys = new KeyRing(parts)
  }

  async answer(request: AdminRequest): Promise<ReaderAnswer> {
    try {
      return await this.#answer(request)
    } catch (error) {
      if (error instanceof Refusal) return error.answer
      if (error instanceof MillraceError) return errorAnswer(error, true)
      this.#parts.hub.failed('a backend’s request', error)
      return errorAnswer(new MillraceError('internal-error'), true)
    }
  }

  async #answer(request: AdminRequest): Promise<ReaderAnswer> {
    const { headers, path } = request
    // Backends are no pages: what a page could send here, it would send for somebody else.
    if (headers['origin'] !== undefined)
      throw refuse(403, 'forbidden', 'Pages may not use this: ask from your backend')
    const key = await this.#keyOf(headers)
    if (path === OPEN_API) return this.#described()
    const { one, named } = this.#find(request)
    if (!key.scopes.includes('*') && !key.scopes.includes(one.scope))
      throw refuse(
        403,
        'forbidden',
        `The key '${key.id}' has no scope '${one.scope}': it has ${key.scopes.join(', ')}`,
      )
    const once = onceOf(headers)
    const input = read(one, await this.#inputOf(request, one, named))
    const { hub, schedule, start } = this.#parts
    await start()
    const output = await one.run(input as never, { hub, key, schedule, once })
    return said(output)
  }

  async #keyOf(headers: AdminRequest['headers']): Promise<ApiKey> {
    const { authorization } = headers
    const [, text] = /^Bearer +(\S+)$/i.exec(String(authorization ?? '')) ?? []
    const key = await this.#keys.find(text)
    if (key !== undefined) return key
    const {
      status,
      headers: more,
      body,
    } = errorAnswer(
      new MillraceError('unauthenticated', {
        message:
          text === undefined
            ? 'Send a key: Authorization: Bearer mk_…'
            : 'The key is not known here, or has ended: createApiKey() makes one, for admin.keys',
      }),
      text !== undefined,
    )
    throw new Refusal({ status, headers: more, body })
  }

  #described(): ReaderAnswer {
    const { path, version } = this.#parts
    return said(openApiDocument({ url: path, version }))
  }

  #find({ method, path }: AdminRequest): {
    readonly one: Operation
    readonly named: Readonly<Record<string, string>>
  } {
    const here = this.#routes.flatMap(({ one, pattern }) => {
      const found = pattern.exec(path)
      return found === null ? [] : [{ one, named: namedBy(found.groups) }]
    })
    const right = here.find(({ one }) => one.method === method)
    if (right !== undefined) return right
    if (here.length === 0)
      throw refuse(
        404,
        'unknown-method',
        `There is no '${path}': GET ${this.#parts.path}${OPEN_API} lists what there is`,
      )
    const allow = here.map(({ one }) => one.method).join(', ')
    const { answer } = refuse(405, 'malformed-command', `'${path}' is asked with ${allow}, not ${method}`)
    throw new Refusal({ ...answer, headers: { ...answer.headers, allow } })
  }

  async #inputOf(
    { body, headers, query }: AdminRequest,
    { method }: Operation,
    named: Readonly<Record<string, string>>,
  ): Promise<object> {
    if (method === 'GET') return { ...Object.fromEntries(query), ...named }
    const text = await body()
    if (text === undefined)
      throw refuse(413, 'message-too-large', 'The body is larger than admin.body allows')
    if (text === '') return named
    if (!/^application\/json\b/i.test(String(headers['content-type'] ?? '')))
      throw refuse(415, 'malformed-command', 'Send Content-Type: application/json')
    return { ...parsed(text), ...named }
  }
}

/** An answer that is not one of success. */
class Refusal extends Error {
  readonly answer: ReaderAnswer

  constructor(answer: ReaderAnswer) {
    super(answer.body)
    this.answer = answer
  }
}

function refuse(status: number, name: CodeName, message: string): Refusal {
  return new Refusal({ ...errorAnswer(new MillraceError(name, { message }), true), status })
}

/** Nobody else may keep it. */
const said = (body: unknown): ReaderAnswer => ({
  status: 200,
  headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
  body: `${JSON.stringify(body)}\n`,
})

function parsed(text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refuse(400, 'malformed-command', `The body is no JSON: ${(error as Error).message}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw refuse(400, 'malformed-command', 'The body must be a JSON object')
}

/** What was asked, as the operation wants it. */
function read({ input }: Operation, given: object): unknown {
  const result = input.safeParse(given)
  if (result.success) return result.data
  const [issue] = result.error.issues as [z.core.$ZodIssue]
  const field = issue.path.join('.')
  throw new MillraceError('invalid-payload', {
    message: field === '' ? issue.message : `${field}: ${issue.message}`,
    field: field || undefined,
  })
}

/** The names of draft-ietf-httpapi-idempotency-key-header; it may be in quotes there. */
function onceOf({ 'idempotency-key': given }: AdminRequest['headers']): string | undefined {
  if (given === undefined) return undefined
  const once = String(given).replace(/^"(.*)"$/, '$1')
  if (once.length > 0 && once.length <= MOST_KEY) return once
  throw refuse(400, 'malformed-command', `Idempotency-Key must have 1 to ${MOST_KEY} characters`)
}

function patternOf(path: string): RegExp {
  const names = namesIn(path)
  // A channel may have slashes in it, as they are: [P9.1].
  const source = names.reduce(
    (text, name) => text.replace(`{${name}}`, `(?<${name}>${name === 'channel' ? '.+' : '[^/]+'})`),
    path,
  )
  return new RegExp(`^${source}$`)
}

function namedBy(groups: Readonly<Record<string, string>> = {}): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]))
  } catch {
    throw refuse(400, 'malformed-command', 'The path is not well percent-encoded (RFC 3986 §2.1)')
  }
}
