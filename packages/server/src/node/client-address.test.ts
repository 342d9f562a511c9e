import { describe, expect, it } from 'vitest'
import { addressBehind } from './client-address.js'

describe('[H11.3] the address of a client', () => {
  const behind = addressBehind(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])
  const said = (remote: string | undefined, ...forwarded: string[]) =>
    behind(remote, { 'x-forwarded-for': forwarded.length === 1 ? forwarded[0] : forwarded })

  it('is what the nearest proxy that is not trusted says of itself, whatever is said before', () => {
    expect(said('10.1.2.3', '203.0.113.9')).toBe('203.0.113.9')
    expect(said('10.1.2.3', '1.1.1.1, 203.0.113.9, 10.9.9.9')).toBe('203.0.113.9')
    expect(said('192.0.2.7', '1.1.1.1', '203.0.113.9')).toBe('203.0.113.9')
    expect(said('::ffff:10.0.0.1', '::ffff:203.0.113.9')).toBe('203.0.113.9')
    expect(said('2001:db8::1', '2001:db9::5')).toBe('2001:db9::5')
  })

  it('is its own where nobody is trusted who says something else', () => {
    expect(said('203.0.113.1', '1.1.1.1')).toBe('203.0.113.1')
    expect(said('192.0.2.8', '1.1.1.1')).toBe('192.0.2.8')
    expect(addressBehind([])('203.0.113.1', { 'x-forwarded-for': '1.1.1.1' })).toBe('203.0.113.1')
    expect(addressBehind([])('::ffff:203.0.113.1', {})).toBe('203.0.113.1')
    expect(said(undefined)).toBe('')
  })

  it('is the proxy’s where it says nothing, or nonsense', () => {
    expect(behind('10.1.2.3', {})).toBe('10.1.2.3')
    expect(said('10.1.2.3', '')).toBe('10.1.2.3')
    expect(said('10.1.2.3', 'unknown')).toBe('10.1.2.3')
    expect(said('10.1.2.3', '1.1.1.1, <script>')).toBe('10.1.2.3')
    expect(said('10.1.2.3', '10.0.0.2, 10.0.0.3')).toBe('10.0.0.2')
  })

  it.each(['proxy.local', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/x', '', '2001:db8::/129'])(
    'cannot be behind %j',
    (proxy) => {
      expect(() => addressBehind([proxy])).toThrow(TypeError)
      expect(() => addressBehind([proxy])).toThrow('trustedProxies')
    },
  )
})
