import { noise, prose } from '../wire/bytes.js'
import {
  alive,
  binary,
  cont,
  fails,
  getBinary,
  getPong,
  getText,
  MORE,
  message,
  ping,
  send,
  sendBut,
  Topic,
  text,
} from './build.js'
import { pongsUpTo } from './pongs.js'

const LIMIT = 1000

const size = new Topic('10.4-message', 'RFC 6455 §10.4', { level: 'choice', options: { maxMessage: LIMIT } })
size
  .add({
    title: 'a message of exactly the limit',
    steps: [send(binary(noise(LIMIT))), getBinary(noise(LIMIT))],
  })
  .add({
    title: 'a text message of exactly the limit',
    steps: [send(message('text', prose(LIMIT))), getText(prose(LIMIT))],
  })
  .add({
    title: 'a message of one octet more',
    steps: [send(message('binary', noise(LIMIT + 1))), fails(1009)],
  })
  .add({
    title: 'a text message of one octet more',
    steps: [send(message('text', prose(LIMIT + 1))), fails(1009)],
  })
  .add({
    title: 'a frame above the limit fails with its header',
    steps: [sendBut(LIMIT + 1, binary(noise(LIMIT + 1))), fails(1009)],
  })
  .add({
    title: 'a frame of 70,000 octets fails with its header',
    steps: [sendBut(70_000, binary(noise(70_000))), fails(1009)],
  })
  .add({
    title: 'fragments that come to exactly the limit',
    steps: [
      send(binary(noise(400), MORE), cont(noise(600))),
      getBinary(new Uint8Array([...noise(400), ...noise(600)])),
    ],
  })
  .add({
    title: 'fragments that come to one octet more',
    steps: [send(binary(noise(400), MORE), cont(noise(601))), fails(1009)],
  })
  .add({
    title: 'the fragment that goes beyond the limit fails with its header',
    steps: [sendBut(601, binary(noise(400), MORE), cont(noise(601), MORE)), fails(1009)],
  })
  .add({
    title: 'many small fragments that go beyond the limit',
    steps: [
      send(text(prose(100), MORE), ...Array.from({ length: 10 }, () => cont(prose(100), MORE))),
      fails(1009),
    ],
  })
  .add({
    title: 'the limit is of one message, not of a connection',
    steps: [1, 2, 3, 4].flatMap((seed) => [send(binary(noise(LIMIT, seed))), getBinary(noise(LIMIT, seed))]),
  })
  .add({
    title: 'the count starts anew with each fragmented message',
    steps: [1, 2, 3].flatMap((seed) => [
      send(binary(noise(900, seed), MORE), cont(noise(100, seed))),
      getBinary(new Uint8Array([...noise(900, seed), ...noise(100, seed)])),
    ]),
  })
  .add({
    title: 'control frames between fragments do not count',
    steps: [
      send(binary(noise(999), MORE), ping(noise(125)), ping(noise(125, 2)), cont('x')),
      getPong(noise(125)),
      getPong(noise(125, 2)),
      getBinary(new Uint8Array([...noise(999), 120])),
    ],
  })
  .add({
    title: 'a message before the one that is too long still comes back',
    steps: [send(text('fine'), binary(noise(LIMIT + 1))), getText('fine'), fails(1009)],
  })
  .add({
    title: 'a limit of 125 and a frame of 126',
    options: { maxMessage: 125 },
    steps: [send(binary(noise(125))), getBinary(noise(125)), send(binary(noise(126))), fails(1009)],
  })
  .add({
    title: 'a limit of 65,535 and a frame of 65,536',
    options: { maxMessage: 65_535 },
    steps: [
      send(binary(noise(65_535))),
      getBinary(noise(65_535)),
      sendBut(65_536, binary(noise(65_536))),
      fails(1009),
    ],
  })

const frames = new Topic('10.4-frame', 'RFC 6455 §10.4', { level: 'choice', options: { maxFrame: 100 } })
frames
  .add({ title: 'a frame of exactly the limit', steps: [send(binary(noise(100))), getBinary(noise(100))] })
  .add({ title: 'a frame of one octet more', steps: [send(binary(noise(101))), fails(1009)] })
  .add({
    title: 'a frame above the limit fails with its header',
    steps: [sendBut(101, binary(noise(101))), fails(1009)],
  })
  .add({
    title: 'a message longer than a frame may be, in short frames',
    steps: [
      send(binary(noise(100), MORE), cont(noise(100), MORE), cont('!')),
      getBinary(new Uint8Array([...noise(100), ...noise(100), 33])),
    ],
  })
  .add({
    title: 'a continuation above the limit',
    steps: [send(binary('a', MORE), cont(noise(101))), fails(1009)],
  })
  .add({
    title: 'a ping of 125 octets is not too long',
    steps: [send(ping(noise(125))), getPong(noise(125))],
  })

const fragments = new Topic('10.4-fragments', 'RFC 6455 §10.4', {
  level: 'choice',
  options: { maxFragments: 8 },
})
const conts = (count: number) => Array.from({ length: count }, () => cont('x', MORE))
fragments
  .add({
    title: 'exactly as many fragments as there may be',
    steps: [send(text('x', MORE), ...conts(6), cont('x')), getText('xxxxxxxx')],
  })
  .add({ title: 'one fragment more', steps: [send(text('x', MORE), ...conts(8)), fails(1008, 1009)] })
  .add({
    title: 'empty fragments count too',
    steps: [send(text('', MORE), ...Array.from({ length: 20 }, () => cont('', MORE))), fails(1008, 1009)],
  })
  .add({
    title: 'the count starts anew with each message',
    steps: [1, 2, 3].flatMap(() => [send(text('x', MORE), ...conts(6), cont('x')), getText('xxxxxxxx')]),
  })
  .add({
    title: 'control frames are no fragments',
    steps: [
      send(text('x', MORE), ...[...'123456789'].map((digit) => ping(digit)), cont('x')),
      pongsUpTo([...'123456789']),
      getText('xx'),
    ],
  })
  .add({
    title: 'the limit leaves whole messages alone',
    steps: [...Array.from({ length: 12 }, (_, i) => [send(text(`${i}`)), getText(`${i}`)]).flat(), ...alive],
  })

export const limits = [...size.cases, ...frames.cases, ...fragments.cases]
