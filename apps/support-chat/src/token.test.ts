import { describe, expect, it } from 'vitest'
import { issueToken, readToken, TOKEN_LIFE, type User } from './token.js'

const SECRET = 'a secret'
const ana: User = { id: 'customer.1', role: 'customer', name: 'Ana “Zoë” \u{1F642}' }
const token = issueToken(SECRET, ana, 1_000)

describe('a token', () => {
  it('stands for its user until it expires', () => {
    expect(readToken(SECRET, token, 1_000)).toEqual(ana)
    expect(readToken(SECRET, token, 999 + TOKEN_LIFE)).toEqual(ana)
    expect(readToken(SECRET, token, 1_000 + TOKEN_LIFE)).toBeUndefined()
  })

  it('is of no use with another secret', () => {
    expect(readToken('another', token, 1_000)).toBeUndefined()
  })

  it('cannot be turned into an agent’s', () => {
    const [, signature] = token.split('.')
    const claims = { ...ana, role: 'agent', expires: 9e15 }
    const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
    expect(readToken(SECRET, `${body}.${signature}`, 1_000)).toBeUndefined()
  })

  it.each([
    undefined,
    '',
    '.',
    'a',
    'a.b',
    `${token}.x`,
    `${token}=`.slice(0, -2),
    'x'.repeat(100_000),
    token.replace('.', ''),
  ])('is refused when it is %j', (bad) => {
    expect(readToken(SECRET, bad, 1_000)).toBeUndefined()
  })

  it('needs every claim, even when the signature is right', () => {
    const nameless = issueToken(SECRET, { ...ana, name: '' }, 1_000)
    expect(readToken(SECRET, nameless, 1_000)).toBeUndefined()
  })
})
