/** Protocol Buffers by hand, for frames that no honest encoder writes: fields put together from numbers and types. */
export function varint(value: number | bigint): number[] {
  const out: number[] = []
  let rest = BigInt(value)
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
  return [...out, Number(rest)]
}

export const tag = (no: number, type: number): number[] => varint(no * 8 + type)

/** A number field. */
export const uint = (no: number, value: number | bigint): number[] => [...tag(no, 0), ...varint(value)]

/** A field with a length: a string, bytes or a nested message given as its fields. */
export function len(no: number, ...parts: readonly (string | readonly number[])[]): number[] {
  const bytes = parts.flatMap((part) =>
    typeof part === 'string' ? [...new TextEncoder().encode(part)] : part,
  )
  return [...tag(no, 2), ...varint(bytes.length), ...bytes]
}

/** A frame of envelopes, each given as its fields. */
export const frame = (...envelopes: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from(envelopes.flatMap((fields) => len(1, fields)))

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
