/**
 * The binary dialect: Protocol Buffers in binary frames, by the published `millrace.proto`. A frame is a `CommandFrame` or
 * a `MessageFrame`, which hold repeated messages, so frames joined end to end are one frame. Rules [P4.*].
 * The encoding is https://protobuf.dev/programming-guides/encoding/; only what the .proto uses is written here.
 */
import { MillraceError } from './codes.js'
import { BadCommand, type Decoded, type Dialect, fail, type Utf8 } from './dialect.js'
import { checkText } from './json-dialect.js'
import { COMMANDS, type Field, type Layout, MESSAGES } from './layout.js'
import type { Command, Message } from './messages.js'
import { CODECS, type CodecName, jsonText, type Payload } from './payload.js'
import { LENGTH, Reader, VARINT, Writer } from './wire.js'

type Kinds = { readonly [kind: string]: { readonly no: number; readonly layout: Layout } }
type Body = { readonly [key: string]: unknown }

interface Envelope {
  id: number
  kind: string
  body: object
}

/** Fields by their number, prepared once per layout. */
const numbered = new WeakMap<Layout, ReadonlyMap<number, readonly [name: string, field: Field]>>()
function fieldsByNumber(layout: Layout): ReadonlyMap<number, readonly [string, Field]> {
  let map = numbered.get(layout)
  if (map === undefined) {
    map = new Map(Object.entries(layout.fields).map(([name, field]) => [field.no, [name, field] as const]))
    numbered.set(layout, map)
  }
  return map
}

const kindsByNumber = (kinds: Kinds): ReadonlyMap<number, string> =>
  new Map(Object.entries(kinds).map(([kind, { no }]) => [no, kind]))
const COMMAND_NUMBERS = kindsByNumber(COMMANDS)
const MESSAGE_NUMBERS = kindsByNumber(MESSAGES)

/** The binary dialect over a platform's UTF-8. */
export function binaryDialect(utf8: Utf8): Dialect<Uint8Array> {
  const frame = (envelopes: readonly (Command | Message)[], kinds: Kinds): Uint8Array => {
    const writer = new Writer(utf8)
    for (const envelope of envelopes) writer.nested(1, () => writeEnvelope(writer, envelope, kinds))
    return writer.finish()
  }
  return {
    name: 'binary',
    encodeCommands: (commands) => frame(commands, COMMANDS),
    encodeMessage: (message) => frame([message], MESSAGES),
    decodeCommands: (bytes) => decodeCommandFrame(new Reader(bytes, utf8)),
    decodeMessages: (bytes) => {
      const messages: Message[] = []
      eachEnvelope(new Reader(bytes, utf8), (reader) => {
        const envelope: Envelope = { id: 0, kind: '', body: {} }
        readEnvelope(reader, envelope, { kinds: MESSAGES, numbers: MESSAGE_NUMBERS })
        if (envelope.kind !== '') messages.push(envelope as Message)
      })
      return messages
    },
  }
}

function decodeCommandFrame(reader: Reader): Decoded<Command>[] {
  const decoded: Decoded<Command>[] = []
  try {
    eachEnvelope(reader, (inner) => {
      const envelope: Envelope = { id: 0, kind: '', body: {} }
      try {
        readEnvelope(inner, envelope, { kinds: COMMANDS, numbers: COMMAND_NUMBERS })
        if (envelope.kind === '')
          throw new MillraceError('unknown-command', { message: 'The command holds no kind known here' })
        decoded.push(envelope as Command)
      } catch (error) {
        decoded.push(new BadCommand(envelope.id, error as MillraceError))
      }
    })
  } catch (error) {
    decoded.push(new BadCommand(0, error as MillraceError))
  }
  return decoded
}

function eachEnvelope(reader: Reader, visit: (inner: Reader) => void): void {
  while (reader.more()) {
    const tag = reader.tag()
    if (tag.no === 1 && tag.type === LENGTH) visit(reader.nested())
    else reader.skip(tag)
  }
}

function readEnvelope(
  reader: Reader,
  envelope: Envelope,
  by: { readonly kinds: Kinds; readonly numbers: ReadonlyMap<number, string> },
): void {
  while (reader.more()) {
    const tag = reader.tag()
    const kind = by.numbers.get(tag.no)
    if (tag.no === 1 && tag.type === VARINT) envelope.id = reader.uint('id')
    else if (kind !== undefined && tag.type === LENGTH) {
      envelope.kind = kind
      envelope.body = readBody(reader.nested(), by.kinds[kind]?.layout as Layout, kind)
    } else reader.skip(tag)
  }
}

function readBody(reader: Reader, layout: Layout, path: string): object {
  const body: Record<string, unknown> = {}
  const payload = readFields(reader, layout, { body, path })
  for (const name in layout.fields) {
    const field = layout.fields[name] as Field
    if (field.is === 'payload' && payload.bytes !== undefined)
      body[name] = readPayload(payload.bytes, payload.codec, { path, reader })
    if (!field.required || body[name] !== undefined) continue
    // An empty list leaves no trace in this encoding.
    if (field.repeated) body[name] = []
    else fail(`${path}.${name}`, 'is required')
  }
  return body
}

/** Reads the fields as they come into `body`; a payload's two halves may come in any order, so they are returned apart. */
function readFields(
  reader: Reader,
  layout: Layout,
  into: { readonly body: Record<string, unknown>; readonly path: string },
): { readonly bytes: Uint8Array | undefined; readonly codec: number } {
  const { body, path } = into
  const fields = fieldsByNumber(layout)
  let bytes: Uint8Array | undefined
  let codec = 0
  while (reader.more()) {
    const tag = reader.tag()
    const known = fields.get(tag.no)
    if (known === undefined) {
      // A payload's codec has the number after its bytes.
      if (fields.get(tag.no - 1)?.[1].is === 'payload' && tag.type === VARINT)
        codec = reader.uint(`${path}.codec`)
      else reader.skip(tag)
      continue
    }
    const [name, field] = known
    if (field.is === 'payload') {
      if (tag.type !== LENGTH) fail(`${path}.${name}`, 'has the wrong wire type')
      bytes = reader.bytes()
      continue
    }
    const value = readField(reader, field, { type: tag.type, path: `${path}.${name}` })
    if (field.repeated) pushTo(body, name, value)
    else body[name] = value
  }
  return { bytes, codec }
}

function pushTo(body: Record<string, unknown>, name: string, value: unknown): void {
  const list = body[name] as unknown[] | undefined
  if (list === undefined) body[name] = [value]
  else list.push(value)
}

function readField(
  reader: Reader,
  field: Field,
  at: { readonly type: number; readonly path: string },
): unknown {
  const expected = field.is === 'uint' || field.is === 'bool' ? VARINT : LENGTH
  if (at.type !== expected) fail(at.path, 'has the wrong wire type')
  switch (field.is) {
    case 'uint':
      return reader.uint(at.path)
    case 'bool':
      return reader.uint(at.path) !== 0
    case 'string': {
      const text = reader.text(at.path)
      checkText(field, text, at.path)
      return text
    }
    case 'message':
      return readBody(reader.nested(), field.layout, at.path)
    case 'payload':
      return fail(at.path, 'cannot stand here')
  }
}

function readPayload(
  bytes: Uint8Array,
  no: number,
  at: { readonly path: string; readonly reader: Reader },
): Payload {
  const codec: CodecName | undefined = CODECS[no]
  if (codec === undefined) return fail(`${at.path}.codec`, `must be a number below ${CODECS.length}`)
  if (codec !== 'json') return { codec, bytes }
  const text = at.reader.utf8(bytes, `${at.path}.data`)
  try {
    return { codec, value: JSON.parse(text) }
  } catch {
    return fail(`${at.path}.data`, 'must be JSON text, because its codec is json')
  }
}

function writeEnvelope(writer: Writer, envelope: Command | Message, kinds: Kinds): void {
  const kind = kinds[envelope.kind]
  if (kind === undefined) return
  if (envelope.id !== 0) writer.uint(1, envelope.id)
  writer.nested(kind.no, () => writeBody(writer, kind.layout, envelope.body as Body))
}

function writeBody(writer: Writer, layout: Layout, body: Body): void {
  for (const name in layout.fields) {
    const field = layout.fields[name] as Field
    const value = body[name]
    if (value === undefined) continue
    if (field.repeated) for (const one of value as unknown[]) writeField(writer, field, one)
    else writeField(writer, field, value)
  }
}

function writeField(writer: Writer, field: Field, value: unknown): void {
  switch (field.is) {
    case 'uint':
      writer.uint(field.no, value as number)
      break
    case 'bool':
      writer.uint(field.no, value ? 1 : 0)
      break
    case 'string':
      writer.text(field.no, value as string)
      break
    case 'message':
      writer.nested(field.no, () => writeBody(writer, field.layout, value as Body))
      break
    case 'payload':
      writePayload(writer, field.no, value as Payload)
  }
}

function writePayload(writer: Writer, no: number, payload: Payload): void {
  if (payload.codec === 'json') {
    writer.text(no, jsonText(payload))
    return
  }
  writer.bytes(no, payload.bytes)
  writer.uint(no + 1, CODECS.indexOf(payload.codec))
}
