import type { FrameSpec } from '../wire/frame.js'
import { RSV1, RSV2, RSV3 } from '../wire/frame.js'
import {
  binary,
  close,
  cont,
  fails,
  frame,
  getPong,
  getText,
  MORE,
  ping,
  pong,
  send,
  Topic,
  text,
} from './build.js'

const rsv = new Topic('5.2-rsv', 'RFC 6455 §5.2')

const NAMES = [
  [RSV1, 'RSV1'],
  [RSV2, 'RSV2'],
  [RSV3, 'RSV3'],
] as const
const named = (bits: number) =>
  NAMES.filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => name)
    .join('+')

for (const bits of [1, 2, 3, 4, 5, 6, 7]) {
  // RFC 7692 §6 gives RSV1 alone a meaning, when permessage-deflate was negotiated.
  const on = bits === RSV1 ? { deflate: false } : {}
  rsv.add({
    title: `text with ${named(bits)}`,
    on,
    steps: [send(text('reserved', { rsv: bits })), fails(1002)],
  })
}
for (const bits of [RSV1, RSV2, RSV3]) {
  const on = bits === RSV1 ? { deflate: false } : {}
  rsv.add({
    title: `binary with ${named(bits)}`,
    on,
    steps: [send(binary('reserved', { rsv: bits })), fails(1002)],
  })
  rsv.add({
    title: `an empty text frame with ${named(bits)}`,
    on,
    steps: [send(text('', { rsv: bits })), fails(1002)],
  })
  for (const [what, make] of [
    ['ping', ping],
    ['pong', pong],
  ] as const) {
    rsv.add({
      title: `${what} with ${named(bits)}`,
      steps: [send(make('reserved', { rsv: bits })), fails(1002)],
    })
  }
  rsv.add({ title: `Close with ${named(bits)}`, steps: [send({ ...close(1000), rsv: bits }), fails(1002)] })
  rsv.add({
    title: `a continuation with ${named(bits)}`,
    steps: [send(text('one', MORE), cont('two', { rsv: bits })), fails(1002)],
  })
}
rsv
  .add({
    title: 'RSV3 after a good message and before a good one, which is not read any more',
    steps: [send(text('good'), text('bad', { rsv: RSV3 }), text('unread')), getText('good'), fails(1002)],
  })
  .add({
    title: 'RSV2 fails before the payload has come',
    level: 'choice',
    steps: [{ send: [binary('0123456789', { rsv: RSV2 })], cut: 10 }, fails(1002)],
  })

const opcode = new Topic('5.2-opcode', 'RFC 6455 §5.2')
const RESERVED = [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] as const
const shown = (code: number) => `0x${code.toString(16)}`
const refuse = (title: string, ...frames: readonly FrameSpec[]) =>
  opcode.add({ title, steps: [send(...frames), fails(1002)] })

for (const code of RESERVED) refuse(`reserved opcode ${shown(code)}, empty`, frame(code))
for (const code of RESERVED) refuse(`reserved opcode ${shown(code)} with a payload`, frame(code, 'payload'))
for (const code of [3, 7, 0xb, 0xf])
  refuse(`reserved opcode ${shown(code)} without FIN`, frame(code, 'payload', MORE))
for (const code of [3, 0xb]) {
  refuse(
    `reserved opcode ${shown(code)} inside a fragmented message`,
    text('one', MORE),
    frame(code, 'x'),
    cont('two'),
  )
  opcode.add({
    title: `reserved opcode ${shown(code)} after a message and a ping`,
    steps: [
      send(text('good'), ping('p'), frame(code), text('unread')),
      getText('good'),
      getPong('p'),
      fails(1002),
    ],
  })
}
opcode.add({
  title: 'a reserved opcode fails before its payload has come',
  level: 'choice',
  steps: [{ send: [frame(4, '0123456789')], cut: 10 }, fails(1002)],
})

export const reserved = [...rsv.cases, ...opcode.cases]
