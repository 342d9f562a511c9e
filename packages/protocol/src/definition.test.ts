import { describe, expect, test } from 'vitest'
import { call, channel } from './api.js'
import { callTimeoutOf, historyOf, slowPolicyOf, waitOf } from './definition.js'

describe('what a definition means', () => {
  test('a stream keeps 256 publications for ten minutes, a state 10,000 keys for a day', () => {
    expect(historyOf(channel())).toEqual({ size: 256, ttl: 600_000 })
    expect(historyOf(channel({ conflate: 'key' }))).toEqual({ size: 10_000, ttl: 86_400_000 })
  })

  test('what is said counts, and for the rest the default', () => {
    expect(historyOf(channel({ history: { ttl: '1h' } }))).toEqual({ size: 256, ttl: 3_600_000 })
    expect(historyOf(channel({ history: { size: 0, ttl: 5 } }))).toEqual({ size: 0, ttl: 5 })
    expect(callTimeoutOf(call({ timeout: '1.5s' }))).toBe(1500)
    expect(waitOf(call({ wait: { ttl: '7d' } }))).toEqual({ size: 1000, ttl: 604_800_000 })
    expect(waitOf(call({ wait: { size: 3 } }))).toEqual({ size: 3, ttl: 86_400_000 })
  })

  test('a slow reader of a state gets the newest, of a stream it comes back', () => {
    expect(slowPolicyOf(channel())).toBe('disconnect')
    expect(slowPolicyOf(channel({ conflate: 'key' }))).toBe('conflate')
    expect(slowPolicyOf(channel({ conflate: 'key', slow: 'drop-oldest' }))).toBe('drop-oldest')
  })

  test('a call has ten seconds, and waits for nobody', () => {
    expect(callTimeoutOf(call())).toBe(10_000)
    expect(waitOf(call())).toBeUndefined()
  })
})
