import { describe, expect, it } from 'vitest'
import { DEFAULTS, resolveOptions } from './options.js'

describe('the options', () => {
  it('have a default each', () => {
    expect(resolveOptions({})).toEqual(DEFAULTS)
    expect(DEFAULTS).toEqual({
      backoff: { base: 500, cap: 10_000, stableAfter: 10_000 },
      timeouts: { connect: 10_000, request: 10_000 },
      limits: { pending: 1000, held: 1000, iterator: 1000, congestion: 65_536 },
    })
  })

  it('take durations in words and leave the rest at its default', () => {
    const settings = resolveOptions({
      token: 'secret',
      backoff: { cap: '1m', base: undefined },
      timeouts: { request: 250 },
      limits: { held: 5 },
    })
    expect(settings).toEqual({
      token: 'secret',
      backoff: { base: 500, cap: 60_000, stableAfter: 10_000 },
      timeouts: { connect: 10_000, request: 250 },
      limits: { ...DEFAULTS.limits, held: 5 },
    })
  })

  it.each([
    [{ token: 5 }, 'token must be string or function, not 5'],
    [{ token: null }, 'token must be string or function, not null'],
    [{ dialect: 'binary' }, 'dialect must be object, not binary'],
    [{ codecs: 'msgpack' }, 'codecs must be object, not msgpack'],
    [{ api: 1 }, 'api must be object, not 1'],
    [{ autoConnect: 'no' }, 'autoConnect must be boolean, not no'],
    [
      { backoff: { base: 'soon' } },
      "backoff.base must be milliseconds or like '10s', above 0 and below 25 days, not soon",
    ],
    [
      { backoff: { cap: 0 } },
      "backoff.cap must be milliseconds or like '10s', above 0 and below 25 days, not 0",
    ],
    [
      { timeouts: { request: '30d' } },
      "timeouts.request must be milliseconds or like '10s', above 0 and below 25 days, not 30d",
    ],
    [{ timeouts: { idle: 5 } }, 'There is no option timeouts.idle'],
    [{ limits: { pending: 0 } }, 'limits.pending must be a whole number above 0, not 0'],
    [{ limits: { held: 1.5 } }, 'limits.held must be a whole number above 0, not 1.5'],
    [{ limits: { iterator: '10' } }, 'limits.iterator must be a whole number above 0, not 10'],
  ])('%j throws a TypeError that names the option', (options, message) => {
    expect(() => resolveOptions(options as never)).toThrow(new TypeError(message))
  })
})
