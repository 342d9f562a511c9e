import { ErrorReply } from '@redis/client'
import { describe, expect, it } from 'vitest'
import { type Client, checkServer } from './client.js'
import { failureOf, noEntry } from './failures.js'

/** A Redis that says it is of this version. */
const server = (version: string): Client => ({
  isReady: true,
  connect: async () => {},
  destroy: () => {},
  send: async ([name]) => Buffer.from(name === 'INFO' ? `# Server\r\nredis_version:${version}\r\n` : 'PONG'),
  subscribe: async () => {},
  unsubscribe: async () => {},
})

describe('a Redis that cannot be used', () => {
  it.each(['6.2.0', '7.0.15', '8.2.1', '10.0.0'])('version %s can', async (version) => {
    await checkServer(server(version), 'host:6379')
  })

  it.each(['5.0.14', '6.0.16', '2.8.0'])('version %s is too old', async (version) => {
    const check = checkServer(server(version), 'host:6379')
    await expect(check).rejects.toThrow(
      `Redis at host:6379 is too old (${version}): 6.2 or later is needed, or Valkey`,
    )
  })

  it.each([
    ["ERR unknown command 'HELLO'", /too old/],
    ['NOAUTH HELLO must be called with the client already authenticated', /needs a password/],
    [
      'WRONGPASS invalid username-password pair or user is disabled.',
      /does not accept this user and password/,
    ],
    ['NOPERM this user has no permissions', /does not let this user/],
    ['ERR DB index is out of range', /no such database/],
  ])('%s is explained', (message, why) => {
    expect(noEntry(new ErrorReply(message), 'host:6379')?.message).toMatch(why)
  })

  it('is waited for when it only has to read its data, and when a socket failed', () => {
    expect(noEntry(new ErrorReply('LOADING Redis is loading the dataset in memory'), 'host')).toBeUndefined()
    expect(noEntry(new Error('ECONNRESET'), 'host')).toBeUndefined()
  })

  it('tells callers that it is unavailable, and why', () => {
    expect(failureOf(new ErrorReply('OOM command not allowed'), 'host:6379')).toMatchObject({
      kind: 'unavailable',
      retryAfter: 500,
      message: 'Redis at host:6379 refuses: OOM command not allowed',
    })
  })
})
