/**
 * The JSON dialect: text frames that can be read in a browser's tools. A frame is one message or an array of messages,
 * each an object with its `id` (absent on pushes) and one key that names its kind: `{"id":1,"subscribe":{"channel":"chat:lobby"}}`.
 * JSON payloads stand in place; bytes are base64, with their codec beside them. Rules [P3.*].
 */
import { fromBase64, toBase64 } from './base64.js'
import { MillraceError } from './codes.js'
import { BadCommand, type Decoded, type Dialect, fail } from './dialect.js'
import { COMMANDS, type Field, type Layout, MESSAGES } from './layout.js'
import type { Command, Message } from './messages.js'
import { CODECS, type CodecName, jsonText, type Payload } from './payload.js'

type Kinds = { readonly [kind: string]: { readonly layout: Layout } }
type Json = { readonly [key: string]: unknown }

interface Envelope {
  readonly id: number
  readonly kind: string
  readonly body: object
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const jsonDialect: Dialect<string> = {
  name: 'json',
  encodeCommands: (commands) =>
    commands[0] !== undefined && commands.length === 1
      ? write(commands[0], COMMANDS)
      : `[${commands.map((command) => write(command, COMMANDS)).join()}]`,
  encodeMessage: (message) => write(message, MESSAGES),
  decodeCommands: (frame) => {
    let parsed: unknown
    try {
      parsed = JSON.parse(frame)
    } catch {
      return [new BadCommand(0, new MillraceError('malformed-command', { message: 'The frame is not JSON' }))]
    }
    return (Array.isArray(parsed) ? parsed : [parsed]).map(readCommand)
  },
  decodeMessages: (frame) => {
    let parsed: unknown
    try {
      parsed = JSON.parse(frame)
    } catch {
      throw new MillraceError('malformed-command', { message: 'The frame is not JSON' })
    }
    const list = Array.isArray(parsed) ? parsed : [parsed]
    return list
      .map((one) => read(one, MESSAGES, 'message'))
      .filter((m) => m !== undefined) as unknown as Message[]
  },
}

function readCommand(value: unknown): Decoded<Command> {
  try {
    const command = read(value, COMMANDS, 'command')
    if (command !== undefined) return command as unknown as Command
    throw new MillraceError('unknown-command', {
      message: `The command must hold one of: ${Object.keys(COMMANDS).join(', ')}`,
    })
  } catch (error) {
    const id = isObject(value) && Number.isSafeInteger(value['id']) ? Number(value['id']) : 0
    return new BadCommand(Math.max(id, 0), error as MillraceError)
  }
}

/** An envelope, or undefined when it holds no kind known here: a newer peer's message, to be ignored. */
function read(value: unknown, kinds: Kinds, what: string): Envelope | undefined {
  if (!isObject(value)) return fail(what, 'must be a JSON object')
  const id = value['id'] === undefined ? 0 : readField({ no: 1, is: 'uint' }, value['id'], 'id')
  for (const kind in value) {
    // `in kinds` would also find what objects inherit.
    if (kind === 'id' || !Object.hasOwn(kinds, kind)) continue
    const layout = kinds[kind]?.layout
    if (layout !== undefined) return { id: id as number, kind, body: readBody(layout, value[kind], kind) }
  }
  return undefined
}

function readBody(layout: Layout, value: unknown, path: string): object {
  if (!isObject(value)) return fail(path, 'must be a JSON object')
  const body: Record<string, unknown> = {}
  for (const name in layout.fields) {
    const field = layout.fields[name] as Field
    const raw = value[name]
    if (raw === undefined || (raw === null && field.is !== 'payload')) {
      if (field.required) fail(`${path}.${name}`, 'is required')
      continue
    }
    const at = `${path}.${name}`
    if (field.is === 'payload') body[name] = readPayload(raw, value['codec'], path)
    else if (field.repeated) body[name] = readList(field, raw, at)
    else body[name] = readField(field, raw, at)
  }
  return body
}

function readList(field: Field, raw: unknown, path: string): unknown[] {
  if (!Array.isArray(raw)) return fail(path, 'must be an array')
  return raw.map((one, index) => readField(field, one, `${path}[${index}]`))
}

function readField(field: Field, raw: unknown, path: string): unknown {
  switch (field.is) {
    case 'uint':
      if (!Number.isSafeInteger(raw) || (raw as number) < 0)
        fail(path, 'must be a whole number from 0 to 2^53-1')
      return raw
    case 'bool':
      if (typeof raw !== 'boolean') fail(path, 'must be true or false')
      return raw
    case 'string':
      if (typeof raw !== 'string') return fail(path, 'must be a string')
      checkText(field, raw, path)
      return raw
    case 'message':
      return readBody(field.layout, raw, path)
    case 'payload':
      return fail(path, 'cannot stand here')
  }
}

/** The limits of a string field, for both dialects. */
export function checkText(field: Field & { is: 'string' }, text: string, path: string): void {
  if (field.max !== undefined && text.length > field.max)
    fail(path, `must have at most ${field.max} characters`)
  if (field.oneOf !== undefined && !field.oneOf.includes(text))
    fail(path, `must be one of: ${field.oneOf.join(', ')}`)
}

function readPayload(raw: unknown, codec: unknown, path: string): Payload {
  if (codec === undefined || codec === 'json') return { codec: 'json', value: raw }
  if (!CODECS.includes(codec as CodecName)) fail(`${path}.codec`, `must be one of: ${CODECS.join(', ')}`)
  const bytes = typeof raw === 'string' ? fromBase64(raw) : undefined
  if (bytes === undefined)
    return fail(`${path}.data`, `must be base64 text, because its codec is ${String(codec)}`)
  return { codec: codec as Exclude<CodecName, 'json'>, bytes }
}

function write(envelope: Command | Message, kinds: Kinds): string {
  const layout = kinds[envelope.kind]?.layout as Layout
  const id = envelope.id === 0 ? '' : `"id":${envelope.id},`
  return `{${id}"${envelope.kind}":${writeBody(layout, envelope.body as Json)}}`
}

function writeBody(layout: Layout, body: Json): string {
  let text = '{'
  for (const name in layout.fields) {
    const value = body[name]
    if (value === undefined) continue
    const field = layout.fields[name] as Field
    const comma = text.length > 1 ? ',' : ''
    if (field.is === 'payload') text += `${comma}${writePayload(name, value as Payload)}`
    else if (field.repeated)
      text += `${comma}"${name}":[${(value as unknown[]).map((one) => writeField(field, one)).join()}]`
    else text += `${comma}"${name}":${writeField(field, value)}`
  }
  return `${text}}`
}

const writeField = (field: Field, value: unknown): string =>
  field.is === 'message' ? writeBody(field.layout, value as Json) : JSON.stringify(value)

const writePayload = (name: string, payload: Payload): string =>
  payload.codec === 'json'
    ? `"${name}":${jsonText(payload)}`
    : `"codec":"${payload.codec}","${name}":"${toBase64(payload.bytes)}"`
