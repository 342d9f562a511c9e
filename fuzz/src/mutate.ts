import { concat, utf8 } from './bytes.js'
import type { Random } from './random.js'

/** Octets at which parsers change their minds. */
const EDGES = [
  0x00, 0x01, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3b, 0x3d, 0x5b, 0x5c, 0x7b, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x88,
  0xbf, 0xc0, 0xed, 0xf4, 0xfe, 0xff,
]

/** Numbers written into two, four or eight octets: lengths that lie. */
const LENGTHS = [
  0n,
  1n,
  125n,
  126n,
  127n,
  128n,
  255n,
  256n,
  65535n,
  65536n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
]

const WORDS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  ';',
  '=',
  '/',
  '\u0000',
  '\r\n',
  '%00',
  'null',
  '-0',
  '1e999',
  '__proto__',
  'permessage-deflate',
  '\ufeff',
  '\ud83d\ude00',
]

type Mutation = (input: Uint8Array, random: Random) => Uint8Array

// budget: the order of Array.prototype.splice, which everybody knows
const splice = (input: Uint8Array, at: number, drop: number, insert: Uint8Array): Uint8Array =>
  concat([input.subarray(0, at), insert, input.subarray(at + drop)])

const MUTATIONS: readonly Mutation[] = [
  // One bit.
  (input, random) => {
    const out = input.slice()
    const at = random.int(out.byteLength)
    out[at] = (out[at] ?? 0) ^ (1 << random.int(8))
    return out
  },
  // One octet.
  (input, random) => splice(input, random.int(input.byteLength), 1, Uint8Array.of(random.pick(EDGES))),
  (input, random) => splice(input, random.int(input.byteLength), 1, random.bytes(1)),
  // More or fewer of them.
  (input, random) => splice(input, random.int(input.byteLength + 1), 0, random.bytes(1 + random.size(8))),
  (input, random) => splice(input, random.int(input.byteLength), 1 + random.size(16), new Uint8Array(0)),
  (input, random) => input.slice(0, random.int(input.byteLength + 1)),
  (input, random) => input.slice(random.int(input.byteLength)),
  // The same again, elsewhere.
  (input, random) => {
    const from = random.int(input.byteLength)
    const piece = input.subarray(from, from + 1 + random.size(64))
    return splice(input, random.int(input.byteLength + 1), 0, piece)
  },
  // A length that lies.
  (input, random) => {
    const size = random.pick([2, 4, 8])
    const value = BigInt.asUintN(size * 8, random.pick(LENGTHS))
    const octets = Uint8Array.from({ length: size }, (_, i) =>
      Number((value >> BigInt(8 * (size - 1 - i))) & 255n),
    )
    return splice(input, random.int(input.byteLength), random.chance(0.8) ? size : 0, octets)
  },
  // A word with a meaning.
  (input, random) => splice(input, random.int(input.byteLength + 1), random.int(3), utf8(random.pick(WORDS))),
  // Many of one octet.
  (input, random) =>
    splice(
      input,
      random.int(input.byteLength + 1),
      0,
      new Uint8Array(random.size(2000)).fill(random.pick(EDGES)),
    ),
]

/** An input like this one, and a little wrong. */
export function mutate(input: Uint8Array, random: Random): Uint8Array {
  let out = input
  for (let times = 1 + random.size(4); times > 0; times--) {
    if (out.byteLength === 0) out = random.bytes(1)
    out = random.pick(MUTATIONS)(out, random)
  }
  return out
}

/** The front of one and the back of another. */
export function crossOver(a: Uint8Array, b: Uint8Array, random: Random): Uint8Array {
  return concat([a.subarray(0, random.int(a.byteLength + 1)), b.subarray(random.int(b.byteLength + 1))])
}
