import { jsonDialect, type Message } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Outgoing } from '../outgoing.js'
import { isLarge, PART, partsOf } from './parts.js'

const message: Message = { id: 0, kind: 'ping', body: {} }
const outgoing = (wire: string | Uint8Array) => new Outgoing(message, { dialect: jsonDialect as never, wire })
const wires = (wire: string | Uint8Array) =>
  partsOf(outgoing(wire), jsonDialect).map((part) => part.wire(jsonDialect))

describe('[P3.11] the parts of a large message', () => {
  it('are its text in order, each marked, and none ends within a character', () => {
    const text = fc.string({ unit: 'binary', minLength: 0, maxLength: 60 }).map((some) => some.repeat(1000))
    fc.assert(
      fc.property(text, (whole) => {
        const parts = wires(whole) as string[]
        expect(parts.map((part) => part.slice(1)).join('') === whole).toBe(true)
        expect(parts.map((part) => part[0]).join('')).toMatch(/^(\+*\.)?$/)
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(PART + 1)
          expect(/\p{Surrogate}/u.test(part)).toBe(false)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('are its bytes in order, each marked', () => {
    const whole = Uint8Array.from({ length: PART * 2 + 5 }, (_, i) => i % 251)
    const parts = wires(whole) as Uint8Array[]
    expect(parts.map((part) => [part[0], part.length])).toEqual([
      [43, PART + 1],
      [43, PART + 1],
      [46, 6],
    ])
    expect(Buffer.concat(parts.map((part) => part.subarray(1))).equals(whole)).toBe(true)
  })

  it('are cut once, whoever gets them', () => {
    const large = outgoing('x'.repeat(PART + 1))
    expect(partsOf(large, jsonDialect)).toBe(partsOf(large, jsonDialect))
    expect([isLarge(large, jsonDialect), isLarge(outgoing('x'.repeat(PART)), jsonDialect)]).toEqual([
      true,
      false,
    ])
  })
})
