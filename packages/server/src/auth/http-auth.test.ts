import { CODES, MillraceError } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeBackend, SECRET, told, URL_OF_BACKEND } from '../../test/fake-backend.js'
import { Unreadable } from '../backend/index.js'
import { type AuthRequest, Identity } from '../hub/index.js'
import { settle } from '../testing/index.js'
import { createHttpAuth, type HttpAuthOptions } from './http-auth.js'
import { REFUSALS, readIdentity } from './identity-answer.js'

function world(options: Partial<HttpAuthOptions> = {}) {
  const fake = new FakeBackend()
  const auth = createHttpAuth({ url: URL_OF_BACKEND, secret: SECRET, retries: 0, ...options }, fake.ports)
  const ask = (request: Partial<AuthRequest> = {}) =>
    told(auth({ token: 't', headers: {}, remoteAddress: '192.0.2.1', ...request }))
  /** What becomes of somebody of whom the backend says this. */
  const verdict = async (status: number, body?: unknown) => {
    fake.answers(status, body)
    const said = ask()
    await settle()
    return said
  }
  return { fake, ask, verdict }
}

const UNAVAILABLE = { error: expect.objectContaining({ kind: 'unavailable', retry: 'later' }) }
const ADA = { user: { id: 'ada' } }

describe('the question', () => {
  it('is the token, the headers that are wanted, and where the client comes from', async () => {
    const { fake, ask } = world()
    const headers = { cookie: 'sid=1', authorization: 'Bearer x', 'user-agent': 'curl', host: 'h' }
    ask({ headers })
    ask({ token: undefined, headers: { cookie: ['a=1', 'b=2'] } })
    // As when a newer token is brought on a connection that stands.
    ask({ token: 'newer', remoteAddress: '' })
    await settle()
    expect(fake.questions).toEqual([
      {
        token: 't',
        headers: { cookie: 'sid=1', authorization: 'Bearer x' },
        remoteAddress: '192.0.2.1',
      },
      { headers: { cookie: 'a=1; b=2' }, remoteAddress: '192.0.2.1' },
      { token: 'newer' },
    ])
  })

  it('has other headers where others are named', async () => {
    const { fake, ask } = world({ headers: ['X-Forwarded-User', 'Accept-Language'] })
    ask({ headers: { cookie: 'sid=1', 'x-forwarded-user': 'ada', 'accept-language': ['de', 'en'] } })
    await settle()
    expect(fake.questions).toMatchObject([
      { headers: { 'x-forwarded-user': 'ada', 'accept-language': 'de, en' } },
    ])
    expect(fake.questions[0]).not.toHaveProperty('headers.cookie')
  })

  it.each([['cookie'], [['a b']], [[7]]])('headers: %j says what is wrong', (headers) => {
    expect(() => world({ headers: headers as never })).toThrow('httpAuth(): headers must be a list')
  })

  it('is asked once for all who ask the same at the same time, and again after', async () => {
    const { fake, ask } = world()
    const all = [ask(), ask(), ask({ token: 'other' }), ask({ remoteAddress: '192.0.2.2' })]
    await settle()
    expect(fake.requests).toHaveLength(3)
    fake.requests[0]?.answer(200, ADA)
    fake.requests[1]?.answer(401)
    fake.requests[2]?.answer(200, { user: { id: 'eve' } })
    await settle()
    const [first, second, other, elsewhere] = all
    expect(first).toEqual({ value: new Identity({ id: 'ada' }) })
    expect(second).toEqual(first)
    expect(other?.error).toMatchObject({ kind: 'unauthenticated' })
    expect(elsewhere?.value).toMatchObject({ user: { id: 'eve' } })
    ask()
    await settle()
    expect(fake.requests).toHaveLength(4)
  })
})

describe('who is let in', () => {
  it('is the user of the answer, with its terms', async () => {
    const { verdict } = world()
    const capabilities = { channels: { 'chat:*': ['subscribe'] } }
    const body = { user: { id: 'ada', role: 'admin' }, expires: 1_900_000_000, issued: 1_700_000_000.5 }
    expect(await verdict(200, { ...body, tokenId: 't-1', capabilities })).toEqual({
      value: new Identity({ id: 'ada', role: 'admin' } as never, {
        ...{ expires: 1_900_000_000_000, issued: 1_700_000_000_500, tokenId: 't-1' },
        capabilities: capabilities as never,
      }),
    })
    expect(await verdict(200, { ...ADA, expires: null, issued: null, tokenId: null, error: null })).toEqual({
      value: new Identity({ id: 'ada' }),
    })
  })
})

describe('who is refused', () => {
  it('is told the code and message that the backend says', async () => {
    const { fake, verdict } = world()
    for (const code of REFUSALS) {
      expect((await verdict(200, { error: { code, message: 'because' } })).error).toMatchObject({
        ...{ kind: code, code: CODES[code].code, message: 'because' },
      })
    }
    expect((await verdict(200, { error: {} })).error).toMatchObject({ kind: 'unauthenticated' })
    expect(
      (await verdict(200, { user: null, error: { code: 'rate-limited', retryAfter: 30 } })).error,
    ).toMatchObject({ kind: 'rate-limited', retryAfter: 30_000 })
    const long = await verdict(200, { error: { message: 'x'.repeat(10_000) } })
    expect(long.error).toMatchObject({ message: 'x'.repeat(500) })
    expect(fake.log).toEqual([])
  })

  it.each([401, 403])('may be so by status %i, whatever is said beside', async (status) => {
    const { fake, verdict } = world()
    for (const body of ['<html>', '', undefined, { error: 'invalid_token' }, { error: { code: 'nonsense' } }])
      expect((await verdict(status, body)).error).toMatchObject({ kind: 'unauthenticated' })
    expect((await verdict(status, { error: { code: 'revoked', message: 'gone' } })).error).toMatchObject({
      ...{ kind: 'revoked', message: 'gone' },
    })
    expect(fake.log).toEqual([])
  })
})

describe('nobody is let in, and everybody told to come back, by an answer', () => {
  it.each<[string, number, unknown, string]>([
    ['of another status', 201, ADA, 'status 201'],
    ['without content', 204, '', 'status 204'],
    ['that is a redirect', 302, ADA, 'redirects are not followed'],
    ['that is an error', 500, ADA, 'status 500'],
    ['that is a page', 200, '<html>ada</html>', 'no JSON object'],
    ['that is empty', 200, '', 'no JSON object'],
    ['that is a list', 200, [ADA], 'no JSON object'],
    ['that is null', 200, 'null', 'no JSON object'],
    ['that says nothing', 200, {}, 'without a user.id'],
    ['without an id', 200, { user: { name: 'ada' } }, 'without a user.id'],
    ['whose id is empty', 200, { user: { id: '' } }, 'without a user.id'],
    ['whose id is a number', 200, { user: { id: 7 } }, 'without a user.id'],
    ['whose user is a text', 200, { user: 'ada' }, 'without a user.id'],
    ['with a field that is misspelt', 200, { ...ADA, expire: 5 }, "with 'expire'"],
    ['with milliseconds', 200, { ...ADA, expires: 1_900_000_000_000 }, 'are they milliseconds?'],
    ['with a time that is a text', 200, { ...ADA, expires: '2030-01-01' }, 'expires is no number'],
    ['with an endless time', 200, '{"user":{"id":"ada"},"expires":1e999}', 'expires is no number'],
    ['whose tokenId is a number', 200, { ...ADA, tokenId: 7 }, 'tokenId is no text'],
    ['with capabilities that are none', 200, { ...ADA, capabilities: null }, 'capabilities is no object'],
    ['with unknown actions', 200, { ...ADA, capabilities: { channels: { a: ['read'] } } }, 'has actions'],
    ['that also refuses', 200, { ...ADA, error: {} }, 'both user and error'],
    ['whose error is a text', 200, { error: 'no' }, 'error is no object'],
    ['whose code is unknown', 200, { error: { code: 'nope' } }, 'error.code is none of'],
    ['whose code is not for that', 200, { error: { code: 'slow-consumer' } }, 'error.code is none of'],
  ])('%s', async (_, status, body, why) => {
    const { fake, verdict } = world()
    expect(await verdict(status, body)).toEqual(UNAVAILABLE)
    expect(fake.log).toEqual([expect.stringContaining(why)])
    expect(fake.log.join()).not.toContain('ada')
  })
})

describe('whatever a backend says', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.record({ id: fc.jsonValue(), code: fc.constantFrom(...REFUSALS), message: fc.jsonValue() }),
  )
  const body = fc.record(
    { user: value, expires: value, tokenId: value, issued: value, capabilities: value, error: value },
    { requiredKeys: [] },
  )
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    body.map((said) => JSON.stringify(said)),
  )

  it('is who connects, a refusal, or nothing that can be read', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(200, 401, 500), (said, status) => {
        try {
          const { user, expires = 0 } = readIdentity({ status, text: said, retryAfter: undefined })
          expect(status).toBe(200)
          expect(user).toEqual(JSON.parse(said).user)
          expect(user.id).toMatch(/./s)
          expect(expires).toBeGreaterThanOrEqual(0)
        } catch (error) {
          if (error instanceof MillraceError) expect(REFUSALS).toContain(error.kind)
          else expect(error).toBeInstanceOf(Unreadable)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
