/**
 * Masking, RFC 6455 §5.3: byte i of the payload is XORed with byte i mod 4 of the key. A key is kept as one 32-bit
 * integer with its first byte lowest, so that on a little-endian machine a word of payload is unmasked by one XOR.
 */

/** Reads the four bytes of a key. */
export function readMaskKey(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

/** Writes the four bytes of a key. */
export function writeMaskKey(key: number, bytes: Uint8Array, at: number): void {
  bytes[at] = key & 0xff
  bytes[at + 1] = (key >>> 8) & 0xff
  bytes[at + 2] = (key >>> 16) & 0xff
  bytes[at + 3] = key >>> 24
}

/** The key as it stands after `count` bytes were masked with it. */
export function advanceMaskKey(key: number, count: number): number {
  const bits = (count & 3) << 3
  // Shift counts are taken modulo 32, so a count of zero leaves the key as it is.
  return (key >>> bits) | (key << -bits)
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** Payloads shorter than this are masked byte by byte: aligning costs more than words save. */
const WORDS_FROM_BYTES = 32
/** Making words costs as much as masking this many bytes one by one. Measured. */
export const MAKE_WORDS_FROM_BYTES = 256

/**
 * Memory as 32-bit words, for `applyMask`; null where a word's bytes would meet the key in the wrong order. A caller with
 * many payloads in one buffer makes them once.
 */
export function wordsOf(memory: ArrayBufferLike): Int32Array | null {
  return LITTLE_ENDIAN ? new Int32Array(memory, 0, memory.byteLength >> 2) : null
}

/**
 * Masks or unmasks (the operation is its own inverse) a payload in place.
 * Returns the OR of the results: below 0x80, all of them are ASCII, which spares a text its validation.
 */
export function applyMask(payload: Uint8Array, key: number, words?: Int32Array | null): number {
  const end = payload.length
  if (end < WORDS_FROM_BYTES) return applyMaskToBytes(payload, key, 0)
  if (words === undefined && end >= MAKE_WORDS_FROM_BYTES) words = wordsOf(payload.buffer)
  if (words === undefined || words === null) return applyMaskToBytes(payload, key, 0)

  const base = payload.byteOffset
  const lead = -base & 3
  let seen = 0
  for (let at = 0; at < lead; at += 1) {
    seen |= payload[at] = ((payload[at] as number) ^ key) & 0xff
    key = advanceMaskKey(key, 1)
  }
  const last = (base + end) >> 2
  let word = 0
  for (let index = (base + lead) >> 2; index < last; index += 1) {
    word |= words[index] = (words[index] as number) ^ key
  }
  seen |= (word | (word >>> 8) | (word >>> 16) | (word >>> 24)) & 0xff
  return seen | applyMaskToBytes(payload, key, (last << 2) - base)
}

function applyMaskToBytes(payload: Uint8Array, key: number, from: number): number {
  let seen = 0
  let at = from
  const first = key & 0xff
  const second = (key >>> 8) & 0xff
  const third = (key >>> 16) & 0xff
  const fourth = key >>> 24
  // Four at a time, so that no step waits for the key of the one before.
  for (const last = payload.length - 3; at < last; at += 4) {
    seen |= payload[at] = (payload[at] as number) ^ first
    seen |= payload[at + 1] = (payload[at + 1] as number) ^ second
    seen |= payload[at + 2] = (payload[at + 2] as number) ^ third
    seen |= payload[at + 3] = (payload[at + 3] as number) ^ fourth
  }
  for (; at < payload.length; at += 1) {
    seen |= payload[at] = ((payload[at] as number) ^ key) & 0xff
    key >>>= 8
  }
  return seen
}
