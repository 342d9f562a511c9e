/** Frame opcodes. RFC 6455 §5.2; every value that is not listed is reserved. */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const

/** The two kinds of message an application sees. Text is always valid UTF-8. */
export type MessageKind = 'text' | 'binary'

/** Bits of a frame's first byte beside the opcode. RFC 6455 §5.2. */
export const FIN = 0x80
/** Marks the first frame of a compressed message once permessage-deflate is agreed. RFC 7692 §6. */
export const RSV1 = 0x40

/** The first byte of an unfragmented message of this kind. */
export function messageHead(kind: MessageKind): number {
  return FIN | (kind === 'text' ? OPCODE.text : OPCODE.binary)
}
