/**
 * The JSON dialect: text frames that can be read in a browser's tools. A frame is one message or an array of messages,
 * each an object with its `id` (absent on pushes) and one key that names its kind: `{"id":1,"subscribe":{"channel":"chat:lobby"}}`.
 * JSON payloads stand in place; bytes are base64, with their codec beside them. Rules [P3.*].
 */
import { fromBase64, toBase64 } from './base64.js'
import { asUnreadable, checkText, type Dialect, fail, Gathering, Unreadable } from './dialect.js'
import { COMMANDS, type Field, type Kinds, type Layout, MESSAGES } from './layout.js'
import type { Command, Message } from './messages.js'
import { CODECS, type CodecName, jsonText, type Payload } from './payload.js'

type Json = { readonly [key: string]: unknown }

interface Envelope {
  readonly id: number
  readonly kind: string
  readonly body: object
}

export const jsonDialect: Dialect<string> = {
  name: 'json',
  encodeCommands: (commands) => {
    const texts = commands.map((command) => write(command, COMMANDS))
    return texts.length === 1 ? texts.join() : `[${texts.join()}]`
  },
  encodeMessage: (message) => write(message, MESSAGES),
  decodeCommands: (frame) => {
    const gathering = new Gathering()
    try {
      for (const value of parse(frame)) readCommand(value, gathering)
    } catch (thrown) {
      gathering.refuse(0, asUnreadable(thrown))
    }
    return gathering.found
  },
  decodeMessages: (frame) => {
    try {
      return parse(frame).flatMap((value) => {
        const json = object(value, 'message')
        return (readKind(json, readId(json), MESSAGES) ?? []) as Message | []
      })
    } catch (thrown) {
      throw asUnreadable(thrown).toError()
    }
  },
}

function parse(frame: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(frame)
    return Array.isArray(parsed) ? parsed : [parsed]
  } catch {
    return fail('frame', 'is not JSON')
  }
}

function readCommand(value: unknown, into: Gathering): void {
  let id = 0
  try {
    const json = object(value, 'command')
    id = readId(json)
    const command = readKind(json, id, COMMANDS)
    if (command === undefined)
      throw new Unreadable(
        'unknown-command',
        `The command holds none of: ${Object.keys(COMMANDS).join(', ')}`,
      )
    into.found.push(command as Command)
  } catch (thrown) {
    into.refuse(id, asUnreadable(thrown))
  }
}

function object(value: unknown, path: string): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : fail(path, 'must be an object')
}

const readId = (json: Json): number => wholeNumber(json['id'] ?? 0, 'id')

function wholeNumber(raw: unknown, path: string): number {
  return Number.isSafeInteger(raw) && (raw as number) >= 0
    ? (raw as number)
    : fail(path, 'must be a whole number from 0 to 2^53-1')
}

/** The envelope, or undefined when it holds no kind known here: a newer peer's message. */
function readKind(json: Json, id: number, kinds: Kinds): Envelope | undefined {
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
      if (field.required) fail(at, 'is required')
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

function write(envelope: Command | Message, kinds: Kinds): string {
  const { id, kind, body } = envelope
  const layout = kinds[kind]?.layout ?? {}
  return `{${id === 0 ? '' : `"id":${id},`}"${kind}":${writeBody(layout, body as Json)}}`
}

function writeBody(layout: Layout, body: Json): string {
  let text = ''
  for (const name in layout) {
    const field = layout[name] as Field
    const value = body[name]
    if (value === undefined) continue
    if (field.is === 'payload') text += `,${writePayload(name, value as Payload)}`
    else if (!field.repeated) text += `,"${name}":${writeValue(field, value)}`
    else text += writeList(name, field, value as unknown[])
  }
  return `{${text.slice(1)}}`
}

/** An optional list that is empty is not written: the binary dialect could not tell it from an absent one. */
function writeList(name: string, field: Field, list: readonly unknown[]): string {
  if (list.length === 0 && !field.required) return ''
  return `,"${name}":[${list.map((one) => writeValue(field, one)).join()}]`
}

const writeValue = (field: Field, value: unknown): string =>
  field.is === 'message' ? writeBody(field.layout, value as Json) : JSON.stringify(value)

const writePayload = (name: string, payload: Payload): string =>
  payload.codec === 'json'
    ? `"${name}":${jsonText(payload)}`
    : `"codec":"${payload.codec}","${name}":"${toBase64(payload.bytes)}"`
