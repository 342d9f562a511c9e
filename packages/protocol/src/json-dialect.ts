/**
 * The JSON dialect: text frames that can be read in a browser's tools. A frame is one message or an array of messages,
 * each an object with its `id` (absent on pushes) and one key that names its kind: `{"id":1,"subscribe":{"channel":"chat:lobby"}}`.
 * JSON payloads stand in place; bytes are base64, with their codec beside them. Rules [P3.*].
 */

import { fromBase64, toBase64 } from './base64.js'
import {
  asUnreadable,
  BadCommand,
  CommandReader,
  type Decoded,
  type Dialect,
  fail,
  Unreadable,
} from './dialect.js'
import { type Base64, jsonClient, writeEnvelope, writePayload } from './json-client.js'
import { JsonOutline, MAX_JSON_DEPTH } from './json-outline.js'
import { object, parse, readId, readKind } from './json-reader.js'
import { COMMANDS } from './layout/commands.js'
import type { Field, Layout } from './layout/layout.js'
import { MESSAGES } from './layout/messages.js'
import type { Command, Message } from './messages.js'
import { type Payload, withText } from './payload.js'
import { writtenOnce } from './shared-list.js'

/** Of the language alone, so that it is there on every platform. */
const BASE64: Base64 = {
  encode: toBase64,
  decode: (text) => fromBase64(text) ?? fail('data', 'must be base64'),
}

/** The JSON dialect for both ends, strict about what it reads. A client needs only `jsonClient`, which trusts its server. */
export const jsonDialect: Dialect<string> = {
  ...jsonClient(BASE64),
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
  encodeMessage: ({ id, kind, body }) =>
    writeEnvelope(id, kind, writeBody(MESSAGES[kind].layout, body as Json)),
  readCommands: (frame) => {
    let values: readonly unknown[] | undefined
    let payload: string | undefined
    let at = 0
    return new CommandReader(() => {
      if (values === undefined) {
        const outline = new JsonOutline(frame)
        if (outline.isTooDeep) fail('frame', `is nested more than ${MAX_JSON_DEPTH} deep`)
        values = parse(frame)
        payload = outline.payload
      }
      if (at === values.length) return undefined
      const command = readCommand(values[at++])
      return payload === undefined || command instanceof BadCommand ? command : asSent(command, payload)
    })
  },
}

type Json = { readonly [key: string]: unknown }

/** With its payload's text as it was sent. [P3.13] */
function asSent<C extends Command>(command: C, text: string): C {
  const data = 'data' in command.body ? command.body.data : undefined
  if (data?.codec !== 'json' || !('value' in data)) return command
  return { ...command, body: { ...command.body, data: withText(data, text) } }
}

const UNKNOWN = new Unreadable(
  'unknown-command',
  `The command holds none of: ${Object.keys(COMMANDS).join(', ')}`,
)

function readCommand(value: unknown): Decoded<Command> {
  let id = 0
  try {
    const json = object(value, 'command')
    id = readId(json)
    return (readKind(json, id, COMMANDS) as Command | undefined) ?? new BadCommand(id, UNKNOWN)
  } catch (thrown) {
    return new BadCommand(id, asUnreadable(thrown))
  }
}

/** Written by its layout, so that nothing else that an object of the server's holds can reach a client. */
function writeBody(layout: Layout, body: Json): string {
  let text = ''
  for (const name in layout) {
    const field = layout[name] as Field
    const value = body[name]
    if (value === undefined) continue
    if (field.is === 'payload') text += `,${writePayload(name, value as Payload, BASE64)}`
    else if (!field.repeated) text += `,"${name}":${writeValue(field, value)}`
    else text += writeList(name, field, value as unknown[])
  }
  return `{${text.slice(1)}}`
}

/** An optional list that is empty is not written: the binary dialect could not tell it from an absent one. */
function writeList(name: string, field: Field, list: readonly unknown[]): string {
  if (list.length === 0 && !field.required) return ''
  const write = (): string => list.map((one) => writeValue(field, one)).join()
  return `,"${name}":[${writtenOnce(list, jsonDialect, write) ?? write()}]`
}

/** Of numbers all are whole. */
function writeValue(field: Field, value: unknown): string {
  if (field.is === 'uint') return String(value)
  return field.is === 'message' ? writeBody(field.layout, value as Json) : JSON.stringify(value)
}
