import { describe, expect, it } from 'vitest'
import { parseAddress, shownAddress } from './address.js'
import { openBroker, RedisBroker } from './index.js'

const parse = (url: string) => parseAddress(new URL(url))

describe('the address of a Redis', () => {
  it('has defaults', () => {
    expect(parse('redis://cache')).toEqual({ host: 'cache', port: 6379, tls: false, database: 0 })
    expect(parse('redis:')).toMatchObject({ host: 'localhost', port: 6379 })
  })

  it('has everything a URL can say', () => {
    expect(parse('rediss://app:p%40ss%2F1@[::1]:7000/3')).toEqual({
      host: '::1',
      port: 7000,
      tls: true,
      username: 'app',
      password: 'p@ss/1',
      database: 3,
    })
    expect(shownAddress(parse('redis://:x@[::1]:7000'))).toBe('[::1]:7000')
  })

  it.each([
    ['http://host', /begins with redis: or rediss:, not 'http:'/],
    ['redis://host/chat', /'\/chat' in a Redis URL is no database/],
    ['redis://:secret%@host', /write %25/],
  ])('%s is refused, and why', (url, why) => {
    expect(() => parse(url)).toThrow(why)
    expect(() => parse(url)).not.toThrow(/secret/)
  })

  it('is refused with what else the URL says', () => {
    const parts = {
      clock: { now: Date.now, schedule: () => () => {} },
      random: { id: () => 'x' },
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    }
    expect(() => openBroker(new URL('redis://host?db=3'), parts)).toThrow(
      /'\?db=' in a Redis URL means nothing/,
    )
    expect(openBroker(new URL('redis://host?prefix=app:'), parts)).toBeInstanceOf(RedisBroker)
    expect(() => new RedisBroker({ url: 'redis://:secret@ho st' })).toThrow(/^url is no URL/)
    expect(() => new RedisBroker({ url: 'redis://host', prefix: '{a}' })).toThrow(/has a brace/)
    expect(() => new RedisBroker({ url: 'redis://host', dedupeWindow: 0 })).toThrow(/dedupeWindow is 0/)
  })
})
