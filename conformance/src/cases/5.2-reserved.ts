import { RSV1, RSV2, RSV3 } from '../wire/frame.js'
import {
  alive,
  binary,
  close,
  cont,
  fails,
  frame,
  getText,
  MORE,
  ping,
  pong,
  send,
  Topic,
  text,
} from './build.js'

const rsv = new Topic('5.2-rsv', 'RFC 6455 §5.2')

const combinations = [1, 2, 3, 4, 5, 6, 7] as const
const named = (bits: number) =>
  [
    [RSV1, 'RSV1'],
    [RSV2, 'RSV2'],
    [RSV3, 'RSV3'],
  ]
    .filter(([bit]) => (bits & Number(bit)) !== 0)
    .map(([, name]) => name)
    .join('+')

for (const bits of combinations) {
  rsv.add({
    title: `text with ${named(bits)} and no extension that means it`,
    steps: [send(text('reserved', { rsv: bits })), fails(1002)],
    on: (bits & RSV1) !== 0 ? { deflate: false } : {},
  })
}
export const reservedBits = rsv.cases
