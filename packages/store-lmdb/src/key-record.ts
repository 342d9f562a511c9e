/** Where the newest publication of a key lies, in a stream that keeps those: a record of its own, so that nobody reads the stream to find it. */
export interface KeyRecord {
  readonly offset: number
  /** When it was stored: milliseconds since 1970. */
  readonly time: number
  /** It says that the key has no value any more. */
  readonly removed: boolean
}

const STREAM_BYTES = 8
const RECORD_BYTES = 17
/** LMDB takes 1,978 bytes at most. What clients say has 255 characters. */
const MAX_KEY_LENGTH = 900

/**
 * A stream and a key, as LMDB is to know them. UTF-16 holds every text there is: UTF-8 has no halves of surrogate pairs, and LMDB's own
 * way to write texts gives some of different lengths the same bytes.
 */
export function keyBytes(sid: number, key: string): Buffer {
  const bytes = Buffer.allocUnsafe(STREAM_BYTES + 2 * key.length)
  bytes.writeDoubleBE(sid)
  bytes.write(key, STREAM_BYTES, 'utf16le')
  return bytes
}

/** The keys of a stream are from this one up to that of the next stream. */
export const firstKeyBytes = (sid: number): Buffer => keyBytes(sid, '')

export function encodeKeyRecord({ offset, time, removed }: KeyRecord): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_BYTES)
  bytes.writeDoubleBE(offset)
  bytes.writeDoubleBE(time, 8)
  bytes[16] = removed ? 1 : 0
  return bytes
}

/**
 * Reads a key's record.
 * @throws {Error} for bytes that are none.
 */
export function decodeKeyRecord(bytes: Buffer): KeyRecord {
  if (bytes.length !== RECORD_BYTES) throw new Error('the record of a key has another length')
  return { offset: bytes.readDoubleBE(0), time: bytes.readDoubleBE(8), removed: bytes[16] === 1 }
}

/** @throws {TypeError} for a key that is too long. */
export function checkKey({ length }: string): void {
  if (length <= MAX_KEY_LENGTH) return
  throw new TypeError(
    `A key has ${MAX_KEY_LENGTH} characters at most in a store on disk, and this one has ${length}`,
  )
}
