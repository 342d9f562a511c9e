import fc from 'fast-check'
import { expect, it } from 'vitest'
import { platformBase64 } from './base64.js'

it('[P3.7] is padded base64, both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (bytes) => {
      const text = platformBase64.encode(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64'))
      expect(platformBase64.decode(text)).toEqual(bytes)
    }),
  )
})

it('takes payloads longer than a call takes arguments', () => {
  const bytes = new Uint8Array(1_000_000).fill(7)
  expect(Buffer.compare(platformBase64.decode(platformBase64.encode(bytes)), bytes)).toBe(0)
})

it('refuses what is no base64', () => {
  expect(() => platformBase64.decode('*')).toThrow()
})
