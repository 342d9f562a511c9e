/** Logins as browsers have them: over HTTP, with cookies. */
import type { Server } from 'node:http'
import { type Client, createClient, MillraceError } from '@millrace/client'
import { createSite, listen, stopListening } from '@millrace/ui/serve'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { SupportApi } from '../api.js'
import { createSupportChat, memoryStore, type SupportChat, type SupportChatOptions } from '../server.js'
import { DEMO } from './agents.js'
import { LIMITS } from './attempts.js'
import { COOKIE_LIFE, TOKEN_LIFE, Tokens } from './tokens.js'

const store = memoryStore()
const ACCESS_REVOKED = 4505
/** A second is promised; a machine that does other things as well may add something. */
const SOON = 3_000
let chat: SupportChat
let site: Server
let base = ''
const clients: Client<SupportApi>[] = []

async function start(options: SupportChatOptions = {}): Promise<void> {
  chat = createSupportChat({ store, ...options })
  site = createSite(chat.handlers)
  base = `127.0.0.1:${await listen(site, { port: 0, host: '127.0.0.1' })}`
  chat.attach(site)
}
async function stop(): Promise<void> {
  for (const client of clients.splice(0)) client.close()
  const stopped = stopListening(site)
  await chat.close()
  await stopped
}
/** Time is what the test says, from a start of the server on. */
async function restartInFakeTime(): Promise<void> {
  await stop()
  vi.useFakeTimers({ toFake: ['Date'] })
  await start()
}
beforeEach(() => start())
afterEach(async () => {
  await stop()
  vi.useRealTimers()
})

interface Answer {
  readonly status: number
  readonly body: {
    readonly token?: string
    readonly user?: { readonly id: string }
    readonly message?: string
  }
  readonly headers: Headers
}

/** A browser: it keeps the cookies it is given, and nothing else. */
class Jar {
  readonly #cookies = new Map<string, string>()

  async post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  }
  get(path: string): Promise<Answer> {
    return this.#ask(path, {})
  }
  set(name: string, value: string): void {
    this.#cookies.set(name, value)
  }
  cookie(name: string): string {
    return this.#cookies.get(name) ?? ''
  }
  /** What a thief has who read the cookies. */
  copy(): Jar {
    const copy = new Jar()
    for (const [name, value] of this.#cookies) copy.set(name, value)
    return copy
  }

  async #ask(path: string, { headers, ...request }: RequestInit): Promise<Answer> {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(`http://${base}/support/${path}`, {
      ...request,
      headers: { ...(headers as Record<string, string>), cookie },
    })
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Answer['body'],
    }
  }
}

const [INES, TOMAS] = DEMO.map(({ user, told }) => ({ user, password: told }))
async function loggedIn(credentials = INES): Promise<Jar> {
  const jar = new Jar()
  expect((await jar.post('desk/session', credentials)).status).toBe(200)
  return jar
}

/** Connects by the token function that pages have, and gives the codes for which the client closes for good. */
async function connected(jar: Jar, path = 'desk/token') {
  const codes: number[] = []
  let asked = 0
  const client = createClient<SupportApi>({
    url: `ws://${base}/support/millrace`,
    token: async () => {
      asked++
      const { status, body } = await jar.post(path)
      if (status !== 200) throw new MillraceError('unauthenticated', { message: body.message ?? '' })
      return body.token ?? ''
    },
    webSocket: WebSocket as never,
  })
  client.on('error', () => {})
  client.on('state', ({ name, code }) => {
    if (name === 'closed' && code !== undefined) codes.push(code)
  })
  clients.push(client)
  await client.connect()
  return { client, codes, asked: () => asked }
}
const kindOf = (request: Promise<unknown>): Promise<string> =>
  request.then(
    () => 'fine',
    (error: unknown) => (error instanceof MillraceError ? error.kind : String(error)),
  )
const claimsOf = (token = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('a customer', () => {
  it('says a name, and is the same person in this browser from then on', async () => {
    const jar = new Jar()
    const first = await jar.post('session', { name: '  Ana\n Sousa ' })
    expect(first.body.user).toMatchObject({ role: 'customer', name: 'Ana Sousa' })
    expect(first.body.token).toBeUndefined()
    expect((await jar.post('session', { name: 'Ana' })).body.user).toEqual({
      ...first.body.user,
      name: 'Ana',
    })
    expect((await new Jar().post('session', { name: 'Ana' })).body.user?.id).not.toBe(first.body.user?.id)
    expect((await connected(jar, 'token')).client.user).toBe(first.body.user?.id)
  })

  it('has a cookie that no script reads and no other site sends', async () => {
    const { headers } = await new Jar().post('session', { name: 'Ana' })
    expect(headers.get('set-cookie')).toMatch(
      /^support-customer=[\w.-]+; Path=\/support\/; Max-Age=604800; HttpOnly; SameSite=Strict$/,
    )
    const overTls = await new Jar().post('session', { name: 'Ana' }, { origin: `https://${base}` })
    expect(overTls.headers.get('set-cookie')).toMatch(/; Secure$/)
  })

  it('is remembered for a week since they came last, and then is a stranger', async () => {
    await restartInFakeTime()
    const jar = new Jar()
    await jar.post('session', { name: 'Ana' })
    const before = jar.cookie('support-customer')
    await jar.post('token')
    expect(jar.cookie('support-customer')).toBe(before)
    vi.setSystemTime(Date.now() + COOKIE_LIFE.customer - 60_000)
    expect((await jar.post('token')).status).toBe(200)
    expect(jar.cookie('support-customer')).not.toBe(before)
    vi.setSystemTime(Date.now() + COOKIE_LIFE.customer + 10_000)
    expect((await jar.post('token')).status).toBe(401)
  })

  it.each([{}, { name: ' \u202e ' }, { name: 'x'.repeat(61) }, null])(
    'who says %j is asked for a name',
    async (body) => {
      expect((await new Jar().post('session', body)).status).toBe(400)
    },
  )
})

describe('an access token', () => {
  it('is a JWT of its own each time, for fifteen minutes, of this login', async () => {
    const jar = await loggedIn()
    const [one, two] = [await jar.post('desk/token'), await jar.post('desk/token')].map(({ body }) =>
      claimsOf(body.token),
    )
    expect(one).toMatchObject({ sub: 'agent.ines', role: 'lead', name: 'Ines Moreau', iss: 'support-chat' })
    expect(Number(one?.['exp']) - Number(one?.['iat'])).toBe(TOKEN_LIFE / 1000)
    expect([one?.['jti'], one?.['sid']]).not.toContain(undefined)
    expect(one?.['jti']).not.toBe(two?.['jti'])
    expect(one?.['sid']).toBe(two?.['sid'])
  })

  it('of a customer is no good at the desk even where the rules are', async () => {
    const jar = new Jar()
    await jar.post('session', { name: 'Ana' })
    const { token } = (await jar.post('token')).body
    expect(claimsOf(token)['capabilities']).toEqual({
      channels: { 'support:*': ['*'], 'ticket:*': ['*'] },
      calls: ['support.*'],
    })
  })

  it('is renewed on the connection that stands', async () => {
    await stop()
    await start({ tokenLife: 2_000 })
    const jar = await loggedIn()
    const { client, asked } = await connected(jar)
    const states: string[] = []
    client.on('state', ({ name }) => states.push(name))
    // Two lives of a token, of which half is waited each time.
    await expect.poll(asked, { timeout: 15_000 }).toBeGreaterThan(4)
    expect(await kindOf(client.call('desk.tickets', {}))).toBe('fine')
    expect(states).toEqual([])
  })

  it.each([
    ['another secret', () => new Tokens({ secret: 'x'.repeat(40), now: Date.now })],
    ['long ago', () => new Tokens({ secret: store.secret, now: () => Date.now() - 3_600_000 })],
  ])('of %s lets nobody in, nor does a cookie in its place', async (_, made) => {
    const user = { id: 'agent.ines', role: 'lead', name: 'Ines', login: { id: 'l', at: 0 } } as const
    const cookie = await new Tokens({ secret: store.secret, now: Date.now }).cookie(user, 60_000)
    for (const token of ['', 'a.b.c', await made().access(user), cookie]) {
      const client = createClient<SupportApi>({
        ...{ url: `ws://${base}/support/millrace`, token, webSocket: WebSocket as never },
      })
      client.on('error', () => {})
      clients.push(client)
      expect(await kindOf(client.connect())).toMatch(/unauthenticated|authentication-failed/)
    }
  })

  it('is no cookie, nor is one person’s cookie another’s', async () => {
    const [agent, customer] = [await loggedIn(), new Jar()]
    await customer.post('session', { name: 'Ana' })
    for (const value of [
      (await agent.post('desk/token')).body.token ?? '',
      customer.cookie('support-customer'),
      `${agent.cookie('support-agent').slice(0, -3)}AAA`,
      'a.b.c',
    ]) {
      const jar = new Jar()
      jar.set('support-agent', value)
      expect((await jar.post('desk/token')).status).toBe(401)
    }
  })
})

describe('an agent', () => {
  it('logs in by name and password, and is told nothing of which was wrong', async () => {
    const jar = new Jar()
    const wrong = await jar.post('desk/session', { ...INES, password: 'mill-wheel-8' })
    const nobody = await jar.post('desk/session', { user: 'root', password: 'mill-wheel-7' })
    expect([wrong.status, wrong.body]).toEqual([401, { message: 'That user name and password do not match' }])
    expect([nobody.status, nobody.body]).toEqual([wrong.status, wrong.body])
    expect(jar.cookie('support-agent')).toBe('')
    const right = await jar.post('desk/session', { ...INES, user: ' Ines ' })
    expect(right.body).toEqual({ user: { id: 'agent.ines', role: 'lead', name: 'Ines Moreau' } })
    expect(right.headers.get('set-cookie')).toMatch(
      /Path=\/support\/; Max-Age=43200; HttpOnly; SameSite=Strict/,
    )
    expect((await jar.get('desk/session')).body).toEqual(right.body)
  })

  it.each([{}, { user: 'ines' }, { user: '', password: 'x' }, { user: ['ines'], password: 'x' }, [], 'ines'])(
    'is asked for both, not %j',
    async (body) => {
      expect((await new Jar().post('desk/session', body)).status).toBe(400)
    },
  )

  it('waits after five wrong passwords, and is told how long; others are let in', async () => {
    const guess = () => new Jar().post('desk/session', { ...TOMAS, password: 'guess' })
    // At once, so that no guess is looked at before all are counted.
    const answers = await Promise.all(Array.from({ length: 7 }, guess))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
    const right = await new Jar().post('desk/session', TOMAS)
    expect(right.status).toBe(429)
    const wait = Number(right.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(LIMITS.user.every / 1000)
    expect(right.body.message).toBe(`Too many failed attempts. Try again in ${wait} s`)
    await loggedIn(INES)
  })

  it('logs out: the cookie is gone, a copy of it is good for nothing, and what was connected by it ends within a second', async () => {
    const [jar, other] = [await loggedIn(), await loggedIn()]
    const [here, elsewhere] = [await connected(jar), await connected(other)]
    const thief = jar.copy()
    const { token = '' } = (await thief.post('desk/token')).body
    const since = performance.now()
    expect((await jar.post('desk/logout')).status).toBe(200)
    await expect.poll(() => here.codes, { timeout: SOON, interval: 10 }).toEqual([ACCESS_REVOKED])
    expect(performance.now() - since).toBeLessThan(SOON)
    expect(jar.cookie('support-agent')).toBe('')
    expect((await jar.get('desk/session')).body).toHaveProperty('demo')
    expect((await thief.post('desk/token')).status).toBe(401)
    const late = createClient({ url: `ws://${base}/support/millrace`, token, webSocket: WebSocket as never })
    late.on('error', () => {})
    clients.push(late as never)
    expect(await kindOf(late.connect())).toMatch(/^(revoked|access-revoked)$/)
    // The same agent in another browser goes on.
    expect(await kindOf(elsewhere.client.call('desk.tickets', {}))).toBe('fine')
    expect(elsewhere.codes).toEqual([])
    // Whoever has no login is logged out, too.
    expect((await new Jar().post('desk/logout')).status).toBe(200)
  })

  it('logs out everywhere, and is welcome again at once', async () => {
    const [jar, other] = [await loggedIn(TOMAS), await loggedIn(TOMAS)]
    const [here, elsewhere] = [await connected(jar), await connected(other)]
    await kindOf(here.client.call('desk.signOut', { agent: 'agent.tomas' }))
    for (const { codes } of [here, elsewhere])
      await expect.poll(() => codes, { timeout: SOON, interval: 10 }).toEqual([ACCESS_REVOKED])
    for (const one of [jar, other]) expect((await one.post('desk/token')).status).toBe(401)
    const { client } = await connected(await loggedIn(TOMAS))
    expect(await kindOf(client.call('desk.tickets', {}))).toBe('fine')
  })

  it('is signed out by a lead, within a second and in every browser, but signs nobody else out', async () => {
    const [lead, tomas] = [await connected(await loggedIn(INES)), await connected(await loggedIn(TOMAS))]
    expect(await kindOf(tomas.client.call('desk.signOut', { agent: 'agent.ines' }))).toBe('forbidden')
    const since = performance.now()
    expect(await kindOf(lead.client.call('desk.signOut', { agent: 'agent.tomas' }))).toBe('fine')
    await expect.poll(() => tomas.codes, { timeout: SOON, interval: 10 }).toEqual([ACCESS_REVOKED])
    expect(performance.now() - since).toBeLessThan(SOON)
    expect(lead.codes).toEqual([])
    await expect(lead.client.call('desk.signOut', { agent: 'agent.nobody' })).rejects.toThrow('no such agent')
  })

  it('who logs in where somebody is logged in takes the place of that login', async () => {
    const jar = await loggedIn(TOMAS)
    const before = jar.copy()
    await jar.post('desk/session', INES)
    expect((await before.post('desk/token')).status).toBe(401)
    expect((await jar.post('desk/token')).body.user).toMatchObject({ id: 'agent.ines' })
  })

  it('is what the accounts say now, whatever the cookie said: removed, or no lead any more', async () => {
    const [ines, tomas] = [await loggedIn(INES), await loggedIn(TOMAS)]
    await stop()
    await start({ agents: [{ ...(DEMO[0] as (typeof DEMO)[number]), role: 'agent' }] })
    expect((await tomas.post('desk/token')).status).toBe(401)
    expect((await ines.post('desk/token')).body.user).toMatchObject({ role: 'agent' })
  })

  it('is logged in for twelve hours, however often the page asks', async () => {
    await restartInFakeTime()
    const jar = await loggedIn()
    vi.setSystemTime(Date.now() + COOKIE_LIFE.agent - 60_000)
    expect((await jar.post('desk/token')).status).toBe(200)
    vi.setSystemTime(Date.now() + 70_000)
    expect((await jar.post('desk/token')).status).toBe(401)
  })
})

describe('pages of other sites', () => {
  it.each(['session', 'token', 'desk/session', 'desk/token', 'desk/logout'])(
    '%s takes nothing from',
    async (path) => {
      const body = { name: 'Ana', ...INES }
      const jar = await loggedIn()
      expect((await jar.post(path, body, { origin: 'https://elsewhere.example' })).status).toBe(403)
      expect((await jar.post(path, body, { 'content-type': 'text/plain' })).status).toBe(415)
      expect((await jar.post('desk/token')).status).toBe(200)
    },
  )

  it('nothing is given out or taken away by following a link', async () => {
    const jar = await loggedIn()
    for (const path of ['session', 'token', 'desk/token', 'desk/logout']) {
      const { status, headers, body } = await jar.get(path)
      expect([status, headers.get('allow'), body]).toEqual([
        405,
        'POST',
        { message: 'This is asked by POST' },
      ])
    }
    expect((await jar.get('desk/session')).body.token).toBeUndefined()
  })
})
