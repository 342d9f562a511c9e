import { describe, expect, it } from 'vitest'
import { FakeBackend, SECRET, told, URL_OF_BACKEND } from '../../test/fake-backend.js'
import { settle } from '../testing/index.js'
import { type BackendAccess, createHttpAuthorize, type HttpAuthorizeOptions } from './http-authorize.js'

type Access = BackendAccess<{ readonly id: string } | undefined>
const ACCESS: Access = {
  user: { id: 'ada' },
  session: 's-1',
  channel: 'chat:lobby',
  params: { room: 'lobby' },
  action: 'subscribe',
}

function world(options: Partial<HttpAuthorizeOptions<Access['user']>> = {}) {
  const fake = new FakeBackend()
  const hook = createHttpAuthorize<Access['user']>(
    { url: URL_OF_BACKEND, secret: SECRET, retries: 0, ...options },
    fake.ports,
  )
  const ask = async (access: Partial<Access> = {}) => {
    const said = told((async () => hook({ ...ACCESS, ...access }))())
    await settle()
    return said
  }
  const advance = (ms: number) => fake.clock.advance(ms)
  return { fake, hook, ask, advance, requests: fake.requests }
}

const YES = { value: true }
const NO = { value: false }
const UNAVAILABLE = { error: expect.objectContaining({ kind: 'unavailable', retry: 'later' }) }

describe('the question and its answer', () => {
  it('are who wants to do what where, and whether that is allowed', async () => {
    const { fake, ask } = world({ refusedTtl: 0 })
    fake.answers(200, { allow: true })
    expect(await ask()).toEqual(YES)
    expect(fake.questions).toEqual([ACCESS])
    fake.answers(200, { allow: false })
    expect(await ask()).toEqual(NO)
    fake.answers(200, { allow: false, message: 'members only' })
    expect((await ask()).error).toMatchObject({
      kind: 'forbidden',
      message: 'members only',
      field: 'channel',
    })
    // A message is for who is refused.
    fake.answers(200, { allow: true, message: 'welcome', cache: null })
    expect(await ask()).toEqual(YES)
    expect(await ask({ user: undefined })).toEqual(YES)
    expect(fake.questions.at(-1)).not.toHaveProperty('user')
  })

  it('may have of the user what is chosen', async () => {
    const { fake, ask } = world({ user: (user) => user && { id: user.id.toUpperCase() } })
    await ask()
    expect(fake.questions).toMatchObject([{ user: { id: 'ADA' } }])
  })

  it.each<[string, number, unknown, string]>([
    ['has another status', 403, { allow: true }, 'status 403'],
    ['is an error', 500, { allow: true }, 'status 500'],
    ['is a redirect', 307, { allow: true }, 'redirects are not followed'],
    ['is a page', 200, '<html>', 'no JSON object'],
    ['is true alone', 200, 'true', 'no JSON object'],
    ['does not say', 200, {}, 'neither true nor false'],
    ['says it as a text', 200, { allow: 'true' }, 'neither true nor false'],
    ['says it as a number', 200, { allow: 1 }, 'neither true nor false'],
    ['says something else too', 200, { allow: true, ttl: 5 }, "with 'ttl'"],
    ['has a cache that is no number', 200, { allow: true, cache: '5s' }, 'cache is no number'],
    ['has a cache below 0', 200, { allow: true, cache: -1 }, 'cache is no number'],
    ['has a message that is no text', 200, { allow: false, message: {} }, 'message is no text'],
  ])('allow nothing when the answer %s', async (_, status, body, why) => {
    const { fake, ask } = world({ ttl: '1m' })
    fake.answers(status, body)
    expect(await ask()).toEqual(UNAVAILABLE)
    expect(fake.log).toEqual([expect.stringContaining(why)])
    // And that is not kept.
    fake.answers(200, { allow: true })
    expect(await ask()).toEqual(YES)
  })
})

describe('an answer that allows', () => {
  it('holds for nobody else by default, whatever the backend says', async () => {
    const { fake, ask, requests } = world()
    fake.answers(200, { allow: true, cache: 60 })
    await ask()
    await ask()
    expect(requests).toHaveLength(2)
  })

  it('holds as long as it says, and at most as long as it may', async () => {
    const { fake, ask, advance, requests } = world({ ttl: '30s' })
    for (const [cache, lasts] of [
      [10, 10_000],
      [60, 30_000],
      [0.5, 500],
    ] as const) {
      const before = requests.length
      fake.answers(200, { allow: true, cache })
      await ask()
      await advance(lasts - 1)
      expect(await ask()).toEqual(YES)
      expect(requests).toHaveLength(before + 1)
      await advance(1)
      fake.answers(200, { allow: false, cache: 0 })
      expect(await ask()).toEqual(NO)
    }
  })

  it('holds not at all where it does not say so', async () => {
    const { fake, ask, requests } = world({ ttl: '30s' })
    fake.answers(200, { allow: true })
    await ask()
    await ask()
    expect(requests).toHaveLength(2)
  })

  it('is about the user, the channel and the action, whichever session asks, and answers at once', async () => {
    const { fake, hook, ask, requests } = world({ ttl: '30s' })
    fake.answers(200, { allow: true, cache: 30 })
    await ask()
    expect(hook({ ...ACCESS, session: 's-2' })).toBe(true)
    await ask({ action: 'publish' })
    await ask({ channel: 'chat:den', params: { room: 'den' } })
    await ask({ user: { id: 'eve' } })
    // The same user, as the application knows it by a newer token.
    await ask({ user: { id: 'ada', role: 'guest' } as never })
    await ask({ user: undefined })
    expect(requests).toHaveLength(6)
  })

  it('makes room for others when there are too many, that first which was not used for longest', async () => {
    const { fake, ask, requests } = world({ ttl: '30s', entries: 2 })
    fake.answers(200, { allow: true, cache: 30 })
    const of = (channel: string) => ask({ channel })
    await of('chat:a')
    await of('chat:b')
    await of('chat:a')
    await of('chat:c')
    await of('chat:a')
    expect(requests).toHaveLength(3)
    await of('chat:b')
    expect(requests).toHaveLength(4)
  })
})

describe('an answer that does not allow', () => {
  it('holds for a second, for the session that asked, with its message', async () => {
    const { fake, ask, advance, requests } = world()
    fake.answers(200, { allow: false, message: 'members only', cache: 60 })
    await ask()
    await advance(999)
    expect((await ask()).error).toMatchObject({ message: 'members only' })
    expect(requests).toHaveLength(1)
    await ask({ session: 's-2' })
    expect(requests).toHaveLength(2)
    await advance(1)
    fake.answers(200, { allow: true })
    expect(await ask()).toEqual(YES)
  })

  it('holds for less where the backend says so', async () => {
    const { fake, ask } = world()
    fake.answers(200, { allow: false, cache: 0 })
    await ask()
    fake.answers(200, { allow: true })
    expect(await ask()).toEqual(YES)
  })
})

describe('the same question at the same time', () => {
  it('is asked once: of a session, and of a user where answers may hold', async () => {
    const { requests, ask } = world()
    await Promise.all([ask(), ask(), ask({ session: 's-2' })])
    expect(requests).toHaveLength(2)
    const kept = world({ ttl: '30s' })
    const all = await Promise.all([kept.ask(), kept.ask(), kept.ask({ session: 's-2' })])
    expect(kept.requests).toHaveLength(1)
    kept.requests[0]?.answer(200, { allow: true })
    await settle()
    expect(all).toEqual([YES, YES, YES])
  })

  it('has failed for all who asked it, and is asked anew after', async () => {
    const { fake, requests, ask } = world({ ttl: '30s' })
    const all = await Promise.all([ask(), ask()])
    requests[0]?.breakOff()
    await settle()
    expect(all).toEqual([UNAVAILABLE, UNAVAILABLE])
    fake.answers(200, { allow: true })
    expect(await ask()).toEqual(YES)
  })
})

describe('what is forgotten', () => {
  it('is what is known of a user, or of all', async () => {
    const { fake, hook, ask, requests } = world({ ttl: '30s' })
    fake.answers(200, { allow: true, cache: 30 })
    const both = async () => {
      await ask()
      await ask({ user: { id: 'eve' } })
      return requests.length
    }
    expect(await both()).toBe(2)
    hook.forget('ada')
    expect(await both()).toBe(3)
    hook.forget()
    expect(await both()).toBe(5)
    expect(await both()).toBe(5)
  })

  it('is also what was being asked: it is not kept, and not shared with who asks later', async () => {
    const { hook, ask, requests } = world({ ttl: '30s' })
    const before = await ask()
    hook.forget('ada')
    const after = await ask()
    expect(requests).toHaveLength(2)
    requests[0]?.answer(200, { allow: true, cache: 30 })
    await settle()
    expect([before, after]).toEqual([YES, {}])
    // Who asks now shares what is being asked since.
    const beside = await ask()
    expect(requests).toHaveLength(2)
    requests[1]?.answer(200, { allow: false, cache: 0 })
    await settle()
    expect([after, beside]).toEqual([NO, NO])
    await ask()
    expect(requests).toHaveLength(3)
  })
})

describe('options of httpAuthorize()', () => {
  it.each<[Partial<HttpAuthorizeOptions>, string]>([
    [{ ttl: 'soon' as never }, 'ttl must be milliseconds'],
    [{ refusedTtl: -1 }, 'refusedTtl must be milliseconds'],
    [{ entries: 0 }, 'entries must be a whole number of at least 1'],
    [{ url: '' }, 'url must be one like'],
  ])('%o says what is wrong', (options, message) => {
    expect(() => world(options as never)).toThrow(`httpAuthorize(): ${message}`)
  })
})
