import { describe, expect, it } from 'vitest'
import { endpoint } from './url.js'

describe('the endpoint', () => {
  it.each([
    ['/millrace', 'https://shop.example/cart?x=1#y', 'wss://shop.example/millrace'],
    ['/millrace', 'http://localhost:8080/', 'ws://localhost:8080/millrace'],
    ['millrace', 'http://localhost/a/b', 'ws://localhost/a/millrace'],
    ['//other.example/ws', 'https://shop.example/', 'wss://other.example/ws'],
    ['ws://host/millrace', undefined, 'ws://host/millrace'],
    ['wss://host:8443/millrace?tenant=1', undefined, 'wss://host:8443/millrace?tenant=1'],
    ['http://host/millrace', undefined, 'ws://host/millrace'],
    ['https://host/millrace#frag', undefined, 'wss://host/millrace'],
    [new URL('https://host/millrace'), undefined, 'wss://host/millrace'],
    ['https://http.example/http', undefined, 'wss://http.example/http'],
  ])('%s seen from %s is %s', (url, base, full) => {
    expect(endpoint(url, base)).toBe(full)
  })

  it.each([
    ['/millrace', undefined, 'url must be a ws:, wss:, http: or https: URL, not /millrace'],
    ['ftp://host/', undefined, 'url must be a ws:, wss:, http: or https: URL, not ftp://host/'],
    ['http://', 'https://shop.example/', 'url must be a ws:, wss:, http: or https: URL, not http://'],
    [undefined, undefined, 'url must be a ws:, wss:, http: or https: URL, not undefined'],
  ])('%s seen from %s throws a TypeError that names the option', (url, base, message) => {
    expect(() => endpoint(url as string, base)).toThrow(new TypeError(message))
  })
})
