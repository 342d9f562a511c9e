/** Reads when a message was published out of its bytes, whatever stands around it. */

const MARK = Buffer.from('"at":')
const [ZERO, NINE, POINT] = [0x30, 0x39, 0x2e]

/** Milliseconds. Throws when there is no time behind `start`. */
export function publishedAt(bytes: Uint8Array, start: number): number {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const found = whole.indexOf(MARK, start)
  if (found < 0) throw new Error('A message does not say when it was published')
  let [value, scale] = [0, 0]
  for (let i = found + MARK.length; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (byte >= ZERO && byte <= NINE) {
      value = value * 10 + byte - ZERO
      scale *= 10
    } else if (byte === POINT) scale = 1
    else break
  }
  return value / Math.max(1, scale)
}
