import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemSealer } from './sealer.js'

const { seal, open } = systemSealer

describe('[H14.1] what is sealed', () => {
  it('is opened with the same secret, whatever it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, secret) => {
        expect(open(secret, seal(secret, text))).toBe(text)
      }),
    )
  })

  it('may stand in a URL, shows nothing, and differs each time', () => {
    const text = 'ada '.repeat(20)
    const all = Array.from({ length: 50 }, () => seal('secret', text))
    expect(new Set(all).size).toBe(50)
    for (const one of all) {
      expect(one).toMatch(/^[\w-]+$/)
      expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('ada')
    }
    // Two of one text have nothing in common in one place, for they have keys of their own.
    const [first = '', second = ''] = all.map((one) => one.slice(22))
    const same = [...first].filter((character, index) => character === second[index])
    expect(same.length).toBeLessThan(first.length / 4)
  })

  it('is worth nothing with another secret, or when a bit of it is changed or missing', () => {
    const sealed = seal('secret', 'ada')
    expect(open('another', sealed)).toBeUndefined()
    const bytes = Buffer.from(sealed, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(open('secret', changed.toString('base64url'))).toBeUndefined()
    }
    for (let length = 0; length < bytes.length; length++)
      expect(open('secret', bytes.subarray(0, length).toString('base64url'))).toBeUndefined()
    expect(open('secret', Buffer.concat([bytes, Buffer.of(0)]).toString('base64url'))).toBeUndefined()
  })

  it('is nothing that anybody could make up', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(open('secret', text)).toBeUndefined()
      }),
    )
  })
})
