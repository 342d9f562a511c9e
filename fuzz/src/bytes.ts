export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

export function toHex(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
}

/** @throws {SyntaxError} when it is not hex. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '')
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new SyntaxError('not pairs of hex digits')
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

/** Every octet a character: text that mutations of bytes cannot break. */
export function latin1(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')
}

export function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'))
}

/** Cuts bytes at these offsets; always a copy, because parsers unmask in place. */
export function cutAt(data: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const ends = [...offsets, data.byteLength]
  return ends.map((end, i) => data.slice(ends[i - 1] ?? 0, end)).filter((part) => part.byteLength > 0)
}
