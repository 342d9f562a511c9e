/** Client frames, built once before the clock starts: masking is the client's cost and must not weigh on the measurement. */

const TEXT = 1
const PONG = 10

/** Any key but zero will do: a server must unmask whatever it is (RFC 6455 §5.3), and a zero key could be a shortcut. */
const KEY = [0x37, 0xfa, 0x21, 0x3d] as const

export const textFrame = (text: string): Buffer => frame(TEXT, Buffer.from(text))
export const pongFrame = (payload: Uint8Array): Buffer => frame(PONG, payload)

/** `count` copies of a frame in one buffer, of which a write takes as many as it needs. */
export const repeated = (one: Buffer, count: number): Buffer => Buffer.concat(Array<Buffer>(count).fill(one))

function frame(opcode: number, payload: Uint8Array): Buffer {
  const length = payload.length
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const start = 2 + extended + KEY.length
  const bytes = Buffer.allocUnsafe(start + length)
  bytes[0] = 0x80 | opcode
  bytes[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) bytes.writeUInt16BE(length, 2)
  if (extended === 8) bytes.writeBigUInt64BE(BigInt(length), 2)
  bytes.set(KEY, start - KEY.length)
  for (let i = 0; i < length; i++) bytes[start + i] = (payload[i] as number) ^ (KEY[i & 3] as number)
  return bytes
}
