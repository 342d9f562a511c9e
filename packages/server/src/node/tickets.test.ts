/** Single-use tickets over real sockets: where they are asked for, where they are shown, and that they are written down nowhere. */
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Peer } from '../../test/peer.js'
import { ReaderClient } from '../../test/reader-client.js'
import { until } from '../../test/websocket-fixture.js'
import {
  channel,
  createServer,
  defineApi,
  Identity,
  type Logger,
  MillraceError,
  type ServerOptions,
} from '../index.js'
import { connect } from './connect.js'

const api = defineApi({ channels: { 'news:{topic}': channel({ history: { size: 100 } }) } })

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

type User = { readonly id: string }
/** Tokens are users, or `user:milliseconds`; a cookie is `user=…`. */
const auth: NonNullable<ServerOptions<typeof api, User>['auth']> = ({ token, headers }) => {
  const [id = '', left] = (token ?? /user=(\w+)/.exec(String(headers['cookie']))?.[1] ?? '').split(':')
  if (id === 'broken') throw new Error('no database')
  if (id === 'busy') throw new MillraceError('unavailable', { message: 'later', retryAfter: 7_000 })
  if (id === '') return null
  return left === undefined ? { id } : new Identity({ id }, { expires: Date.now() + Number(left) })
}

async function serve(options: ServerOptions<typeof api, User> = {}) {
  const logged: string[] = []
  const log = (message: string, details: { readonly error?: unknown } = {}): void => {
    logged.push(`${message} ${JSON.stringify(details)} ${String(details.error)}`)
  }
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const millrace = createServer({ api, logger, auth, ...options })
  const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
  closers.push(() => millrace.close())
  const url = `http://127.0.0.1:${port}/millrace`
  const post = async (headers: Readonly<Record<string, string>> = {}, init: RequestInit = {}) => {
    const response = await fetch(`${url}/ticket`, { method: 'POST', headers, ...init })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
  }
  const ticketOf = async (id: string) => (await millrace.ticket({ id })).ticket
  const peer = (query: string, ws?: { readonly origin: string }) => {
    const one = new Peer(`ws://127.0.0.1:${port}/millrace${query}`, ws === undefined ? {} : { ws })
    closers.push(() => one.socket.terminate())
    return one
  }
  const follow = (path: string, headers?: Readonly<Record<string, string>>) => {
    const reader = new ReaderClient(`${url}/channels/${path}`, headers)
    closers.push(() => reader.close())
    return reader
  }
  return { millrace, port, url, logged, post, ticketOf, peer, follow }
}

const BEARER = { authorization: 'Bearer ada' }

describe('[P1.14] a ticket in a URL', () => {
  it('lets a WebSocket in once, as its user, with a connect command that has no token', async () => {
    const { ticketOf, peer } = await serve()
    const query = `?x=1&ticket=${await ticketOf('ada')}`
    expect(await peer(query).connect()).toMatchObject({ kind: 'connected', body: { user: 'ada' } })
    const again = peer(query)
    expect(await again.connect()).toMatchObject({
      kind: 'error',
      body: { code: 105, message: 'The ticket was used before: each lets in once, get a new one' },
    })
    expect((await again.closed).code).toBe(4500)
  })

  it('lets a reader follow a channel, and another read a page', async () => {
    const { millrace, ticketOf, follow, url } = await serve()
    await millrace.publish('news:a', 'one')
    const path = `news:a/events?history=1&ticket=${await ticketOf('ada')}`
    const reader = follow(path)
    await until(() => reader.data.length === 1)
    const page = `${url}/channels/news:a/publications?ticket=${await ticketOf('ada')}`
    const [first, second] = [await fetch(page), await fetch(page)]
    expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'private, no-cache'])
    expect([second.status, await second.json()]).toMatchObject([401, { message: /used before/ }])
    // Who has come in stays, and who comes back with it is told to give up, as EventSource does at 401.
    await millrace.publish('news:a', 'two')
    await until(() => reader.data.length === 2)
    const back = follow(path, { accept: 'text/event-stream' })
    await until(() => back.hasEnded)
    expect([back.status, JSON.parse(back.text)]).toMatchObject([401, { name: 'unauthenticated' }])
  })

  it('is the user’s whatever cookie comes along, and none beside a token', async () => {
    const { ticketOf, url, millrace } = await serve()
    millrace.channel('news:{topic}').authorize(({ user, params }) => user.id === params.topic)
    const ticket = await ticketOf('ada')
    const read = (headers: Readonly<Record<string, string>>) =>
      fetch(`${url}/channels/news:ada/publications?ticket=${ticket}`, { headers })
    expect((await read({ authorization: 'Bearer eve' })).status).toBe(400)
    expect((await read({ cookie: 'user=eve' })).status).toBe(200)
  })

  it('is not used up by a foreign page, an unknown path, a method, or a request that is wrong', async () => {
    const { ticketOf, url, peer } = await serve()
    const ticket = await ticketOf('ada')
    const read = (target: string, init?: RequestInit) =>
      fetch(`${url}/${target}${target.includes('?') ? '&' : '?'}ticket=${ticket}`, init)
    const events = 'channels/news:a/events'
    const answers = [
      await read(events, { headers: { origin: 'https://evil.example' } }),
      await read('channels/news:a/nothing'),
      await read('poll', { method: 'POST', body: '{}' }),
      await read(events, { method: 'POST' }),
      await read(events, { method: 'OPTIONS' }),
      await read(`${events}?since=x`),
      await read(`${events}?token=x`),
      await read(`${events}?ticket=${ticket}`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 404, 200, 405, 204, 400, 400, 400])
    const foreign = peer(`?ticket=${ticket}`, { origin: 'https://evil.example' })
    await expect(foreign.opened).rejects.toThrow('403')
    await expect(peer(`?ticket=${ticket}&ticket=${ticket}`).opened).rejects.toThrow('400')
    expect((await peer(`?ticket=${ticket}`).connect()).kind).toBe('connected')
  })

  it('is not used up by an address that has too many connections', async () => {
    const { ticketOf, url } = await serve({
      ...{ trustedProxies: ['127.0.0.1'], rates: { reads: { perSecond: 0.001, burst: 1 } } },
    })
    const ticket = await ticketOf('ada')
    const from = async (address: string, query: string) =>
      (
        await fetch(`${url}/channels/news:a/publications${query}`, {
          headers: { 'x-forwarded-for': address },
        })
      ).status
    expect(await from('192.0.2.1', '')).toBe(401)
    expect(await from('192.0.2.1', `?ticket=${ticket}`)).toBe(429)
    expect(await from('192.0.2.2', `?ticket=${ticket}`)).toBe(200)
  })

  it('is written down nowhere, nor is what it holds', async () => {
    const { ticketOf, peer, follow, logged, url, post, millrace } = await serve()
    const tickets = await Promise.all(['ada', 'ada', 'ada'].map(ticketOf))
    const [one = '', two = '', three = ''] = tickets
    await peer(`?ticket=${one}`).connect()
    const said = [await peer(`?ticket=${one}`).connect(), await peer('?ticket=x').connect()]
    const readers = [two, two, three].map((ticket) => follow(`news:a/events?ticket=${ticket}`))
    await until(() => readers.every(({ text }) => text !== ''))
    const bad = await fetch(`${url}/channels/news:a/events?since=x&ticket=${three}`)
    await post({ authorization: 'Bearer broken' })
    await millrace.close()
    const answers = JSON.stringify(said) + (await bad.text()) + readers.map(({ text }) => text).join('')
    // The log has something of the one that failed, so it would have more.
    expect(logged.join('\n')).toContain('giving a ticket failed')
    for (const ticket of tickets) {
      // What is told may be written down as well.
      for (const text of [answers, logged.join('\n')]) expect(text).not.toContain(ticket.slice(0, 12))
    }
  })
})

describe('[P1.15] who asks for a ticket', () => {
  it('with a token or a cookie gets one of its user', async () => {
    const { post, peer } = await serve()
    for (const headers of [BEARER, { cookie: 'user=ada' }] as Record<string, string>[]) {
      const { status, headers: said, body } = await post(headers)
      expect([status, said.get('cache-control'), said.get('content-type')]).toEqual([
        ...[200, 'no-store, no-transform', 'application/json'],
      ])
      expect(body).toEqual({ ticket: expect.stringMatching(/^[\w-]{80,400}$/), expiresIn: 30_000 })
      expect(await peer(`?ticket=${body.ticket}`).connect()).toMatchObject({ body: { user: 'ada' } })
    }
  })

  it('gets none that outlives the token, nor a session that does', async () => {
    const { post, peer } = await serve()
    const { body } = await post({ authorization: 'Bearer ada:9000' })
    expect(body.expiresIn).toBeGreaterThan(8_000)
    expect(body.expiresIn).toBeLessThanOrEqual(9_000)
    const { body: connected } = (await peer(`?ticket=${body.ticket}`).connect()) as {
      readonly body: { readonly expires?: number }
    }
    expect(connected.expires).toBeLessThanOrEqual(9_000)
    expect(connected.expires).toBeGreaterThan(0)
  })

  it('without either, or with what is not accepted, gets none', async () => {
    const { post, logged } = await serve()
    const outcomes = await Promise.all([
      post(),
      post({ authorization: 'Bearer ada:-5000' }),
      post({ authorization: 'Bearer busy' }),
      post({ authorization: 'Bearer broken' }),
    ])
    expect(outcomes.map(({ status, body }) => [status, body.name])).toEqual([
      [401, 'unauthenticated'],
      [401, 'unauthenticated'],
      [503, 'unavailable'],
      [500, 'internal-error'],
    ])
    expect(outcomes.map(({ headers }) => headers.get('cache-control'))).toEqual(Array(4).fill('no-store'))
    expect(outcomes[0]?.headers.get('www-authenticate')).toBe('Bearer')
    expect(outcomes[2]?.headers.get('retry-after')).toBe('7')
    expect(logged.join('\n')).toContain('no database')
  })

  it('with a ticket gets none, nor with a token in the URL', async () => {
    const { url, ticketOf } = await serve()
    const ask = (query: string) => fetch(`${url}/ticket?${query}`, { method: 'POST' })
    expect((await ask(`ticket=${await ticketOf('ada')}`)).status).toBe(401)
    expect((await ask('token=ada')).status).toBe(400)
  })

  it('by another method is told which', async () => {
    const { post } = await serve()
    for (const method of ['GET', 'HEAD', 'PUT']) {
      const { status, headers } = await post({}, { method })
      expect([status, headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    }
  })

  it('from a page of another origin gets one only where that is allowed, and can read it there', async () => {
    const { post } = await serve({ allowedOrigins: ['https://shop.example'] })
    const evil = await post({ ...BEARER, origin: 'https://evil.example' })
    expect([evil.status, evil.headers.get('access-control-allow-origin')]).toEqual([403, null])
    expect((await post({ ...BEARER, origin: 'null' })).status).toBe(403)
    const shop = await post({ ...BEARER, origin: 'https://shop.example' })
    expect([shop.status, shop.headers.get('access-control-allow-origin'), shop.headers.get('vary')]).toEqual([
      ...[200, 'https://shop.example', 'origin'],
    ])
    const { status, headers } = await post({ origin: 'https://shop.example' }, { method: 'OPTIONS' })
    expect([status, headers.get('access-control-allow-methods')]).toEqual([204, 'POST'])
    expect(headers.get('access-control-allow-headers')).toContain('authorization')
  })

  it('may say more than is wanted, and the next request on the connection is understood', async () => {
    const { post } = await serve()
    for (let n = 0; n < 3; n++) expect((await post(BEARER, { body: 'x'.repeat(300_000) })).status).toBe(200)
  })

  it('counts as a new connection of its address, while it lasts and in their rate', async () => {
    let decide = (_: User): void => {}
    const pending = new Promise<User>((resolve) => {
      decide = resolve
    })
    const asked = vi.fn()
    const { post } = await serve({
      ...{ trustedProxies: ['127.0.0.1'], limits: { connectionsPerAddress: 2 } },
      rates: { handshakes: { perSecond: 0.001, burst: 4 } },
      auth: () => {
        asked()
        return pending
      },
    })
    const from = (address: string) => post({ 'x-forwarded-for': address })
    const waiting = [from('192.0.2.1'), from('192.0.2.1')]
    await until(() => asked.mock.calls.length === 2)
    expect(await from('192.0.2.1')).toMatchObject({ status: 429, body: { name: 'too-many-connections' } })
    decide({ id: 'ada' })
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200])
    const more = [await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.1')]
    expect(more.map(({ status, body }) => [status, body.name])).toEqual([
      [200, undefined],
      [200, undefined],
      [429, 'rate-exceeded'],
    ])
    expect((await from('192.0.2.2')).status).toBe(200)
  })

  it('of a server without auth finds nothing there', async () => {
    const millrace = createServer({ api, logger: console })
    closers.push(() => millrace.close())
    const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
    expect((await fetch(`http://127.0.0.1:${port}/millrace/ticket`, { method: 'POST' })).status).toBe(404)
    await expect(millrace.ticket({ id: 'ada' } as never)).rejects.toThrow('ticket() needs auth')
  })

  it('over HTTP/2 gets one, beside a body that nobody wants, and comes in by it', async () => {
    const millrace = createServer({ api, auth, logger: { ...console, warn() {} } })
    const server = createHttp2Server()
    millrace.attach(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const session = connectHttp2(`http://${host}`)
    closers.push(
      () => new Promise((resolve) => server.close(resolve)),
      () => millrace.close(),
      () => session.close(),
    )
    const ask = (headers: Readonly<Record<string, string>>, body: string) =>
      new Promise<string>((resolve, reject) => {
        const stream = session.request({ ':method': 'POST', ':path': '/millrace/ticket', ...headers })
        let text = ''
        stream.setEncoding('utf8')
        stream.on('data', (chunk: string) => {
          text += chunk
        })
        stream.on('error', reject).on('end', () => resolve(text))
        stream.end(body)
      })
    for (const body of ['', 'x'.repeat(10_000)])
      expect(JSON.parse(await ask(BEARER, body))).toMatchObject({ expiresIn: 30_000 })

    const { ticket } = JSON.parse(await ask(BEARER, ''))
    const replies: string[] = []
    const handler = {
      onMessage: (_: unknown, __: unknown, bytes: Uint8Array) => replies.push(Buffer.from(bytes).toString()),
      onClose: () => {},
    }
    for (const count of [1, 2]) {
      const link = await connect(`ws://${host}/millrace?ticket=${ticket}`, { http2: true, handler })
      closers.push(() => link.terminate())
      link.send('text', '{"id":1,"connect":{"version":1}}')
      await until(() => replies.length === count)
    }
    expect(JSON.parse(replies[0] ?? '')).toMatchObject({ connected: { user: 'ada' } })
    expect(JSON.parse(replies[1] ?? '')).toMatchObject({ error: { code: 105 } })
  })
})

describe('[H14.3] the application', () => {
  it('makes tickets, with a ttl, and is told what cannot be', async () => {
    const { millrace, peer } = await serve()
    expect((await millrace.ticket({ id: 'ada' }, { ttl: '2m' })).expiresIn).toBe(120_000)
    await expect(millrace.ticket({ id: 'ada' }, { ttl: '5m' })).rejects.toThrow('at most 240000 ms')
    await expect(millrace.ticket({ id: 'ada' }, { ttl: 'soon' as never })).rejects.toThrow(TypeError)
    await expect(millrace.ticket({} as User)).rejects.toThrow('for a user with an id')
    const capabilities = { channels: { 'news:a': ['subscribe' as const] } }
    const { ticket } = await millrace.ticket(new Identity({ id: 'ada' }, { capabilities }))
    const one = peer(`?ticket=${ticket}`)
    await one.connect()
    expect((await one.ask('subscribe', { channel: 'news:a' })).kind).toBe('subscribed')
    expect((await one.ask('subscribe', { channel: 'news:b' })).kind).toBe('error')
  })
})
