/**
 * The client's half of the JSON dialect. It is a file of its own because what only servers need, the commands' layouts among
 * it, would be a tenth of a client.
 */
import { toBase64 } from './base64.js'
import { asUnreadable, type ClientDialect } from './dialect.js'
import { object, parse, readId, readKind } from './json-reader.js'
import { MESSAGES } from './layout/messages.js'
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
      return parse(frame).flatMap((value) => {
        const json = object(value, 'message')
        return (readKind(json, readId(json), MESSAGES) ?? []) as Message | []
      })
    } catch (thrown) {
      throw asUnreadable(thrown).toError()
    }
  },
}

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
