import { describe, expect, it } from 'vitest'
import { fromHex, seededRandom, toHex } from '../../test/frame-recorder.js'
import { encodeClose, encodeFrame, fitCloseReason, headerBytes, readLength64, writeHeader } from './frame.js'
import { advanceMaskKey, applyMask, readMaskKey, wordsOf, writeMaskKey } from './mask.js'
import { encodeUtf8 } from './utf8.js'

describe('[E4] RFC 6455 §5.2: headers', () => {
  it.each([
    [0, '8200'],
    [125, '827d'],
    [126, '827e007e'],
    [65535, '827effff'],
    [65536, '827f0000000000010000'],
    [2 ** 32 + 5, '827f0000000100000005'],
    [Number.MAX_SAFE_INTEGER, '827f001fffffffffffff'],
  ])('of %i bytes of payload', (payloadBytes, hex) => {
    const header = new Uint8Array(headerBytes(payloadBytes, false))
    expect(writeHeader(header, 0, { head: 0x82, payloadBytes })).toBe(header.length)
    expect(toHex(header)).toBe(hex)
    if (header.length === 10) expect(readLength64(header, 2)).toBe(payloadBytes)
  })

  it('of a client carry the key', () => {
    const header = new Uint8Array(headerBytes(300, true))
    writeHeader(header, 0, { head: 0x81, payloadBytes: 300, maskKey: 0x04030201 })
    expect(toHex(header)).toBe('81fe012c01020304')
  })

  it('RFC 6455 §5.7: whole frames', () => {
    expect(toHex(encodeFrame(0x81, encodeUtf8('Hello')))).toBe('810548656c6c6f')
    expect(toHex(encodeFrame(0x81, encodeUtf8('Hello'), 0x3d21fa37))).toBe('818537fa213d7f9f4d5158')
  })

  it('[E9] encoding leaves the payload as it is', () => {
    const payload = encodeUtf8('x'.repeat(100))
    encodeFrame(0x82, payload, 0x01020304)
    expect(payload).toEqual(encodeUtf8('x'.repeat(100)))
  })
})

describe('[E2] RFC 6455 §5.3: masking', () => {
  it('gives what the formula of the standard gives, at every length, alignment and size of words', () => {
    const random = seededRandom(3)
    for (const length of [0, 1, 2, 3, 4, 5, 31, 32, 33, 34, 35, 36, 63, 64, 255, 256, 257, 1001]) {
      for (let offset = 0; offset < 5; offset += 1) {
        const memory = Uint8Array.from({ length: length + 9 }, () => random(256))
        const before = memory.slice()
        const payload = memory.subarray(offset, offset + length)
        const key = fromHex('37fa213d')
        const expected = Array.from(payload, (byte, index) => byte ^ (key[index % 4] ?? 0))
        for (const words of [undefined, null, wordsOf(memory.buffer)]) {
          memory.set(before)
          const seen = applyMask(payload, readMaskKey(key, 0), words)
          expect(Array.from(payload)).toEqual(expected)
          expect(seen >= 0x80).toBe(expected.some((byte) => byte >= 0x80))
          payload.set(before.subarray(offset, offset + length))
          expect(memory).toEqual(before)
        }
      }
    }
  })

  it('a key goes on where it stopped', () => {
    const key = readMaskKey(fromHex('01020384'), 0)
    const written = [0, 1, 2, 3, 4, 7].map((count) => {
      const bytes = new Uint8Array(4)
      writeMaskKey(advanceMaskKey(key, count), bytes, 0)
      return toHex(bytes)
    })
    expect(written).toEqual(['01020384', '02038401', '03840102', '84010203', '01020384', '84010203'])
  })
})

describe('[E7] RFC 6455 §5.5.1: the payload of a Close frame', () => {
  it('is empty, a code, or a code and a reason', () => {
    expect(toHex(encodeClose())).toBe('')
    expect(toHex(encodeClose(1000))).toBe('03e8')
    expect(toHex(encodeClose(4999, 'é'))).toBe('1387c3a9')
  })

  it('a reason is cut to 123 bytes between characters', () => {
    expect(fitCloseReason('short')).toBe('short')
    expect(fitCloseReason('x'.repeat(200))).toHaveLength(123)
    expect(fitCloseReason(`xx${'é'.repeat(100)}`)).toBe(`xx${'é'.repeat(60)}`)
  })
})
