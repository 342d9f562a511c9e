/**
 * The client's half of the JSON dialect. It is a file of its own because a page should not carry the layouts that hold
 * hostile peers to the protocol: a client trusts the shapes of the server it chose, and only brings them into form.
 */
import type { ClientDialect } from './dialect.js'
import type { Command, Message } from './messages.js'
import { jsonText, type Payload } from './payload.js'

/**
 * Base64 with padding (RFC 4648 §4): how JSON frames carry bytes. A port, because platforms have it built in and a page should
 * not carry a second one. `decode` may throw on what is not base64.
 */
export interface Base64 {
  encode(bytes: Uint8Array): string
  decode(text: string): Uint8Array
}

/** The JSON dialect for clients: text frames that can be read in a browser's tools. */
export const jsonClient = (base64: Base64): ClientDialect<string> => ({
  name: 'json',
  encodeCommands: (commands) => {
    const texts = commands.map(({ id, kind, body }) => writeEnvelope(id, kind, writeBody(body, base64)))
    return texts.length === 1 ? texts.join() : `[${texts.join()}]`
  },
  // A client reports whatever this throws, so it need not be dressed up.
  decodeMessages: (frame) => [JSON.parse(frame)].flat().flatMap((json) => readMessage(json, base64)),
})

type Json = { [key: string]: unknown }

/** A kind that is not known here is the receiver's to ignore. Rule [P3.5]. */
function readMessage(json: Json, base64: Base64): Message | [] {
  const kind = Object.keys(json).find((key) => key !== 'id')
  return kind === undefined
    ? []
    : ({ id: json['id'] ?? 0, kind, body: readBody(json[kind], base64) } as Message)
}

/** Null is absent, but not where it is the payload; a payload's codec moves into it. Rules [P3.5] and [P3.7]. */
function readBody(value: unknown, base64: Base64): unknown {
  if (Array.isArray(value)) return value.map((one) => readBody(one, base64))
  if (typeof value !== 'object') return value
  const body: Json = {}
  const json = value as Json
  for (const name in json) {
    const field = json[name]
    const codec = json['codec'] ?? 'json'
    if (name === 'data')
      body[name] =
        codec === 'json' ? { codec, value: field } : { codec, bytes: base64.decode(field as string) }
    // Beside a payload it is the payload's.
    else if (field !== null && !(name === 'codec' && 'data' in json)) body[name] = readBody(field, base64)
  }
  return body
}

export const writeEnvelope = (id: number, kind: string, body: string): string =>
  `{${id === 0 ? '' : `"id":${id},`}"${kind}":${body}}`

/** A body needs no layout to be written: only `data` is not what it seems, and commands hold no lists. */
function writeBody(body: Command['body'], base64: Base64): string {
  let text = ''
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined || value === null) continue
    if (name === 'data') text += `,${writePayload(name, value, base64)}`
    else text += `,"${name}":${typeof value === 'object' ? writeBody(value, base64) : JSON.stringify(value)}`
  }
  return `{${text.slice(1)}}`
}

export const writePayload = (name: string, payload: Payload, base64: Base64): string =>
  payload.codec === 'json'
    ? `"${name}":${jsonText(payload)}`
    : `"codec":"${payload.codec}","${name}":"${base64.encode(payload.bytes)}"`
