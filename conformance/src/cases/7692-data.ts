import { fromHex, noise, prose, utf8 } from '../wire/bytes.js'
import { DeflateBits } from '../wire/deflate-bits.js'
import { RSV1, RSV2 } from '../wire/frame.js'
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
  Topic,
  text,
} from './build.js'

const on = { deflate: true } as const
const COMPRESSED = { rsv: RSV1 } as const
const FIRST = { rsv: RSV1, fin: false } as const

const data = new Topic('7692-7.2-data', 'RFC 7692 §7.2', { on })
data
  .add({
    title: '§7.2.3.1: one block',
    steps: [send(text(fromHex('f248cdc9c90700'), COMPRESSED)), getText('Hello')],
  })
  .add({
    title: '§7.2.3.1: one block in two fragments',
    steps: [send(text(fromHex('f248cd'), FIRST), cont(fromHex('c9c90700'))), getText('Hello')],
  })
  .add({
    title: '§7.2.3.2: the window of the message before',
    steps: [
      send(text(fromHex('f248cdc9c90700'), COMPRESSED), text(fromHex('f200110000'), COMPRESSED)),
      getText('Hello'),
      getText('Hello'),
    ],
  })
  .add({
    title: '§7.2.3.3: a stored block',
    steps: [send(text(fromHex('000500faff48656c6c6f00'), COMPRESSED)), getText('Hello')],
  })
  .add({
    title: '§7.2.3.4: a block with BFINAL',
    steps: [send(text(fromHex('f348cdc9c9070000'), COMPRESSED)), getText('Hello')],
  })
  .add({
    title: 'a message after one with BFINAL',
    steps: [
      send(text(fromHex('f348cdc9c9070000'), COMPRESSED), text(fromHex('f248cdc9c90700'), COMPRESSED)),
      getText('Hello'),
      getText('Hello'),
    ],
  })
  .add({
    title: 'three messages with BFINAL in a row, and a ping',
    steps: [
      send(...[1, 2, 3].map(() => text(fromHex('f348cdc9c9070000'), COMPRESSED)), ping('p')),
      ...[1, 2, 3].map(() => getText('Hello')),
      getPong('p'),
    ],
  })
  .add({
    title: '§7.2.3.5: two blocks',
    steps: [send(text(fromHex('f24805000000ffffcac9c90700'), COMPRESSED)), getText('Hello')],
  })
  .add({
    title: 'every kind of block in one message',
    steps: [
      send(
        binary(
          new DeflateBits()
            .stored(noise(50))
            .literals(noise(50))
            .stored(utf8(''))
            .match(utf8('abc'), 3)
            .message(),
          COMPRESSED,
        ),
      ),
      getBinary(new Uint8Array([...noise(50), ...noise(50), ...utf8('abcabc')])),
    ],
  })
  .add({
    title: 'fifty blocks',
    steps: [
      send(
        binary(
          [...noise(50)]
            .reduce((bits, octet) => bits.literals(Uint8Array.of(octet)), new DeflateBits())
            .message(),
          COMPRESSED,
        ),
      ),
      getBinary(noise(50)),
    ],
  })
  .add({
    title: 'empty blocks before, between and after the data',
    steps: [
      send(
        text(
          new DeflateBits()
            .stored(utf8(''))
            .literals(utf8(''))
            .literals(utf8('data'))
            .stored(utf8(''))
            .message(),
          COMPRESSED,
        ),
      ),
      getText('data'),
    ],
  })
  .add({ title: '§7.2.3.6: an empty message', steps: [send(text(fromHex('00'), COMPRESSED)), getText('')] })
  .add({
    title: 'an empty message as an empty fixed block',
    steps: [send(text(fromHex('0200'), COMPRESSED)), getText('')],
  })
  .add({
    title: 'empty messages between others',
    steps: [
      send(message('text', 'one'), message('text', ''), message('binary', ''), message('text', 'two')),
      getText('one'),
      getText(''),
      getBinary(''),
      getText('two'),
    ],
  })
  .add({
    title: 'the marker 00 00 ff ff in the middle and an empty block after it',
    steps: [send(text(fromHex('f248cdc9c907000000ffff00'), COMPRESSED)), getText('Hello')],
  })

const parts = new Topic('7692-6.1-fragments', 'RFC 7692 §6.1', { on })
parts
  .add({
    title: 'one octet a fragment',
    steps: [
      send(message('text', prose(200), { cuts: Array.from({ length: 400 }, (_, i) => i + 1) })),
      getText(prose(200)),
    ],
  })
  .add({
    title: 'an empty first fragment carries RSV1',
    steps: [send(text('', FIRST), cont(fromHex('f248cdc9c90700'))), getText('Hello')],
  })
  .add({
    title: 'an empty last fragment',
    steps: [send(text(fromHex('f248cdc9c90700'), FIRST), cont('')), getText('Hello')],
  })
  .add({
    title: 'pings between compressed fragments are not compressed',
    steps: [
      send(
        text(fromHex('f248'), FIRST),
        ping('Hello'),
        cont(fromHex('cdc9c9'), MORE),
        ping(fromHex('f248cdc9c90700')),
        cont(fromHex('0700')),
      ),
      getPong('Hello'),
      getPong(fromHex('f248cdc9c90700')),
      getText('Hello'),
    ],
    level: 'should',
  })
  .add({
    title: 'a code point split over blocks and fragments',
    steps: [
      send(text(new DeflateBits().literals(fromHex('e2')).raw().subarray(0, 2), FIRST)),
      ...alive,
      send(cont(new DeflateBits().literals(fromHex('e2')).stored(fromHex('82ac')).message().subarray(2))),
      getText('€'),
    ],
  })
  .add({
    title: '100,000 octets in fragments of 1,009',
    steps: [
      send(message('binary', noise(100_000), { cuts: Array.from({ length: 99 }, (_, i) => (i + 1) * 1009) })),
      getBinary(noise(100_000)),
    ],
  })

const mixed = new Topic('7692-6-mixed', 'RFC 7692 §6', { on })
mixed
  .add({
    title: 'messages without RSV1 are read as they are',
    steps: [send(text('plain'), binary(noise(300))), getText('plain'), getBinary(noise(300))],
  })
  .add({
    title: 'compressed and uncompressed by turns; the latter leave the window alone',
    steps: [1, 2, 3, 4].flatMap(() => [
      send(message('text', prose(500)), message('text', prose(700), { compress: false })),
      getText(prose(500)),
      getText(prose(700)),
    ]),
  })
  .add({
    title: 'an uncompressed fragmented message after a compressed one',
    steps: [
      send(message('text', prose(90)), text('pla', MORE), cont('in')),
      getText(prose(90)),
      getText('plain'),
    ],
  })
  .add({
    title: 'fifty messages that repeat each other',
    steps: Array.from({ length: 50 }, (_, i) => [
      send(message('text', `{"type":"quote","symbol":"ABC","price":${i}}`)),
      getText(`{"type":"quote","symbol":"ABC","price":${i}}`),
    ]).flat(),
  })
  .add({
    title: 'a match that reaches back 30,000 octets, over messages',
    steps: [
      send(message('binary', noise(30_000))),
      getBinary(noise(30_000)),
      send(message('binary', noise(30_000).subarray(0, 500))),
      getBinary(noise(30_000).subarray(0, 500)),
    ],
  })
  .add({
    title: 'noise, which grows when compressed',
    steps: [send(message('binary', noise(65_536, 9))), getBinary(noise(65_536, 9))],
  })
  .add({
    title: 'a mebibyte of zeroes',
    patience: 30_000,
    steps: [send(message('binary', new Uint8Array(1_048_576))), getBinary(new Uint8Array(1_048_576))],
  })
  .add({
    title: 'the subject compresses what is worth it',
    level: 'choice',
    options: { deflate: {} },
    steps: [
      send(message('text', 'to be or not to be '.repeat(100))),
      { expect: 'text', payload: utf8('to be or not to be '.repeat(100)), compressed: true },
    ],
  })

const flags = new Topic('7692-6-rsv1', 'RFC 7692 §6', { on })
flags
  .add({
    title: 'RSV1 on the second fragment of a compressed message',
    steps: [send(text(fromHex('f248cd'), FIRST), cont(fromHex('c9c90700'), COMPRESSED)), fails(1002)],
  })
  .add({
    title: 'RSV1 on the second fragment of an uncompressed message',
    steps: [send(text('Hel', MORE), cont('lo', COMPRESSED)), fails(1002)],
  })
  .add({
    title: 'RSV1 on an empty last fragment',
    steps: [send(text(fromHex('f248cdc9c90700'), FIRST), cont('', COMPRESSED)), fails(1002)],
  })
  .add({
    title: 'RSV1 with RSV2',
    steps: [send(text(fromHex('f248cdc9c90700'), { rsv: RSV1 | RSV2 })), fails(1002)],
  })
  .add({
    title: 'RSV1 on a ping between compressed fragments',
    steps: [send(text(fromHex('f248'), FIRST), ping(fromHex('00'), COMPRESSED)), fails(1002)],
  })

export const deflateData = [data, parts, mixed, flags].flatMap((topic) => topic.cases)
