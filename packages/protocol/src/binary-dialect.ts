/**
 * The binary dialect: Protocol Buffers in binary frames, by the published `millrace.proto`. A frame is a `CommandFrame` or
 * a `MessageFrame`, which hold repeated messages, so frames joined end to end are one frame. Rules [P4.*].
 * The encoding is https://protobuf.dev/programming-guides/encoding/; only what the .proto uses is written here.
 */
import {
  asUnreadable,
  BadCommand,
  CommandReader,
  checkText,
  type Decoded,
  type Dialect,
  fail,
  Unreadable,
  type Utf8,
} from './dialect.js'
import { isTooDeepValue, MAX_JSON_DEPTH } from './json-outline.js'
import { COMMANDS, type Field, type Kinds, type Layout, MESSAGES } from './layout/index.js'
import type { Command, Message } from './messages.js'
import { CODECS, jsonText, type Payload, withText } from './payload.js'
import { writtenOnce } from './shared-list.js'
import { Reader, Writer } from './wire.js'

type Body = { readonly [key: string]: unknown }

/** A layout made ready for reading: its fields by their number, the codec of its payload among them. */
interface Plan {
  readonly slots: readonly (Slot | undefined)[]
  readonly required: readonly Slot[]
  /** The name of its payload field: a layout has at most one. */
  readonly payload: string | undefined
}
interface Slot {
  readonly name: string
  readonly field: Field
  readonly is: Field['is'] | 'codec'
}

const plans = new WeakMap<Layout, Plan>()
function planOf(layout: Layout): Plan {
  let plan = plans.get(layout)
  if (plan === undefined) {
    const slots: Slot[] = []
    let payload: string | undefined
    for (const [name, field] of Object.entries(layout)) {
      slots[field.no] = { name, field, is: field.is }
      if (field.is !== 'payload') continue
      payload = name
      slots[field.no + 1] = { name: 'codec', field, is: 'codec' }
    }
    const required = slots.filter((slot) => slot?.field.required && slot.is !== 'codec')
    plan = { slots, required, payload }
    plans.set(layout, plan)
  }
  return plan
}

const byNumber = (kinds: Kinds): ReadonlyMap<number, string> =>
  new Map(Object.entries(kinds).map(([kind, { no }]) => [no, kind]))
const COMMAND_NUMBERS = byNumber(COMMANDS)
const MESSAGE_NUMBERS = byNumber(MESSAGES)

/** The binary dialect over a platform's UTF-8. */
export function binaryDialect(utf8: Utf8): Dialect<Uint8Array> {
  let spare: Writer | undefined
  const write = (envelopes: readonly (Command | Message)[], kinds: Kinds): Uint8Array => {
    // A payload's toJSON may come back here while its frame is being written: it finds no spare and takes a new writer.
    const writer = spare ?? new Writer(utf8)
    spare = undefined
    try {
      for (const envelope of envelopes) writer.nested(1, () => writeEnvelope(writer, envelope, kinds))
      return writer.finish()
    } finally {
      writer.reset()
      spare = writer
    }
  }
  const envelopesOf = (frame: Uint8Array): (() => Reader | undefined) => {
    const reader = new Reader(frame, utf8, [0, frame.length])
    return () => {
      while (reader.next()) {
        if (reader.no === 1) return reader.nested('frame')
        reader.skip()
      }
      return undefined
    }
  }
  const readCommands = (frame: Uint8Array): CommandReader => {
    const next = envelopesOf(frame)
    return new CommandReader(() => {
      const inner = next()
      return inner && readCommand(inner)
    })
  }
  return {
    name: 'binary',
    encodeCommands: (commands) => write(commands, COMMANDS),
    encodeMessage: (message) => write([message], MESSAGES),
    readCommands,
    decodeMessages: (frame) => {
      const messages: Message[] = []
      try {
        const next = envelopesOf(frame)
        for (let inner = next(); inner !== undefined; inner = next()) {
          const envelope = new Envelope()
          envelope.open(inner, MESSAGE_NUMBERS)
          if (envelope.kind !== '') messages.push(envelope.read(MESSAGES) as Message)
        }
      } catch (thrown) {
        throw asUnreadable(thrown).toError()
      }
      return messages
    },
  }
}

/** An envelope is opened before its body is read: the id, which an answer needs, may stand behind a body that is wrong. */
class Envelope {
  id = 0
  kind = ''
  #body: Reader | undefined

  open(reader: Reader, kinds: ReadonlyMap<number, string>): void {
    while (reader.next()) {
      const kind = kinds.get(reader.no)
      if (reader.no === 1) this.id = reader.uint('id')
      else if (kind === undefined) reader.skip()
      else {
        this.kind = kind
        this.#body = reader.nested(kind)
      }
    }
  }

  read(kinds: Kinds): { readonly id: number; readonly kind: string; readonly body: object } {
    const { id, kind } = this
    const layout = kinds[kind]?.layout
    if (layout === undefined || this.#body === undefined)
      throw new Unreadable('unknown-command', 'The command is of no kind known here')
    return { id, kind, body: readBody(this.#body, layout, kind) }
  }
}

function readCommand(reader: Reader): Decoded<Command> {
  const envelope = new Envelope()
  try {
    envelope.open(reader, COMMAND_NUMBERS)
    const command = envelope.read(COMMANDS) as Command
    checkDepth(command)
    return command
  } catch (thrown) {
    return new BadCommand(envelope.id, asUnreadable(thrown))
  }
}

function checkDepth({ kind, body }: Command): void {
  const isDeep =
    'data' in body && body.data !== undefined && 'value' in body.data && isTooDeepValue(body.data.value)
  if (isDeep) fail(`${kind}.data`, `is nested more than ${MAX_JSON_DEPTH} deep`)
}

function readBody(reader: Reader, layout: Layout, path: string): object {
  const plan = planOf(layout)
  const body: Record<string, unknown> = {}
  // A payload's two halves come in any order, so they are put together at the end.
  let bytes: Uint8Array | undefined
  let codec = 0
  while (reader.next()) {
    const slot = plan.slots[reader.no]
    if (slot === undefined) {
      reader.skip()
      continue
    }
    const at = `${path}.${slot.name}`
    if (slot.is === 'payload') bytes = reader.bytes(at)
    else if (slot.is === 'codec') codec = reader.uint(at)
    else put(body, slot, readValue(reader, slot.field, at))
  }
  if (plan.payload !== undefined && bytes !== undefined) {
    body[plan.payload] = readPayload(bytes, codec, { path, reader })
  }
  for (const { name, field } of plan.required) {
    if (body[name] !== undefined) continue
    // An empty list leaves no trace in this encoding.
    if (field.repeated) body[name] = []
    else fail(`${path}.${name}`, 'is required')
  }
  return body
}

function put(body: Record<string, unknown>, { name, field }: Slot, value: unknown): void {
  const before = body[name]
  if (!field.repeated) body[name] = value
  else if (Array.isArray(before)) before.push(value)
  else body[name] = [value]
}

function readValue(reader: Reader, field: Field, path: string): unknown {
  switch (field.is) {
    case 'uint':
      return reader.uint(path)
    case 'bool':
      return reader.uint(path) !== 0
    case 'string': {
      const text = reader.text(path)
      checkText(text, field.max, path)
      return text
    }
    default:
      return readBody(reader.nested(path), field.layout, path)
  }
}

function readPayload(
  bytes: Uint8Array,
  no: number,
  at: { readonly path: string; readonly reader: Reader },
): Payload {
  const codec = CODECS[no]
  if (codec === undefined) return fail(`${at.path}.codec`, `must be a number below ${CODECS.length}`)
  // A copy: the platform may use the frame's memory again, and a small payload must not keep a large frame alive.
  // Not `slice`, which on Node's Buffers gives a view.
  if (codec !== 'json') return { codec, bytes: new Uint8Array(bytes) }
  const text = at.reader.utf8(bytes, `${at.path}.data`)
  try {
    return withText({ codec, value: JSON.parse(text) }, text)
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
  for (const name in layout) {
    const field = layout[name] as Field
    const value = body[name]
    if (value === undefined) continue
    if (field.repeated) writeList(writer, field, value as unknown[])
    else writeValue(writer, field, value)
  }
}

function writeList(writer: Writer, field: Field, list: readonly unknown[]): void {
  const write = (to: Writer): void => {
    for (const one of list) writeValue(to, field, one)
  }
  // The field's number is written with every element.
  const bytes = writtenOnce(list, field, () => writer.apart(write))
  if (bytes === undefined) write(writer)
  else writer.raw(bytes)
}

function writeValue(writer: Writer, field: Field, value: unknown): void {
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
