import { MillraceError } from './codes.js'

/** How a payload becomes bytes. `raw` is bytes as they are. */
export const CODECS = ['json', 'msgpack', 'protobuf', 'raw'] as const
export type CodecName = (typeof CODECS)[number]

/** A JSON value as it was decoded from, or will be written into, an envelope. */
export interface JsonPayload {
  readonly codec: 'json'
  readonly value: unknown
  /** The text that it was read from, where that may be stored and sent as it is. */
  readonly text?: string
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

/** So many characters at least are kept in the text they came in: less is written anew in less time. */
const LARGE_TEXT = 1024

/** A payload with the text that it was read from, where that is worth it. Where events are told apart by lines, it may have none. [P3.13] */
export const withText = ({ codec, value }: JsonPayload, text: string): JsonPayload =>
  text.length < LARGE_TEXT || text.includes('\n') || text.includes('\r')
    ? { codec, value }
    : { codec, value, text }

/**
 * The JSON text of a JSON payload. Values that JSON has no word for (undefined, functions) become null. Throws
 * `invalid-payload` for what cannot be written: circles, BigInts, nesting beyond the platform's stack.
 */
export const jsonText = (payload: JsonPayload | JsonTextPayload): string =>
  'text' in payload
    ? payload.text
    : attempt('cannot be written as JSON', () => JSON.stringify(payload.value) ?? 'null')

export const toStored = (payload: Payload): StoredPayload =>
  payload.codec === 'json' && 'value' in payload ? { codec: 'json', text: jsonText(payload) } : payload

/** Writes a value with a codec. Throws `unsupported-codec` when the codec is not at hand, `invalid-payload` when it refuses. */
export function encodePayload(value: unknown, codec: CodecName, codecs: PayloadCodecs): StoredPayload {
  if (codec === 'json') return { codec, text: jsonText(json(value)) }
  const tool = toolFor(codec, codecs)
  return { codec, bytes: attempt(`cannot be written as ${codec}`, () => tool.encode(value)) }
}

/** Reads a payload's value. Throws `unsupported-codec` or `invalid-payload`. */
export function decodePayload(payload: Payload, codecs: PayloadCodecs): unknown {
  if ('value' in payload) return payload.value
  if ('text' in payload) return attempt('is not JSON', () => JSON.parse(payload.text))
  return decodeBytes(payload, codecs)
}

/** Reads a value in a binary codec. Throws `unsupported-codec` or `invalid-payload`. */
export function decodeBytes({ codec, bytes }: BytesPayload, codecs: PayloadCodecs): unknown {
  const tool = toolFor(codec, codecs)
  return attempt(`is not ${codec}`, () => tool.decode(bytes))
}

/** Bytes as they are. */
const RAW: PayloadCodec = {
  encode: (value) => {
    if (value instanceof Uint8Array) return value
    throw new TypeError('it must be a Uint8Array')
  },
  decode: (bytes) => bytes,
}

function toolFor(codec: BytesPayload['codec'], codecs: PayloadCodecs): PayloadCodec {
  const tool = codec === 'raw' ? RAW : codecs[codec]
  if (tool !== undefined) return tool
  throw new MillraceError('unsupported-codec', {
    message: `No ${codec} codec here: pass codecs: { ${codec}: { encode, decode } }`,
    field: 'data',
  })
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    const { message = String(error) } = error as Partial<Error>
    throw new MillraceError('invalid-payload', { message: `The payload ${what}: ${message}`, field: 'data' })
  }
}
