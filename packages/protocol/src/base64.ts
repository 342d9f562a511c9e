const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** Base64 with padding (RFC 4648 §4): how JSON frames carry bytes. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const left = bytes.length - i
    text += ALPHABET.charAt(word >> 18) + ALPHABET.charAt((word >> 12) & 63)
    text += left > 1 ? ALPHABET.charAt((word >> 6) & 63) : '='
    text += left > 2 ? ALPHABET.charAt(word & 63) : '='
  }
  return text
}

/** The bytes of a padded base64 text, or undefined when it is not one. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  const end = text.length - padding
  let word = 0
  let at = 0
  for (let i = 0; i < end; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? -1
    if (value < 0) return undefined
    word = (word << 6) | value
    // The second, third and fourth character of a group each complete a byte.
    const place = i % 4
    if (place !== 0) bytes[at++] = (word >> (6 - 2 * place)) & 255
  }
  return at === bytes.length ? bytes : undefined
}
