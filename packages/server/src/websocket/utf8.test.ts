import { isUtf8 } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { seededRandom, waysToCut } from '../../test/frame-recorder.js'
import {
  decodeUtf8,
  encodeUtf8,
  isValidUtf8,
  UTF8_INVALID,
  UTF8_START,
  utf8Continue,
  utf8Step,
} from './utf8.js'

/** Pieces that are valid or invalid in interesting ways; strung together at random. */
const PIECES = [
  ...[
    '41',
    '7f',
    'c280',
    'dfbf',
    'e0a080',
    'e18080',
    'ecbfbf',
    'ed9fbf',
    'ee8080',
    'efbfbf',
    'f0908080',
    'f48fbfbf',
  ],
  ...[
    '80',
    'bf',
    'c0',
    'c1',
    'c3',
    'e0',
    'e09f',
    'eda0',
    'f08f',
    'f490',
    'f5',
    'ff',
    'e18041',
    'f1808041',
    'c341',
  ],
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')))

function randomText(random: (below: number) => number): Uint8Array {
  // Most pieces are valid ones, or every long text would be invalid at its beginning.
  const parts = Array.from(
    { length: 1 + random(60) },
    () => PIECES[random(40) === 0 ? random(PIECES.length) : random(12)],
  )
  return Uint8Array.from(parts.flatMap((part) => Array.from(part ?? [])))
}

describe('[E6] RFC 3629 §4: validation', () => {
  it('agrees with node:buffer on every sequence of one and two bytes', () => {
    for (let first = 0; first < 256; first += 1) {
      expect(isValidUtf8(Uint8Array.of(first))).toBe(isUtf8(Uint8Array.of(first)))
      for (let second = 0; second < 256; second += 1) {
        const bytes = Uint8Array.of(first, second)
        if (isValidUtf8(bytes) !== isUtf8(bytes)) expect.fail(Buffer.from(bytes).toString('hex'))
      }
    }
  })

  it('agrees with node:buffer on every lead byte with the edges of its continuations', () => {
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
    const tails = edges.flatMap((second) =>
      edges.flatMap((third) => [[second, third], ...edges.map((fourth) => [second, third, fourth])]),
    )
    for (let lead = 0x80; lead < 256; lead += 1) {
      const sequences = tails.map((tail) => Uint8Array.from([lead, ...tail]))
      const disputed = sequences.filter((bytes) => isValidUtf8(bytes) !== isUtf8(bytes))
      expect(disputed).toEqual([])
    }
  })

  it('agrees with node:buffer on random texts, however they are cut, with and without the native validator', () => {
    const random = seededRandom(11)
    for (let round = 0; round < 500; round += 1) {
      const bytes = randomText(random)
      const valid = isUtf8(bytes)
      expect(isValidUtf8(bytes)).toBe(valid)
      for (const native of [undefined, isUtf8]) {
        for (const chunks of waysToCut(bytes, 3, round + 1)) {
          let state: number = UTF8_START
          for (const chunk of chunks) {
            if (state !== UTF8_INVALID) state = utf8Continue(chunk, state, native)
          }
          expect(state === UTF8_START).toBe(valid)
        }
      }
    }
  })

  it('knows at once: the state is invalid at the first byte that cannot be', () => {
    expect(utf8Step(Uint8Array.of(0xe0), UTF8_START)).toBeGreaterThan(UTF8_START)
    expect(utf8Step(Uint8Array.of(0xe0, 0x9f), UTF8_START)).toBe(UTF8_INVALID)
    expect(utf8Step(Uint8Array.of(0xf4, 0x90), UTF8_START)).toBe(UTF8_INVALID)
  })
})

describe('[E7] close reasons: encoding and decoding', () => {
  it('agree with node:buffer', () => {
    for (const text of ['', 'plain', 'grüße', '水 ∑', '🌊 \u{10ffff}', 'lone \ud800 surrogate \udc00']) {
      expect(Buffer.from(encodeUtf8(text)).toString('hex')).toBe(Buffer.from(text).toString('hex'))
      expect(decodeUtf8(encodeUtf8(text))).toBe(Buffer.from(text).toString())
    }
  })
})
