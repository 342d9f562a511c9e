/** Reading the JSON dialect, for both ends: a frame's values to bodies, by the layouts. Rules [P3.*]. */
import { fromBase64 } from './base64.js'
import { checkText, fail } from './dialect.js'
import type { Field, Kinds, Layout } from './layout/layout.js'
import { CODECS, type CodecName, type Payload } from './payload.js'

type Json = { readonly [key: string]: unknown }

interface Envelope {
  readonly id: number
  readonly kind: string
  readonly body: object
}

/** The messages of a frame. */
export function parse(frame: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(frame)
    return Array.isArray(parsed) ? parsed : [parsed]
  } catch {
    return fail('frame', 'is not JSON')
  }
}

export function object(value: unknown, path: string): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : fail(path, 'must be an object')
}

export const readId = (json: Json): number => wholeNumber(json['id'] ?? 0, 'id')

function wholeNumber(raw: unknown, path: string): number {
  return Number.isSafeInteger(raw) && (raw as number) >= 0
    ? (raw as number)
    : fail(path, 'must be a whole number from 0 to 2^53-1')
}

/** The envelope, or undefined when it holds no kind known here: a newer peer's message. */
export function readKind(json: Json, id: number, kinds: Kinds): Envelope | undefined {
  let found: string | undefined
  for (const key in json) {
    // `key in kinds` would also find what objects inherit.
    if (!Object.hasOwn(kinds, key)) continue
    if (found !== undefined) fail(key, `cannot stand beside ${found}`)
    found = key
  }
  const kind = found === undefined ? undefined : kinds[found]
  if (found === undefined || kind === undefined) return undefined
  return { id, kind: found, body: readBody(kind.layout, json[found], found) }
}

function readBody(layout: Layout, value: unknown, path: string): object {
  const json = object(value, path)
  const body: Record<string, unknown> = {}
  for (const name in layout) {
    const field = layout[name] as Field
    const raw = json[name]
    const at = `${path}.${name}`
    // Null stands for absent, but not where it is the payload. Rule [P3.5].
    if (raw === undefined || (raw === null && field.is !== 'payload')) {
      // An empty list need not be written.
      if (field.required && field.repeated) body[name] = []
      else if (field.required) fail(at, 'is required')
    } else if (field.is === 'payload') body[name] = readPayload(raw, json['codec'], path)
    else if (field.repeated) body[name] = readList(field, raw, at)
    else body[name] = readValue(field, raw, at)
  }
  return body
}

function readList(field: Field, raw: unknown, path: string): unknown[] {
  if (!Array.isArray(raw)) return fail(path, 'must be an array')
  return raw.map((one, index) => readValue(field, one, `${path}[${index}]`))
}

function readValue(field: Field, raw: unknown, path: string): unknown {
  switch (field.is) {
    case 'uint':
      return wholeNumber(raw, path)
    case 'bool':
      return typeof raw === 'boolean' ? raw : fail(path, 'must be true or false')
    case 'string':
      if (typeof raw !== 'string') return fail(path, 'must be a string')
      checkText(raw, field.max, path)
      return raw
    default:
      return readBody(field.layout, raw, path)
  }
}

function readPayload(raw: unknown, codec: unknown, path: string): Payload {
  codec ??= 'json'
  if (codec === 'json') return { codec, value: raw }
  if (!CODECS.includes(codec as CodecName)) fail(`${path}.codec`, `must be one of: ${CODECS.join(', ')}`)
  const bytes = typeof raw === 'string' ? fromBase64(raw) : undefined
  return bytes === undefined
    ? fail(`${path}.data`, `must be base64, because its codec is ${codec}`)
    : { codec: codec as Exclude<CodecName, 'json'>, bytes }
}
