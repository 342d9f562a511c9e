/**
 * UTF-8, strict (RFC 3629 §4: no overlong forms, no surrogates, nothing above U+10FFFF), as a state machine that can
 * stop and go on at any byte, so that a text message fails at its first wrong byte (RFC 6455 §8.1) however it is cut.
 */

/** Between two characters: the only state in which a text may end. */
export const UTF8_START = 0
/** No continuation can make the text valid again. */
export const UTF8_INVALID = -1

/** What must come next, beside UTF8_START. Continuation bytes are 80..BF unless the lead byte narrows the first one. */
const NEXT = {
  one: 1,
  two: 2,
  three: 3,
  afterE0: 4,
  afterED: 5,
  afterF0: 6,
  afterF4: 7,
} as const

/** Validates all of a text that is at hand, at native speed; for `node:buffer`'s isUtf8. */
export type Utf8Check = (bytes: Uint8Array) => boolean

/** Below this, calling a native validator costs more than it saves. */
const NATIVE_FROM_BYTES = 64

/** Validates bytes as the continuation of a text in `state`, and returns the state after them. */
export function utf8Step(bytes: Uint8Array, state: number): number {
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number
    if (state === UTF8_START) {
      // ASCII is most of most texts, so it never reaches the tables below.
      if (byte < 0x80) continue
      state = afterLead(byte)
    } else {
      state = afterContinuation(byte, state)
    }
    if (state === UTF8_INVALID) return UTF8_INVALID
  }
  return state
}

function afterLead(byte: number): number {
  // C0 and C1 could only begin overlong forms; F5 and above lie beyond U+10FFFF.
  if (byte < 0xc2 || byte > 0xf4) return UTF8_INVALID
  if (byte < 0xe0) return NEXT.one
  if (byte === 0xe0) return NEXT.afterE0
  if (byte === 0xed) return NEXT.afterED
  if (byte < 0xf0) return NEXT.two
  if (byte === 0xf0) return NEXT.afterF0
  return byte === 0xf4 ? NEXT.afterF4 : NEXT.three
}

function afterContinuation(byte: number, state: number): number {
  if ((byte & 0xc0) !== 0x80) return UTF8_INVALID
  switch (state) {
    case NEXT.one:
      return UTF8_START
    case NEXT.two:
      return NEXT.one
    case NEXT.three:
      return NEXT.two
    case NEXT.afterE0:
      return byte < 0xa0 ? UTF8_INVALID : NEXT.one
    case NEXT.afterED:
      return byte > 0x9f ? UTF8_INVALID : NEXT.one
    case NEXT.afterF0:
      return byte < 0x90 ? UTF8_INVALID : NEXT.two
    default:
      return byte > 0x8f ? UTF8_INVALID : NEXT.two
  }
}

/** Whether these bytes are a whole valid text. */
export function isValidUtf8(bytes: Uint8Array, native?: Utf8Check): boolean {
  if (native !== undefined && bytes.length >= NATIVE_FROM_BYTES) return native(bytes)
  return utf8Step(bytes, UTF8_START) === UTF8_START
}

/**
 * Like `utf8Step`, but a long piece goes to the native validator: what the piece before left open is closed byte by
 * byte, the whole characters in between are checked natively, and the character cut off at the end byte by byte again.
 */
export function utf8Continue(bytes: Uint8Array, state: number, native: Utf8Check | undefined): number {
  const end = bytes.length
  if (native === undefined || end < NATIVE_FROM_BYTES) return utf8Step(bytes, state)
  let start = 0
  while (state > UTF8_START && start < end) {
    state = utf8Step(bytes.subarray(start, start + 1), state)
    start += 1
  }
  if (state === UTF8_INVALID) return UTF8_INVALID
  const tail = lastCharacter(bytes, start, end)
  if (!native(bytes.subarray(start, tail))) return UTF8_INVALID
  return utf8Step(bytes.subarray(tail), UTF8_START)
}

/** Where the last character begins, when it may be cut off; `end` when the last byte is ASCII. */
function lastCharacter(bytes: Uint8Array, start: number, end: number): number {
  // A character has at most four bytes; further back there is nothing to find, and the validator will object.
  const furthest = Math.max(start, end - 4)
  for (let at = end - 1; at >= furthest; at -= 1) {
    const byte = bytes[at] as number
    if (byte < 0x80) return at + 1
    if (byte >= 0xc0) return at
  }
  return end
}

/** Text to UTF-8; a lone surrogate becomes U+FFFD. For reasons and other short texts. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    let point = character.codePointAt(0) ?? 0
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd
    if (point < 0x80) {
      bytes.push(point)
    } else if (point < 0x800) {
      bytes.push(0xc0 | (point >> 6), continuation(point))
    } else if (point < 0x10000) {
      bytes.push(0xe0 | (point >> 12), continuation(point >> 6), continuation(point))
    } else {
      bytes.push(
        0xf0 | (point >> 18),
        continuation(point >> 12),
        continuation(point >> 6),
        continuation(point),
      )
    }
  }
  return Uint8Array.from(bytes)
}

function continuation(bits: number): number {
  return 0x80 | (bits & 0x3f)
}

/** Valid UTF-8 to text. For reasons and other short texts; validate first. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const lead = bytes[at] as number
    const size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    let point = size === 1 ? lead : lead & (0x7f >> size)
    for (let index = 1; index < size; index += 1) point = (point << 6) | ((bytes[at + index] ?? 0) & 0x3f)
    text += String.fromCodePoint(point)
    at += size
  }
  return text
}
