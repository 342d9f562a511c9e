import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromBase64, toBase64 } from './base64.js'

describe('[P3.7] base64 with padding', () => {
  test('writes what Buffer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      }),
    )
  })

  test('reads what Buffer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(fromBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes)
      }),
    )
  })

  test('gives bytes or undefined for any text, and bytes only for what is base64', () => {
    const alphabet = fc.constantFrom(...'AZaz09+/=-_é\u0000')
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (text) => {
        const valid = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
        expect(fromBase64(text)).toEqual(valid ? new Uint8Array(Buffer.from(text, 'base64')) : undefined)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['A', 'AB', 'ABC', 'ABC\n', 'AB-_', '====', 'A===', 'AB=C', '=ABC', 'ABCD=', 'éééé'])(
    'refuses %j',
    (text) => {
      expect(fromBase64(text)).toBeUndefined()
    },
  )
})
