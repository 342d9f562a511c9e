import { require } from '../runner/mismatch.js'
import { bytes, noise, prose, utf8 } from '../wire/bytes.js'
import {
  binary,
  close,
  cont,
  fails,
  frame,
  getBinary,
  getText,
  MORE,
  ping,
  pong,
  send,
  Topic,
  text,
} from './build.js'

const kinds = [
  ['a text frame', (extra: object) => [text('hello', extra)]],
  ['an empty text frame', (extra: object) => [text('', extra)]],
  ['a binary frame', (extra: object) => [binary('hello', extra)]],
  ['a long binary frame', (extra: object) => [binary(noise(70_000), extra)]],
  ['a ping', (extra: object) => [ping('hello', extra)]],
  ['an empty ping', (extra: object) => [ping('', extra)]],
  ['a pong', (extra: object) => [pong('hello', extra)]],
  ['a Close', (extra: object) => [{ ...close(1000), ...extra }]],
  ['an empty Close', (extra: object) => [{ ...close(), ...extra }]],
  ['a continuation', (extra: object) => [text('hel', MORE), cont('lo', extra)]],
] as const

const mask = new Topic('5.1-mask', 'RFC 6455 §5.1')
for (const [what, make] of kinds) {
  mask.add({
    title: `${what} of a client without a mask`,
    on: { role: 'server' },
    steps: [send(...make({ masked: false })), fails(1002)],
  })
}
for (const [what, make] of kinds) {
  mask.add({
    title: `${what} of a server with a mask`,
    on: { role: 'client' },
    steps: [send(...make({ masked: true })), fails(1002)],
  })
}
mask
  .add({
    title: 'an unmasked frame after good ones',
    on: { role: 'server' },
    steps: [send(text('good')), getText('good'), send(text('bad', { masked: false })), fails(1002)],
  })
  .add({
    title: 'every frame of the client brings a fresh key',
    on: { role: 'client' },
    steps: [
      ...Array.from({ length: 32 }, (_, i) => [send(text(`m${i}`)), getText(`m${i}`)]).flat(),
      { run: async ({ peer }) => judgeKeys(peer.keys) },
    ],
  })

/** RFC 6455 §5.3: unpredictable keys. Thirty-two of them must differ, and not by a constant step. */
function judgeKeys(keys: readonly Uint8Array[]): void {
  const numbers = keys.map((key) => new DataView(key.buffer, key.byteOffset, 4).getUint32(0))
  require(new Set(numbers).size >= 31, '32 different masking keys', `${new Set(numbers).size} different ones`)
  const stepsBetween = numbers.slice(1).map((value, i) => (value - (numbers[i] ?? 0)) >>> 0)
  require(new Set(stepsBetween).size > 16, 'keys without a pattern', 'keys that rise by a constant')
  for (const place of [0, 1, 2, 3]) {
    const octets = new Set(keys.map((key) => key[place]))
    require(octets.size >
      8, `octet ${place} of the keys varies`, `${octets.size} values in ${keys.length} keys`)
  }
}

const unmask = new Topic('5.3-unmask', 'RFC 6455 §5.3', { on: { role: 'server' } })
for (const [what, key] of [
  ['zeroes', bytes(0, 0, 0, 0)],
  ['ones', bytes(255, 255, 255, 255)],
  ['one bit', bytes(0, 0, 0, 1)],
  ['the key of §5.7', bytes(0x37, 0xfa, 0x21, 0x3d)],
  ['octets with the top bit', bytes(0x80, 0x90, 0xa0, 0xff)],
] as const) {
  unmask.add({ title: `a key of ${what}`, steps: [send(binary(noise(37), { key })), getBinary(noise(37))] })
}
// Every remainder by 4, 8, 16 and 32: where unmasking by words goes wrong.
for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65]) {
  unmask.add({ title: `${size} octets`, steps: [send(text(prose(size))), getText(prose(size))] })
}
unmask
  .add({
    title: 'frames one behind the other at every alignment',
    steps: [
      send(...Array.from({ length: 9 }, (_, i) => binary(noise(i, i + 1)))),
      ...Array.from({ length: 9 }, (_, i) => getBinary(noise(i, i + 1))),
    ],
  })
  .add({
    title: 'a payload that is its own key',
    steps: [
      send(binary(bytes(1, 2, 3, 4, 1, 2, 3, 4), { key: bytes(1, 2, 3, 4) })),
      getBinary(bytes(1, 2, 3, 4, 1, 2, 3, 4)),
    ],
  })
  .add({
    title: 'text whose masked form is not UTF-8',
    steps: [send(text(utf8('abc'), { key: bytes(255, 254, 253, 252) })), getText('abc')],
  })
  .add({
    title: 'each fragment has a key of its own',
    steps: [
      send(text('one ', { ...MORE, key: bytes(1, 1, 1, 1) }), cont('two', { key: bytes(2, 3, 4, 5) })),
      getText('one two'),
    ],
  })
  .add({
    title: 'a masked empty frame still carries its key',
    steps: [send(frame(2, '', { key: bytes(9, 9, 9, 9) })), getBinary('')],
  })

export const masks = [...mask.cases, ...unmask.cases]
