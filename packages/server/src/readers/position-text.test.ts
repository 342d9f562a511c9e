import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPosition, writePosition } from './position-text.js'

describe('[P9.2] a position as text', () => {
  it('is read as it was written, whatever the epoch is', () => {
    const epochs = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 80 })
      .filter((epoch) => epoch.length <= 255)
    fc.assert(
      fc.property(epochs, fc.maxSafeNat(), (epoch, offset) => {
        expect(readPosition(writePosition({ epoch, offset }))).toEqual({ epoch, offset })
      }),
    )
  })

  it('may stand in an id, a header and a query as it is', () => {
    expect(writePosition({ epoch: 'h3_J-k', offset: 42 })).toBe('h3_J-k:42')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(), (epoch, offset) => {
        expect(writePosition({ epoch, offset })).toMatch(/^[\w.~!*'()%-]+:\d+$/)
      }),
    )
  })

  it.each([
    '',
    ':',
    'e',
    'e:',
    ':1',
    'e:x',
    'e:-1',
    'e:1.5',
    'e:1e3',
    'e: 1',
    'e:9007199254740992',
    '%:1',
    '%ff:1',
  ])('%j is none', (text) => {
    expect(readPosition(text)).toBeUndefined()
  })

  it('has an epoch of at most 255 characters', () => {
    expect(readPosition(`${'e'.repeat(255)}:1`)).toBeDefined()
    expect(readPosition(`${'e'.repeat(256)}:1`)).toBeUndefined()
  })

  it('anything is either read or is none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const position = readPosition(text)
        expect(position === undefined || position.offset >= 0).toBe(true)
      }),
    )
  })
})
