import { describe, expect, it } from 'vitest'
import { pongFrame, repeated, textFrame } from './frames.js'

/** Undoes the mask, as a server does. */
function unmask(frame: Buffer, header: number): string {
  const key = frame.subarray(header, header + 4)
  return frame
    .subarray(header + 4)
    .map((byte, i) => byte ^ (key[i & 3] ?? 0))
    .toString()
}

describe('client frames', () => {
  it('mask a short text', () => {
    const frame = textFrame('grist')
    expect([...frame.subarray(0, 2)]).toEqual([0x81, 0x80 | 5])
    expect(unmask(frame, 2)).toBe('grist')
  })

  it.each([
    [126, 4],
    [65_535, 4],
    [65_536, 10],
  ])('write the length of %i bytes in a header of %i', (length, header) => {
    const text = 'x'.repeat(length)
    const frame = textFrame(text)
    const written = header === 4 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2))
    expect(written).toBe(length)
    expect(unmask(frame, header)).toBe(text)
  })

  it('answer a ping with its payload', () => {
    const frame = pongFrame(Buffer.from('id'))
    expect(frame[0]).toBe(0x8a)
    expect(unmask(frame, 2)).toBe('id')
  })

  it('repeat', () => {
    const one = textFrame('a')
    expect(repeated(one, 3)).toEqual(Buffer.concat([one, one, one]))
  })
})
