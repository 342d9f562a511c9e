import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MillraceError } from '@millrace/protocol'
import { SignJWT } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JwtOptions } from './auth/jwt.js'
import type { Identity, User } from './hub/index.js'
import { channelJwt, jwt } from './jwt.js'

const SECRET = 'a secret of thirty-two bytes or more'
const request = (token: string | undefined) => ({ headers: {}, remoteAddress: '', token })
const seconds = () => Math.floor(Date.now() / 1000)
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
  vi.useRealTimers()
})

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A token made by hand, so that it can be wrong. */
function hmacToken(
  payload: unknown,
  { header = { alg: 'HS256' } as object, secret = SECRET, hash = 'sha256' } = {},
) {
  const signed = `${encoded(header)}.${encoded(payload)}`
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`
}
const good = () => ({ sub: 'ada', exp: seconds() + 60 })

/** Who the token stands for, or what it is refused with. */
async function verdict(options: JwtOptions<User>, token: string | undefined): Promise<unknown> {
  try {
    const said = (await jwt(options)(request(token))) as Identity | null
    return said === null ? null : said.user.id
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError)
    const { kind, message } = error as MillraceError
    return kind === 'unauthenticated' ? message : `${kind}: ${message}`
  }
}

describe('tokens signed with a shared secret', () => {
  it('RFC 7515 §A.1: the signature of the example is right, and its time is over', async () => {
    const key = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
    const token =
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    const options: JwtOptions<User> = {
      secret: Buffer.from(key, 'base64url'),
      user: ({ iss = '' }) => ({ id: iss }),
    }
    expect(await verdict(options, token)).toMatch(/^The token expired \d+ s ago$/)
    vi.useFakeTimers({ now: 1_300_819_379_000, toFake: ['Date'] })
    expect(await verdict(options, token)).toBe('joe')
    expect(await verdict(options, `${token.slice(0, -2)}Xl`)).toBe('The token’s signature is wrong')
  })

  it('answer at once, with whom they name and until when', () => {
    const exp = seconds() + 90
    const said = jwt({ secret: SECRET })(request(hmacToken({ sub: 'ada', exp, jti: 't-1', role: 'admin' })))
    expect(said).toEqual({
      user: { id: 'ada', claims: { sub: 'ada', exp, jti: 't-1', role: 'admin' } },
      expires: exp * 1000,
      tokenId: 't-1',
    })
  })

  it('are refused for what is wrong with them, by name', async () => {
    const options = { secret: SECRET, issuer: 'us', audience: ['chat', 'video'] }
    const fine = { ...good(), iss: 'us', aud: ['video', 'x'] }
    const check = (payload: unknown, how?: Parameters<typeof hmacToken>[1]) =>
      verdict(options, hmacToken(payload, how))
    expect(await check(fine)).toBe('ada')
    expect(await check({ ...fine, aud: 'chat' })).toBe('ada')
    expect(await check({ ...fine, iss: 'them' })).toBe('The token’s iss is not accepted here')
    expect(await check({ ...fine, aud: 'shop' })).toBe('The token’s aud is not accepted here')
    expect(await check({ ...fine, aud: undefined })).toBe('The token’s aud is not accepted here')
    expect(await check({ ...fine, exp: undefined })).toMatch('no exp')
    expect(await check({ ...fine, exp: '2099' })).toMatch('wrong exp')
    expect(await check({ ...fine, nbf: seconds() + 60 })).toMatch('nbf is to come')
    expect(await check({ ...fine, sub: undefined })).toMatch('no sub')
    expect(await check({ ...fine, jti: 5 })).toMatch('jti is no string')
    expect(await check([fine])).toMatch('no JSON object')
    expect(await check(fine, { secret: `${SECRET}?` })).toBe('The token’s signature is wrong')
    expect(await check(fine, { header: { alg: 'none' } })).toMatch('signed by none')
    expect(await check(fine, { header: { alg: 'HS512' }, hash: 'sha512' })).toMatch('signed by HS512')
    expect(await check(fine, { header: { alg: 'HS256', crit: ['b64'], b64: false } })).toMatch('crit')
    expect(await verdict(options, 'opaque')).toMatch('three parts')
    expect(await verdict(options, 'a.b.c')).toMatch('header is no JSON object')
    expect(await verdict(options, `${encoded({ alg: 'none' })}.${encoded(fine)}.`)).toMatch('signed by none')
    expect(await verdict(options, undefined)).toBeNull()
  })

  it('may be signed with either of two secrets, while one takes the other’s place', async () => {
    const next = 'another secret of thirty-two bytes or more'
    const options = { secret: [SECRET, next] }
    expect(await verdict(options, hmacToken(good()))).toBe('ada')
    expect(await verdict(options, hmacToken(good(), { secret: next }))).toBe('ada')
  })

  it('may be off by as much as clocks differ', async () => {
    const late = { sub: 'ada', exp: seconds() - 3, nbf: seconds() + 3 }
    expect(await verdict({ secret: SECRET }, hmacToken(late))).toBe('ada')
    expect(await verdict({ secret: SECRET, clockTolerance: 0 }, hmacToken(late))).toMatch(
      /expired [34] s ago/,
    )
    expect(
      await verdict({ secret: SECRET, clockTolerance: '1m' }, hmacToken({ ...late, exp: seconds() - 50 })),
    ).toBe('ada')
  })

  it('stand for whom the application says', async () => {
    const secret = SECRET
    expect(
      await verdict({ secret, user: async ({ sub = '' }) => ({ id: `user ${sub}` }) }, hmacToken(good())),
    ).toBe('user ada')
    expect(await verdict({ secret, user: () => null }, hmacToken(good()))).toBeNull()
  })
})

describe('what a token allows in itself', () => {
  const terms = async (payload: object, options: Partial<JwtOptions> = {}) =>
    (await jwt({ secret: SECRET, ...options })(request(hmacToken({ ...good(), ...payload })))) as Identity

  it('is its claim, and is refused when it cannot be read', async () => {
    const capabilities = { channels: { 'chat:*': ['subscribe'] } }
    expect(await terms({ capabilities, iat: 5 })).toMatchObject({ capabilities, issued: 5000 })
    expect((await terms({})).capabilities).toBeUndefined()
    await expect(terms({ capabilities: { channels: { 'chat:*': ['read'] } } })).rejects.toThrow(
      'claim capabilities has actions',
    )
    await expect(terms({ capabilities: null })).rejects.toThrow('is no object')
  })

  it('or what the application makes of its claims', async () => {
    const capabilities: JwtOptions['capabilities'] = ({ scope }) =>
      scope === 'read' ? { channels: { '*': ['subscribe', 'history'] } } : {}
    expect((await terms({ scope: 'read' }, { capabilities })).capabilities).toEqual({
      channels: { '*': ['subscribe', 'history'] },
    })
  })
})

const KINDS: readonly [string, () => { publicKey: KeyObject; privateKey: KeyObject }][] = [
  ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['PS384', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['ES384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['EdDSA', () => generateKeyPairSync('ed25519')],
]
const signed = (
  alg: string,
  key: KeyObject,
  { kid, payload = good() }: { kid?: string; payload?: object } = {},
) => new SignJWT({ ...payload }).setProtectedHeader({ alg, ...(kid && { kid }) }).sign(key)
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()

describe('tokens signed with a private key', () => {
  it.each(KINDS)('%s, verified with the public one as PEM and as JSON Web Key', async (alg, make) => {
    const { publicKey, privateKey } = make()
    const token = await signed(alg, privateKey)
    expect(await verdict({ publicKey: pem(publicKey) }, token)).toBe('ada')
    expect(await verdict({ publicKey: publicKey.export({ format: 'jwk' }) as never }, token)).toBe('ada')
    expect(await verdict({ publicKey: pem(make().publicKey) }, token)).toBe('The token’s signature is wrong')
    const [header, , signature] = token.split('.')
    const changed = `${header}.${encoded({ ...good(), sub: 'eve' })}.${signature}`
    expect(await verdict({ publicKey: pem(publicKey) }, changed)).toBe('The token’s signature is wrong')
  })

  it('RFC 8725 §2.1: a public key is no shared secret, whatever the token says', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const forged = hmacToken(good(), { secret: pem(publicKey) })
    expect(await verdict({ publicKey: pem(publicKey) }, forged)).toMatch('algorithm is not accepted')
    expect(
      await verdict({ publicKey: pem(publicKey) }, `${encoded({ alg: 'none' })}.${encoded(good())}.`),
    ).toMatch('not accepted')
  })

  it('are refused when their algorithm is not among those that may be', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const options = { publicKey: pem(publicKey), algorithms: ['PS256'] }
    expect(await verdict(options, await signed('RS256', privateKey))).toMatch('not accepted: PS256 are')
    expect(await verdict(options, await signed('PS256', privateKey))).toBe('ada')
    expect(await verdict(options, 'opaque')).toMatch('no signed JWT')
  })
})

describe('keys behind a URL', () => {
  async function keys() {
    const [first, second] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
    const jwk = (kid: string, { publicKey }: { publicKey: KeyObject }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg: 'EdDSA',
      use: 'sig',
    })
    const state = { asked: 0, isDown: false, keys: [jwk('1', first)] }
    const server = createHttpServer((_, response) => {
      state.asked++
      if (state.isDown) response.writeHead(503).end()
      else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: state.keys }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    const auth = jwt({ jwks: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys.json` })
    const ask = async (kid: string, { privateKey }: { privateKey: KeyObject }) => {
      try {
        return (
          (await auth(
            request(await signed('EdDSA', privateKey, { kid, payload: { sub: 'ada', exp: seconds() + 60 } })),
          )) as Identity
        ).user.id
      } catch (error) {
        return (error as MillraceError).kind
      }
    }
    return { state, first, second, ask, rotate: () => state.keys.splice(0, 1, jwk('2', second)) }
  }

  it('are asked for once, and again when a key is new', async () => {
    const { state, first, second, ask, rotate } = await keys()
    vi.useFakeTimers({ toFake: ['Date'] })
    expect(await Promise.all([ask('1', first), ask('1', first), ask('1', first)])).toEqual([
      'ada',
      'ada',
      'ada',
    ])
    expect(state.asked).toBe(1)
    rotate()
    // Not for every token that names a key nobody has.
    expect(await ask('2', second)).toBe('unauthenticated')
    expect(state.asked).toBe(1)
    vi.setSystemTime(Date.now() + 31_000)
    expect(await ask('2', second)).toBe('ada')
    expect(await ask('1', first)).toBe('unauthenticated')
    expect(state.asked).toBe(2)
  })

  it('are kept while nobody answers there, and nobody is told that a token is bad that could not be looked at', async () => {
    const { state, first, second, ask } = await keys()
    vi.useFakeTimers({ toFake: ['Date'] })
    state.isDown = true
    expect(await ask('1', first)).toBe('unavailable')
    state.isDown = false
    expect(await ask('1', first)).toBe('ada')
    state.isDown = true
    vi.setSystemTime(Date.now() + 3_600_000)
    expect(await ask('1', first)).toBe('ada')
    expect(await ask('1', second)).toBe('unauthenticated')
  })

  it('may be given as they are', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] } as never
    expect(await verdict({ jwks }, await signed('ES256', privateKey, { kid: 'k' }))).toBe('ada')
    expect(await verdict({ jwks }, await signed('ES256', privateKey, { kid: 'other' }))).toMatch(
      'key that is not known',
    )
  })
})

describe('options of jwt()', () => {
  it.each<[JwtOptions, string]>([
    [{}, 'needs one of secret, publicKey and jwks, not none'],
    [{ secret: SECRET, publicKey: 'x' }, 'not several'],
    [{ secret: 'short' }, 'at least 32 bytes, not 5'],
    [
      { secret: SECRET, algorithms: ['RS256'] },
      'algorithms must be some of HS256, HS384, HS512 here, not RS256',
    ],
    [{ publicKey: 'x', algorithms: ['none'] }, 'not none'],
    [{ publicKey: 'x', algorithms: [] }, 'algorithms must be some of'],
    [{ secret: SECRET, clockTolerance: 'soon' as never }, 'clockTolerance'],
    [{ jwks: 'not a url' }, 'Invalid URL'],
  ])('%o says what is wrong', (options, message) => {
    expect(() => jwt(options)).toThrow(TypeError)
    expect(() => jwt(options)).toThrow(message)
  })
})

describe('[H2.6] tokens of channels', () => {
  const grant = async (claims: object, channel = 'doc:1', user: User | undefined = { id: 'ada' }) => {
    const token = hmacToken({ exp: seconds() + 60, ...claims })
    try {
      const said = await channelJwt({ secret: SECRET })({ token, channel, user, session: 's1' })
      return said?.actions
    } catch (error) {
      const { kind, message, field } = error as MillraceError
      return `${kind} ${field}: ${message}`
    }
  }
  const FOLLOWS = ['subscribe', 'history', 'presence']

  it('grant what they say, for the channel they name, to whom they are for', async () => {
    expect(await grant({ channel: 'doc:1' })).toEqual(FOLLOWS)
    expect(await grant({ channel: 'doc:*', sub: 'ada', actions: ['*'] })).toEqual(['*'])
    expect(await grant({ channel: 'doc:1', actions: ['publish'] })).toEqual(['publish'])
    expect(await grant({ channel: 'doc:1' }, 'doc:1', undefined)).toEqual(FOLLOWS)
  })

  it.each([
    [{}, 'The token names no channel'],
    [{ channel: 'doc:2' }, "The token is for 'doc:2', not for 'doc:1'"],
    [{ channel: 'doc:1', sub: 'eve' }, 'The token is another user’s'],
    [{ channel: 'doc:1', actions: 'publish' }, 'The token’s actions must be a list of *'],
    [{ channel: 'doc:1', actions: ['fly'] }, 'The token’s actions must be a list of *'],
    [{ channel: 'doc:1', exp: seconds() - 60 }, 'The token expired'],
    [{ channel: 'doc:1', exp: undefined }, 'The token has no exp'],
  ])('are refused as forbidden where they are wrong: %j', async (claims, message) => {
    expect(await grant(claims)).toContain(`forbidden token: ${message}`)
  })

  it('say until when, and let nobody connect', async () => {
    const exp = seconds() + 60
    const token = hmacToken({ channel: 'doc:1', sub: 'ada', exp })
    const request = { token, channel: 'doc:1', user: { id: 'ada' }, session: 's1' }
    expect(await channelJwt({ secret: SECRET })(request)).toMatchObject({ expires: exp * 1000 })
    const dated = hmacToken({ channel: 'doc:1', exp, iat: exp - 90 })
    expect(await channelJwt({ secret: SECRET })({ ...request, token: dated })).toMatchObject({
      issued: (exp - 90) * 1000,
    })
    expect(await verdict({ secret: SECRET }, token)).toBe('This is the token of a channel, not of a user')
  })
})
