/**
 * How a publication lies on disk: one byte for the layout, the time as a 64-bit float, the length of a JSON text with the
 * lesser fields, that text, and the payload's bytes. Numbers are big-endian.
 */
import type { NewPublication, StoredPublication } from '@millrace/server'

const LAYOUT = 1
const TIME_AT = 1
const LENGTH_AT = 9
const FIELDS_AT = 13

type BinaryCodec = Exclude<StoredPublication['data']['codec'], 'json'>

/** Names are short because each publication carries them. */
interface Fields {
  readonly i?: string | undefined
  readonly f?: { readonly session: string; readonly user?: string | undefined } | undefined
  readonly x?: string | undefined
  /** Absent for JSON. */
  readonly c?: BinaryCodec | undefined
  readonly k?: string | undefined
  readonly r?: true | undefined
}

/** What has to be known of an entry to let go of it. */
export interface EntryHead {
  readonly time: number
  readonly key: string | undefined
}

/** A publication's bytes, all but the time, which `stampEntry` writes when the store's turn to say it has come. */
export function encodeEntry({ id, from, exclude, data, key, removed }: NewPublication): Buffer {
  const c = data.codec === 'json' ? undefined : data.codec
  const text = JSON.stringify({ i: id, f: from, x: exclude, c, k: key, r: removed } satisfies Fields)
  const fields = text === '{}' ? '' : text
  const fieldsLength = Buffer.byteLength(fields)
  const payloadAt = FIELDS_AT + fieldsLength
  const payloadLength = data.codec === 'json' ? Buffer.byteLength(data.text) : data.bytes.length
  const bytes = Buffer.allocUnsafe(payloadAt + payloadLength)
  bytes[0] = LAYOUT
  bytes.writeUInt32BE(fieldsLength, LENGTH_AT)
  bytes.write(fields, FIELDS_AT)
  if (data.codec === 'json') bytes.write(data.text, payloadAt)
  else bytes.set(data.bytes, payloadAt)
  return bytes
}

export function stampEntry(bytes: Buffer, time: number): void {
  bytes.writeDoubleBE(time, TIME_AT)
}

/**
 * When an entry was stored.
 * @throws {Error} for bytes that are no entry.
 */
export function entryTime(bytes: Buffer): number {
  check(bytes)
  return bytes.readDoubleBE(TIME_AT)
}

/**
 * Reads what is before an entry's payload.
 * @throws {Error} for bytes that are no entry.
 */
export function entryHead(bytes: Buffer): EntryHead {
  check(bytes)
  return { time: bytes.readDoubleBE(TIME_AT), key: fieldsOf(bytes).k }
}

/**
 * Reads an entry.
 * @throws {Error} for bytes that are no entry.
 */
export function decodeEntry(offset: number, bytes: Buffer): StoredPublication {
  check(bytes)
  const payloadAt = FIELDS_AT + bytes.readUInt32BE(LENGTH_AT)
  const { i, f, x, c, k, r } = fieldsOf(bytes)
  const data: StoredPublication['data'] =
    c === undefined
      ? { codec: 'json', text: bytes.toString('utf8', payloadAt) }
      : { codec: c, bytes: new Uint8Array(bytes.subarray(payloadAt)) }
  return {
    offset,
    time: bytes.readDoubleBE(TIME_AT),
    id: i,
    from: f,
    exclude: x,
    data,
    key: k,
    removed: r,
  }
}

function fieldsOf(bytes: Buffer): Fields {
  const payloadAt = FIELDS_AT + bytes.readUInt32BE(LENGTH_AT)
  if (payloadAt > bytes.length) throw new Error('an entry is shorter than it says')
  const text = bytes.toString('utf8', FIELDS_AT, payloadAt)
  return text === '' ? {} : (JSON.parse(text) as Fields)
}

function check(bytes: Buffer): void {
  if (bytes.length < FIELDS_AT || bytes[0] !== LAYOUT)
    throw new Error('an entry has a layout that is not known')
}
