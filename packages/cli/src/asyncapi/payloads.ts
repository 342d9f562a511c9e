import type { CodecName, Schema } from '@millrace/protocol'
import type { Convert } from '../schemas/convert.js'
import { type JsonSchema, mapSchema, UNKNOWN } from '../schemas/json-schema.js'
import type { Side } from '../schemas/side.js'
import { Components } from './components.js'
import type { Message, Reference } from './types.js'

/** What the document had to leave open: where in the api, on which sides, and why. */
export interface Warning {
  /** `channels['chat:{room}'].message.author` */
  readonly at: string
  readonly side: Side | 'both'
  readonly why: string
}

const CONTENT_TYPES: Readonly<Record<CodecName, string>> = {
  json: 'application/json',
  msgpack: 'application/msgpack',
  protobuf: 'application/x-protobuf',
  raw: 'application/octet-stream',
}

/** How the side is called that does not have the name. */
const OTHER = { input: ['Sent', ', as it is sent'], output: ['Received', ', as it is received'] } as const

const BYTES: JsonSchema = { type: 'string', format: 'binary', description: 'Bytes, as they are.' }

/** A payload of the api. */
export interface Payload {
  /** Its name in the document: `ChatRoomMessage`. */
  readonly name: string
  /** Its place in the api: `channels['chat:{room}'].message`. */
  readonly at: string
  readonly title: string
  readonly summary?: string
  /** Without one any value passes. */
  readonly schema: Schema | undefined
  readonly codec: CodecName
  /** The side that has the name, where the two differ: what those do who mostly have to do with it. */
  readonly main: Side
}

/** A payload as it is sent and as it is received: the same, or two where its schema changes what passes it. */
export type Sides = { readonly [side in Side]: Message }

/** Makes messages of payloads, and keeps their schemas and what could not be said of them. */
export class Payloads {
  readonly components = new Components()
  readonly #convert: Convert
  readonly #warnings = new Map<string, Warning>()

  constructor(convert: Convert) {
    this.#convert = convert
  }

  get warnings(): readonly Warning[] {
    return [...this.#warnings.values()]
  }

  sidesOf(payload: Payload): Sides {
    const { name, main } = payload
    const other = main === 'input' ? 'output' : 'input'
    const schema = this.#schemaOf(payload, main)
    const otherSchema = this.#schemaOf(payload, other)
    const first = messageOf(payload, name, this.components.add(name, schema))
    if (JSON.stringify(schema) === JSON.stringify(otherSchema)) return { input: first, output: first }
    const [suffix, words] = OTHER[other]
    const second = name + suffix
    const sides = {
      [main]: first,
      [other]: messageOf(
        { ...payload, title: payload.title + words },
        second,
        this.components.add(second, otherSchema),
      ),
    }
    return sides as Sides
  }

  #schemaOf({ schema, codec, at }: Payload, side: Side): JsonSchema {
    if (codec === 'raw') return BYTES
    if (schema === undefined) return { description: 'Any value.' }
    return mapSchema(this.#convert(schema, side), (one, path) => {
      const { [UNKNOWN]: why, ...known } = one
      if (why === undefined) return one
      this.#warn({ at: at + path, side, why: String(why) })
      const said = known['description'] === undefined ? '' : `${String(known['description'])} `
      return { ...known, description: `${said}(Any value: ${String(why)}.)` }
    })
  }

  /** The same of both sides is said once. */
  #warn(warning: Warning): void {
    const key = `${warning.at} ${warning.why}`
    const before = this.#warnings.get(key)
    const side = before === undefined || before.side === warning.side ? warning.side : 'both'
    this.#warnings.set(key, { ...warning, side })
  }
}

function messageOf({ title, summary, codec }: Payload, name: string, payload: Reference): Message {
  return {
    name,
    title,
    ...(summary !== undefined && { summary }),
    contentType: CONTENT_TYPES[codec],
    payload,
  }
}
