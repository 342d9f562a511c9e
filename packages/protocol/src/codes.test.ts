import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { errorsPage } from '../test/errors-page.js'
import { CODES, type CodeName, codeName, describeCode, MillraceError } from './codes.js'

const entries = Object.entries(CODES) as [CodeName, (typeof CODES)[CodeName]][]

describe('the table of codes', () => {
  test('has no number twice, and finds each name by its number', () => {
    expect(new Set(entries.map(([, { code }]) => code)).size).toBe(entries.length)
    for (const [name, info] of entries) {
      expect(codeName(info.code)).toBe(name)
      expect(describeCode(info.code)).toBe(CODES[name])
    }
    expect(codeName(199)).toBeUndefined()
  })

  test.each(entries)('%s is in a range, and says what happened', (name, { code, reason }) => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(code < 300 ? code >= 100 : code >= 4000 && code < 5000).toBe(true)
    expect(reason).toMatch(/^[A-Z].*[^.]$/)
    // A close frame's reason has at most 123 bytes (RFC 6455 §5.5).
    expect(reason.length).toBeLessThan(60)
  })

  test('[P1.8] ranges carry the retry policy, for codes this version does not know too', () => {
    for (const [codes, retry] of [
      [[100, 118, 150, 199], 'never'],
      [[200, 206, 250, 299], 'later'],
      [[4000, 4005, 4250, 4499], 'reconnect'],
      [[4500, 4504, 4750, 4999], 'never'],
      [[1000, 1008, 1010], 'never'],
      [[1001, 1002, 1006, 1009, 1011, 1012, 1015, 3000], 'reconnect'],
    ] as const) {
      for (const code of codes) expect([code, describeCode(code).retry]).toEqual([code, retry])
    }
  })

  test('an unknown code is described by its number and is nobody’s fault', () => {
    expect(describeCode(4321)).toEqual({ code: 4321, reason: 'Code 4321', retry: 'reconnect', fault: 'none' })
  })
})

describe('MillraceError', () => {
  test('takes everything from the table that is not given', () => {
    const error = new MillraceError('forbidden')
    expect(error).toBeInstanceOf(Error)
    expect({ ...error, message: error.message }).toEqual({
      name: 'MillraceError',
      message: 'Forbidden',
      code: 106,
      kind: 'forbidden',
      field: undefined,
      retryAfter: undefined,
      retry: 'never',
      fault: 'client',
    })
  })

  test('carries what is given', () => {
    const error = new MillraceError('rate-limited', { message: 'Slow down', field: 'data', retryAfter: 500 })
    expect(error).toMatchObject({ message: 'Slow down', field: 'data', retryAfter: 500, retry: 'later' })
  })

  test('is made from the number in a reply, known or not', () => {
    expect(new MillraceError(202)).toMatchObject({ kind: 'timeout', code: 202, retry: 'later' })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6000 }), (code) => {
        const error = new MillraceError(code)
        expect(error.code).toBe(code)
        expect(error.kind).toBe(codeName(code) ?? 'unknown')
        expect(error.retry).toBe(describeCode(code).retry)
      }),
    )
  })
})

test('docs/errors.md has every code with what to do, and every reason of a gap', async () => {
  await expect(errorsPage()).toMatchFileSnapshot('../../../docs/errors.md')
})
