/**
 * The client's half of the JSON dialect. It is a file of its own because a page should not carry the layouts that hold
 * hostile peers to the protocol: a client trusts the shapes of the server it chose, and only brings them into form.
 */
import { fromBase64, toBase64 } from './base64.js'
import { MillraceError } from './codes.js'
import type { ClientDialect } from './dialect.js'
import type { Command, Message } from './messages.js'
import { jsonText, type Payload } from './payload.js'

/** The JSON dialect for clients: text frames that can be read in a browser's tools. */
export const jsonClient: ClientDialect<string> = {
  name: 'json',
  encodeCommands: (commands) => {
    const texts = commands.map(({ id, kind, body }) => writeEnvelope(id, kind, writeBody(body)))
    return texts.length === 1 ? texts.join() : `[${texts.join()}]`
  },
  decodeMessages: (frame) => {
    try {
      return [JSON.parse(frame)].flat().flatMap(readMessage)
    } catch {
      throw new MillraceError('malformed-command', { message: 'frame: cannot be read', field: 'frame' })
    }
  },
}

type Json = { [key: string]: unknown }

/** A kind that is not known here is the receiver's to ignore. Rule [P3.5]. */
function readMessage(json: Json): Message | [] {
  const kind = Object.keys(json).find((key) => key !== 'id')
  return kind === undefined ? [] : ({ id: json['id'] ?? 0, kind, body: readBody(json[kind]) } as Message)
}

/** Null is absent, but not where it is the payload; a payload's codec moves into it. Rules [P3.5] and [P3.7]. */
function readBody(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readBody)
  if (typeof value !== 'object') return value
  const body: Json = {}
  const json = value as Json
  for (const name in json) {
    const field = json[name]
    if (name === 'data') body[name] = readPayload(field, json['codec'] ?? 'json')
    // Beside a payload it is the payload's.
    else if (field !== null && !(name === 'codec' && 'data' in json)) body[name] = readBody(field)
  }
  return body
}

const readPayload = (data: unknown, codec: unknown): unknown =>
  codec === 'json' ? { codec, value: data } : { codec, bytes: fromBase64(data as string) }

export const writeEnvelope = (id: number, kind: string, body: string): string =>
  `{${id === 0 ? '' : `"id":${id},`}"${kind}":${body}}`

/** A body needs no layout to be written: only `data` is not what it seems, and commands hold no lists. */
function writeBody(body: Command['body']): string {
  let text = ''
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined || value === null) continue
    if (name === 'data') text += `,${writePayload(name, value)}`
    else text += `,"${name}":${typeof value === 'object' ? writeBody(value) : JSON.stringify(value)}`
  }
  return `{${text.slice(1)}}`
}

export const writePayload = (name: string, payload: Payload): string =>
  payload.codec === 'json'
    ? `"${name}":${jsonText(payload)}`
    : `"codec":"${payload.codec}","${name}":"${toBase64(payload.bytes)}"`
