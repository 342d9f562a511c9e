import { bytes, latin1, noise } from '../wire/bytes.js'
import { OPCODE } from '../wire/frame.js'
import {
  alive,
  close,
  cont,
  fails,
  frame,
  getClose,
  getPong,
  getText,
  MORE,
  ping,
  pong,
  send,
  Topic,
  text,
} from './build.js'
import { pongsUpTo } from './pongs.js'

const shape = new Topic('5.5-control', 'RFC 6455 §5.5')
const KINDS = [
  ['ping', OPCODE.ping],
  ['pong', OPCODE.pong],
  ['Close', OPCODE.close],
] as const
/** A payload that is legal for every control frame but for its length. */
const body = (size: number) =>
  Uint8Array.from({ length: size }, (_, i) => (i === 0 ? 3 : i === 1 ? 0xe8 : 97))

for (const [what, opcode] of KINDS) {
  shape.add({ title: `${what} without FIN`, steps: [send(frame(opcode, body(5), MORE)), fails(1002)] })
  shape.add({ title: `empty ${what} without FIN`, steps: [send(frame(opcode, '', MORE)), fails(1002)] })
  shape.add({
    title: `${what} without FIN inside a fragmented message`,
    steps: [send(text('one', MORE), frame(opcode, body(5), MORE), cont('two')), fails(1002)],
  })
  shape.add({
    title: `${what} in two fragments`,
    steps: [send(frame(opcode, body(5), MORE), cont('rest')), fails(1002)],
  })
  shape.add({ title: `${what} of 126 octets`, steps: [send(frame(opcode, body(126))), fails(1002)] })
  shape.add({ title: `${what} of 127 octets`, steps: [send(frame(opcode, body(127))), fails(1002)] })
  shape.add({ title: `${what} of 65,536 octets`, steps: [send(frame(opcode, body(65_536))), fails(1002)] })
  shape.add({
    title: `${what} of 5 octets in the 16-bit form`,
    steps: [send(frame(opcode, body(5), { lengthForm: 16 })), fails(1002)],
  })
  shape.add({
    title: `${what} of 5 octets in the 64-bit form`,
    steps: [send(frame(opcode, body(5), { lengthForm: 64 })), fails(1002)],
  })
  shape.add({
    title: `${what} of 126 octets fails before its payload has come`,
    level: 'choice',
    steps: [{ send: [frame(opcode, body(126))], cut: 126 }, fails(1002)],
  })
}

const answer = new Topic('5.5.2-ping', 'RFC 6455 §5.5.2')
for (const size of [0, 1, 2, 64, 124, 125]) {
  answer.add({ title: `a ping of ${size} octets`, steps: [send(ping(noise(size))), getPong(noise(size))] })
}
answer
  .add({ title: 'a ping of zeroes', steps: [send(ping(new Uint8Array(20))), getPong(new Uint8Array(20))] })
  .add({
    title: 'a ping that is not UTF-8',
    steps: [send(ping(bytes(0xff, 0xfe, 0xc0, 0x80))), getPong(bytes(0xff, 0xfe, 0xc0, 0x80))],
  })
  .add({
    title: 'ten pings one after the other are answered, each or the last (§5.5.3)',
    steps: [send(...digits().map((digit) => ping(digit))), pongsUpTo(digits())],
  })
  .add({
    title: 'ping, message, ping, message',
    steps: [
      send(ping('1'), text('a'), ping('2'), text('b')),
      getPong('1'),
      getText('a'),
      getPong('2'),
      getText('b'),
    ],
    level: 'should',
  })
  .add({
    title: '50 pings of 125 octets in one write',
    steps: [send(...pings(50)), pongsUpTo(pingBodies(50))],
  })
  .add({
    title: '500 pings of 125 octets in one write are no reason to hang up',
    level: 'choice',
    steps: [send(...pings(500)), pongsUpTo(pingBodies(500))],
  })
  .add({
    title: 'a ping after Close is not answered',
    steps: [send(close(1000), ping('late')), getClose(1000), { expect: 'end' }],
    on: { role: 'server' },
  })
  .add({
    title: 'the subject’s own ping is well-formed, and a pong satisfies it',
    options: { onOpen: { ping: 'are you there?' } },
    steps: [
      { expect: 'ping', payload: Buffer.from('are you there?') },
      send(pong('are you there?')),
      ...alive,
    ],
  })

const unasked = new Topic('5.5.3-pong', 'RFC 6455 §5.5.3')
for (const size of [0, 1, 125]) {
  unasked.add({
    title: `a pong of ${size} octets that nobody asked for is ignored`,
    steps: [send(pong(noise(size))), ...alive],
  })
}
unasked
  .add({
    title: 'ten pongs that nobody asked for',
    steps: [send(...digits().map((digit) => pong(digit))), ...alive],
  })
  .add({ title: 'a pong that is not UTF-8', steps: [send(pong(bytes(0xff, 0xc0))), ...alive] })
  .add({
    title: 'a pong for another ping than the last',
    options: { onOpen: { ping: 'one' } },
    steps: [{ expect: 'ping', payload: Buffer.from('one') }, send(pong('two'), pong('')), ...alive],
  })

function pings(count: number) {
  return Array.from({ length: count }, (_, i) => ping(noise(125, i + 1)))
}

function pingBodies(count: number): string[] {
  return Array.from({ length: count }, (_, i) => latin1(noise(125, i + 1)))
}

function digits(): string[] {
  return [...'0123456789']
}

export const control = [...shape.cases, ...answer.cases, ...unasked.cases]
