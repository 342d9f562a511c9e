import { MillraceError } from './codes.js'

/** How a payload becomes bytes. `raw` is bytes as they are. */
export const CODECS = ['json', 'msgpack', 'protobuf', 'raw'] as const
export type CodecName = (typeof CODECS)[number]

/** A JSON value as it was decoded from, or will be written into, an envelope. */
export interface JsonPayload {
  readonly codec: 'json'
  readonly value: unknown
}

/** JSON already written as text: what streams keep, so that a publication is encoded once for all its readers. */
export interface JsonTextPayload {
  readonly codec: 'json'
  readonly text: string
}

/** A payload in a binary codec. */
export interface BytesPayload {
  readonly codec: Exclude<CodecName, 'json'>
  readonly bytes: Uint8Array
}

export type Payload = JsonPayload | JsonTextPayload | BytesPayload

/** A payload in the form in which it is stored and sent to many. */
export type StoredPayload = JsonTextPayload | BytesPayload

/** Turns values into payload bytes and back. `@msgpack/msgpack` and most codec libraries fit as they are. */
export interface PayloadCodec {
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}

/** The binary codecs a peer has. JSON needs none; `raw` passes Uint8Arrays through. */
export type PayloadCodecs = { readonly [name in Exclude<CodecName, 'json' | 'raw'>]?: PayloadCodec }

export const json = (value: unknown): JsonPayload => ({ codec: 'json', value })

/**
 * The JSON text of a JSON payload. Values that JSON has no word for (undefined, functions) become null. Throws
 * `invalid-payload` for what cannot be written: circles, BigInts, nesting beyond the platform's stack.
 */
export function jsonText(payload: JsonPayload | JsonTextPayload): string {
  if ('text' in payload) return payload.text
  try {
    return JSON.stringify(payload.value) ?? 'null'
  } catch (error) {
    throw unreadable('The payload cannot be written as JSON', error)
  }
}

export const toStored = (payload: Payload): StoredPayload =>
  payload.codec === 'json' && 'value' in payload ? { codec: 'json', text: jsonText(payload) } : payload

/** Writes a value with a codec. Throws `unsupported-codec` when the codec is not at hand, `invalid-payload` when it refuses. */
export function encodePayload(value: unknown, codec: CodecName, codecs: PayloadCodecs): Payload {
  if (codec === 'json') return { codec, value }
  if (codec === 'raw') {
    if (value instanceof Uint8Array) return { codec, bytes: value }
    throw new MillraceError('invalid-payload', {
      message: 'A raw payload must be a Uint8Array',
      field: 'data',
    })
  }
  const tool = toolFor(codec, codecs)
  try {
    return { codec, bytes: tool.encode(value) }
  } catch (error) {
    throw unreadable(`The payload cannot be written as ${codec}`, error)
  }
}

/** Reads a payload's value. Throws `unsupported-codec` or `invalid-payload`. */
export function decodePayload(payload: Payload, codecs: PayloadCodecs): unknown {
  if (payload.codec === 'json') {
    if ('value' in payload) return payload.value
    try {
      return JSON.parse(payload.text)
    } catch (error) {
      throw unreadable('The payload is not JSON', error)
    }
  }
  if (payload.codec === 'raw') return payload.bytes
  const tool = toolFor(payload.codec, codecs)
  try {
    return tool.decode(payload.bytes)
  } catch (error) {
    throw unreadable(`The payload is not ${payload.codec}`, error)
  }
}

function toolFor(codec: 'msgpack' | 'protobuf', codecs: PayloadCodecs): PayloadCodec {
  const tool = codecs[codec]
  if (tool !== undefined) return tool
  throw new MillraceError('unsupported-codec', {
    message: `No ${codec} codec here: pass one as codecs: { ${codec}: { encode, decode } }`,
    field: 'data',
  })
}

const unreadable = (what: string, error: unknown): MillraceError =>
  new MillraceError('invalid-payload', {
    message: `${what}: ${error instanceof Error ? error.message : String(error)}`,
    field: 'data',
  })
