/** Small byte helpers of the suite. Nothing here may come from the code under judgement. */

export function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values)
}

/** Reads hex digits; blanks are allowed between octets. */
export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

export function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'))
}

export function latin1(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0
}

/** Hex for a reader's eye: at most `limit` octets, then how many were left out. */
export function hex(data: Uint8Array, limit = 48): string {
  const shown = Buffer.from(data.subarray(0, limit))
    .toString('hex')
    .replaceAll(/(..)(?=.)/g, '$1 ')
  return data.byteLength > limit ? `${shown} … (${data.byteLength} bytes)` : shown
}

/** Text where it is printable, else hex. */
export function show(data: Uint8Array): string {
  const text = latin1(data.subarray(0, 60))
  const printable = /^[\x20-\x7e]*$/.test(text)
  if (!printable) return hex(data, 24)
  return data.byteLength > 60 ? `"${text}…" (${data.byteLength} bytes)` : `"${text}"`
}

/** Repeatable octets: the same seed gives the same bytes on every run and machine. */
export function noise(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length)
  let state = (seed * 2654435761) >>> 0 || 1
  for (let i = 0; i < length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    out[i] = state & 0xff
  }
  return out
}

/** ASCII text of exactly `length` octets that does not compress to nothing. */
export function prose(length: number): Uint8Array {
  const out = noise(length, length + 7)
  for (let i = 0; i < length; i++) out[i] = 97 + ((out[i] ?? 0) % 26)
  return out
}
