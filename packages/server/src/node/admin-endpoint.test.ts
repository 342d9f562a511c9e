import { request as httpRequest } from 'node:http'
import { json } from '@millrace/protocol'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Peer } from '../../test/peer.js'
import { createApiKey, openApiDocument, type Scope } from '../admin.entry.js'
import { call, channel, createServer, defineApi, Identity, type Logger } from '../index.js'

const api = defineApi({
  channels: {
    'orders:{id}': channel({
      message: z.object({ total: z.number() }),
      history: { size: 100 },
      ephemeral: z.string(),
    }),
    'inbox:{user}': channel({ history: { size: 10 } }),
    'blob:{id}': channel({ codec: 'raw', history: { size: 10 } }),
    'stock:{id}': channel({
      message: z.object({ sku: z.string(), left: z.number() }),
      conflate: ({ sku }) => sku,
    }),
  },
  calls: {
    'device.blink': call({ request: z.object({ times: z.number() }), response: z.string() }),
    'device.update': call({
      request: z.object({ to: z.string() }),
      response: z.string(),
      wait: { ttl: '1h' },
    }),
  },
})

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Asked {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

async function serve({
  scopes = ['*'],
  channels,
}: {
  scopes?: readonly (Scope | '*')[]
  channels?: readonly string[]
} = {}) {
  const logged: string[] = []
  const log = (message: string, details?: object): void => {
    logged.push(message + JSON.stringify(details ?? {}))
  }
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const { key, entry } = createApiKey({ id: 'test', scopes, channels })
  const millrace = createServer({
    ...{ api, logger, admin: { keys: [entry], body: 10_000 } },
    auth: ({ token }) =>
      token === undefined ? null : new Identity({ id: token }, { tokenId: `id of ${token}` }),
  })
  for (const pattern of Object.keys(api.channels) as (keyof typeof api.channels)[])
    millrace.channel(pattern).authorize(() => true)
  const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
  closers.push(() => millrace.close())
  const url = `http://127.0.0.1:${port}/millrace/admin`
  const ask = async (path: string, { method, body, headers }: Asked = {}) => {
    const response = await fetch(url + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  const connect = async (token: string): Promise<Peer> => {
    const peer = new Peer(`ws://127.0.0.1:${port}/millrace`)
    closers.push(() => peer.socket.terminate())
    await peer.connect(token)
    return peer
  }
  return { millrace, port, url, key, ask, connect, logged }
}

describe('[H12.1] who may ask', () => {
  it.each([
    ['no key', {}, 401, 'Send a key: Authorization: Bearer mk_…'],
    ['another scheme', { authorization: 'Basic abc' }, 401, 'Send a key'],
    [
      'a key that is not known',
      { authorization: `Bearer ${createApiKey({ scopes: ['*'] }).key}` },
      401,
      'not known',
    ],
    ['a page’s request', { origin: 'https://example.com' }, 403, 'Pages may not use this'],
  ])('nobody by %s', async (_, headers, status, message) => {
    const { ask } = await serve()
    const asked = await ask('/stats', { headers: { authorization: '', ...headers } })
    expect(asked.status).toBe(status)
    expect(asked.body.message).toContain(message)
  })

  it('whose key has the scope, and the channel', async () => {
    const { ask } = await serve({ scopes: ['publish'], channels: ['orders:*'] })
    expect((await ask('/publish', { body: { channel: 'orders:1', message: { total: 1 } } })).status).toBe(200)
    const other = await ask('/publish', { body: { channel: 'inbox:ann', message: 1 } })
    expect([other.status, other.body.message]).toEqual([
      403,
      "The key 'test' may not use 'inbox:ann': its channels are orders:*",
    ])
    const read = await ask('/channels/orders:1/history')
    expect([read.status, read.body.message]).toEqual([
      403,
      "The key 'test' has no scope 'read': it has publish",
    ])
  })

  it('nobody where no keys are set: nothing is there', async () => {
    const millrace = createServer({ api, logger: { debug() {}, info() {}, warn() {}, error() {} } })
    const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
    closers.push(() => millrace.close())
    expect((await fetch(`http://127.0.0.1:${port}/millrace/admin/stats`)).status).toBe(404)
  })

  it('and no key is in a log', async () => {
    const { ask, key, logged } = await serve()
    await ask('/publish', { body: { channel: 'orders:1', message: { total: 'much' } } })
    await ask('/nothing')
    expect(logged.join('\n')).not.toContain(key)
  })

  it('refuses keys that make no sense when the server is made', () => {
    expect(() => createServer({ admin: { keys: [{ id: 'a', hash: 'secret', scopes: ['*'] }] } })).toThrow(
      'admin.keys[0].hash must be',
    )
    expect(() => createServer({ admin: { keys: [], path: 'admin/' } })).toThrow('admin.path must start')
  })
})

describe('[H12.2] what is wrong with a request', () => {
  it.each([
    ['/publish', { body: '{' }, 400, 'The body is no JSON'],
    ['/publish', { body: '[]' }, 400, 'The body must be a JSON object'],
    ['/publish', { body: {} }, 400, 'channel: '],
    ['/publish', { body: { channel: 'orders:1', message: { total: 'x' } } }, 400, 'total'],
    ['/publish', { body: { channel: 'orders:1' } }, 400, 'message: give either message or base64'],
    ['/publish', { body: { channel: 'orders:1', message: {}, colour: 'red' } }, 400, 'colour'],
    ['/publish', { body: { channel: 'nothing:1', message: {} } }, 404, 'nothing:1'],
    ['/publish', { body: { channel: 'blob:1', base64: 'not it' } }, 400, 'base64: must be padded base64'],
    [
      '/publish',
      { body: { channel: 'orders:1', message: 'x'.repeat(20_000) } },
      413,
      'larger than admin.body',
    ],
    [
      '/publish',
      { body: '{}', headers: { 'content-type': 'text/plain' } },
      415,
      'Content-Type: application/json',
    ],
    ['/publish', { method: 'GET' }, 405, "'/publish' is asked with POST, not GET"],
    ['/nothing', {}, 404, "There is no '/nothing': GET /millrace/admin/openapi.json lists what there is"],
    ['/channels/%E0%A4%A/history', {}, 400, 'not well percent-encoded'],
    ['/channels/orders:1/history?limit=0', {}, 400, 'limit: '],
    ['/disconnect', { body: {} }, 400, 'user: give either user or session'],
    ['/revoke', { body: { user: 'a', session: 'b' } }, 400, 'one of user, session and tokenId'],
    [
      '/revoke',
      { body: { user: 'a', channels: {} } },
      400,
      'channels: revoke() is given channels that name nothing',
    ],
    [
      '/revoke',
      { body: { user: 'a', channels: { 'c:*:d': ['*'] } } },
      400,
      'channels: what revoke() is given',
    ],
    [
      '/revoke',
      { body: { user: 'a', channels: { 'c:d': ['write'] } } },
      400,
      'channels.c:d.0: Invalid option',
    ],
    ['/revoke', { body: { user: 'a', channels: { 'c:d': [] } } }, 400, 'channels.c:d: '],
    ['/revoke', { body: { user: 'a', calls: [] } }, 400, 'calls: '],
    [
      '/revoke',
      { body: { user: 'a', for: 'long' } },
      400,
      "for: must be milliseconds or a duration like '10s'",
    ],
    [
      '/call',
      { body: { user: 'nobody', method: 'device.blink', request: { times: 1 } } },
      404,
      'Not connected',
    ],
    ['/call', { body: { user: 'a', method: 'device.jump' } }, 404, 'device.jump'],
    [
      '/call',
      { body: { user: 'a', method: 'device.blink' }, headers: { 'idempotency-key': 'k' } },
      400,
      'A call cannot be repeated',
    ],
    ['/publish', { body: {}, headers: { 'idempotency-key': 'x'.repeat(201) } }, 400, 'Idempotency-Key'],
  ] as [string, Asked, number, string][])('%s %j is told: %i', async (path, asked, status, message) => {
    const { ask } = await serve()
    const answer = await ask(path, asked)
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining(message)])
    // Whoever was refused may go on over the same connection, or has to make another.
    expect((await ask('/stats')).status).toBe(200)
  })
})

describe('[H12.3] publishing', () => {
  it('once for one Idempotency-Key, or id', async () => {
    const { ask } = await serve()
    const body = { channel: 'orders:1', message: { total: 3 } }
    const headers = { 'idempotency-key': '"order-1-paid"' }
    const first = await ask('/publish', { body, headers })
    expect(first).toMatchObject({ status: 200, body: { offset: 1, epoch: expect.any(String) } })
    expect((await ask('/publish', { body, headers })).body).toEqual({ ...first.body, skipped: 'duplicate' })
    expect((await ask('/publish', { body: { ...body, id: 'order-1-paid' } })).body.skipped).toBe('duplicate')
    expect((await ask('/publish', { body })).body.offset).toBe(2)
    const { body: history } = await ask('/channels/orders:1/history?limit=1')
    expect(history).toMatchObject({
      position: { offset: 2 },
      publications: [{ message: { total: 3 }, offset: 2, time: expect.any(Number) }],
    })
  })

  it('many: each is stored or not by itself, those of one channel in their order, and all once', async () => {
    const { ask } = await serve()
    const order = (total: unknown, id = '1') => ({ channel: `orders:${id}`, message: { total } })
    const body = {
      publications: [order(1), order(1, '2'), order('x'), order(2), { channel: 'nothing:1', message: 0 }],
    }
    const headers = { 'idempotency-key': 'many' }
    const { body: said } = await ask('/batch', { body, headers })
    expect(said.results).toMatchObject([
      { channel: 'orders:1', offset: 1 },
      { channel: 'orders:2', offset: 1 },
      { channel: 'orders:1', error: { name: 'invalid-payload', field: expect.stringContaining('total') } },
      { channel: 'orders:1', offset: 2 },
      { channel: 'nothing:1', error: { name: 'unknown-channel' } },
    ])
    const again = await ask('/batch', { body, headers })
    expect(again.body.results.map(({ skipped }: { skipped?: string }) => skipped)).toEqual([
      ...['duplicate', 'duplicate', undefined, 'duplicate', undefined],
    ])
    const { body: history } = await ask('/channels/orders:1/history')
    expect(history.publications.map(({ message }: { message: unknown }) => message)).toEqual([
      { total: 1 },
      { total: 2 },
    ])
  })

  it('to the inboxes of users, who hear it', async () => {
    const { ask, connect } = await serve()
    const ann = await connect('ann')
    await ann.ask('subscribe', { channel: 'inbox:ann' })
    const { body } = await ask('/broadcast', {
      body: { users: ['ann', 'bob'], channel: 'inbox:{user}', message: 'Hello' },
    })
    expect(body.results).toMatchObject([
      { channel: 'inbox:ann', offset: 1 },
      { channel: 'inbox:bob', offset: 1 },
    ])
    await expect
      .poll(() => ann.of('publication'))
      .toMatchObject([{ channel: 'inbox:ann', data: { value: 'Hello' } }])
    const wrong = await ask('/broadcast', { body: { users: ['ann'], message: 1 } })
    expect(wrong.body.message).toBe('channels: give either channels, or users and channel')
  })

  it('bytes, states and what is not stored', async () => {
    const { ask, connect } = await serve()
    await ask('/publish', { body: { channel: 'blob:1', base64: 'AAEC' } })
    const { body } = await ask('/channels/blob:1/history')
    expect(body.publications).toMatchObject([{ message: 'AAEC' }])

    const stock = (left: number, expect: number) => ({
      channel: 'stock:1',
      message: { sku: 'a', left },
      expect,
    })
    expect((await ask('/publish', { body: stock(5, 0) })).body.offset).toBe(1)
    const conflict = await ask('/publish', { body: stock(6, 0) })
    expect([conflict.status, conflict.body.name]).toEqual([409, 'conflict'])
    expect((await ask('/remove', { body: { channel: 'stock:1', key: 'a' } })).body.offset).toBe(2)

    const ann = await connect('ann')
    await ann.ask('subscribe', { channel: 'orders:1' })
    expect((await ask('/send', { body: { channel: 'orders:1', message: 'typing' } })).body).toEqual({})
    await expect.poll(() => ann.of('ephemeral')).toHaveLength(1)
  })
})

describe('[H12.4] people and devices', () => {
  it('are seen, called, disconnected and revoked', async () => {
    const { ask, connect } = await serve()
    const [ann, bob] = [await connect('ann'), await connect('bob')]
    expect((await ask('/stats')).body).toMatchObject({ sessions: 2, nodes: [expect.any(String)] })
    const called = ask('/call', { body: { user: 'ann', method: 'device.blink', request: { times: 2 } } })
    await expect.poll(() => ann.of('call')).toHaveLength(1)
    ann.answer('blinked')
    expect((await called).body).toEqual({ response: 'blinked' })
    expect((await ask('/disconnect', { body: { user: 'ann', reason: 'Signed out' } })).body).toEqual({
      ...{ sessions: 1, silent: [] },
    })
    expect(await ann.closed).toEqual({ code: 4502, reason: 'Signed out' })
    expect((await ask('/revoke', { body: { tokenId: 'id of bob', for: '1h' } })).body).toEqual({
      sessions: 1,
      silent: [],
    })
    expect((await bob.closed).code).toBe(4505)
  })

  it('[H10.5] [H12.2] are left without something, and have it again', async () => {
    const { ask, connect } = await serve()
    const ann = await connect('ann')
    const publish = async () =>
      (await ann.ask('publish', { channel: 'orders:1', data: json({ total: 1 }) })).kind
    const taken = { user: 'ann', channels: { 'orders:*': ['publish'] }, calls: ['device.*'] }
    expect(await publish()).toBe('published')
    expect((await ask('/revoke', { body: { ...taken, for: '1h' } })).body).toEqual({
      sessions: 1,
      silent: [],
    })
    expect(await publish()).toBe('error')
    expect((await ask('/revoke', { body: { ...taken, for: 0 } })).body).toEqual({ sessions: 1, silent: [] })
    expect(await publish()).toBe('published')
    const limited = await serve({ channels: ['orders:*'] })
    expect((await limited.ask('/revoke', { body: taken })).status).toBe(403)
  })

  it('are asked to do something, once, now or when they are there', async () => {
    const { ask, connect } = await serve()
    const body = { user: 'pump', method: 'device.update', request: { to: '2.0' } }
    const headers = { 'idempotency-key': 'update-pump' }
    expect((await ask('/commands', { body: { ...body, wait: 1 }, headers })).body).toEqual({
      id: 'update-pump',
    })
    expect((await ask('/users/pump/commands')).body.commands).toMatchObject([
      { id: 'update-pump', method: 'device.update', request: { to: '2.0' }, state: 'waiting' },
    ])
    const answered = ask('/commands', { body: { ...body, wait: '20s' }, headers })
    const pump = await connect('pump')
    await expect.poll(() => pump.of('call')).toHaveLength(1)
    pump.answer('updated')
    expect((await answered).body).toEqual({ id: 'update-pump', response: 'updated' })
    expect((await ask('/users/pump/commands/update-pump/cancel', { method: 'POST' })).body).toEqual({
      cancelled: false,
    })
  })

  it('who are present are listed', async () => {
    const { ask } = await serve()
    expect((await ask('/channels/orders:1/presence')).body).toEqual({ members: [] })
  })
})

describe('[H12.5] tickets', () => {
  const NEWS = { channels: { 'orders:1': ['subscribe'] } }

  it('let a client in once, as the user that is named, with what is named', async () => {
    const { ask, port } = await serve({ scopes: ['tickets'] })
    const enter = async (ticket: string) => {
      const peer = new Peer(`ws://127.0.0.1:${port}/millrace?ticket=${ticket}`)
      closers.push(() => peer.socket.terminate())
      return { peer, reply: await peer.connect() }
    }
    const plain = await ask('/tickets', { body: { user: 'ann' } })
    expect([plain.status, plain.body]).toEqual([200, { ticket: expect.any(String), expiresIn: 30_000 }])
    expect((await enter(plain.body.ticket)).reply).toMatchObject({ body: { user: 'ann' } })
    expect((await enter(plain.body.ticket)).reply.kind).toBe('error')

    const expires = Date.now() + 60_000
    const body = { user: { id: 'bob', role: 'admin' }, ttl: '2m', capabilities: NEWS, expires }
    const full = await ask('/tickets', { body })
    // It ends with its session.
    expect(full.body.expiresIn).toBeGreaterThan(55_000)
    expect(full.body.expiresIn).toBeLessThanOrEqual(60_000)
    const { peer, reply } = await enter(full.body.ticket)
    expect(reply).toMatchObject({ body: { user: 'bob', expires: expect.any(Number) } })
    expect((await peer.ask('subscribe', { channel: 'orders:1' })).kind).toBe('subscribed')
    expect((await peer.ask('subscribe', { channel: 'orders:2' })).kind).toBe('error')
  })

  it.each([
    [{}, 'user', 'must be the id of a user, or the user'],
    [{ user: { name: 'ann' } }, 'user', 'must be the id of a user, or the user'],
    [{ user: 'ann', ttl: '5m' }, 'ttl', 'must be above 0 and at most 4 minutes'],
    [{ user: 'ann', ttl: 0 }, 'ttl', 'must be above 0 and at most 4 minutes'],
    [{ user: 'ann', expires: 1_767_225_600 }, 'expires', 'is over: it must be milliseconds since 1970'],
    [
      { user: 'ann', capabilities: { calls: ['a*b'] } },
      'capabilities',
      'has calls that are no list of names',
    ],
    [{ user: { id: 'ann', note: 'x'.repeat(4_000) } }, 'user', 'characters, and 4096 are what a URL bears'],
    [{ user: 'ann', rights: [] }, undefined, 'rights'],
  ])('%j is refused, naming %s', async (body, field, message) => {
    const { ask } = await serve({ scopes: ['tickets'] })
    const answer = await ask('/tickets', { body })
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { name: 'invalid-payload', message: expect.stringContaining(message) },
    ])
    expect(answer.body.field).toBe(field)
  })

  it('are for keys with their scope, of all channels, and in no log', async () => {
    const other = await serve({ scopes: ['people', 'publish', 'read', 'call', 'stats'] })
    expect((await other.ask('/tickets', { body: { user: 'ann' } })).status).toBe(403)
    const limited = await serve({ channels: ['orders:*'] })
    expect((await limited.ask('/tickets', { body: { user: 'ann' } })).status).toBe(403)
    const { ask, logged } = await serve()
    const { body } = await ask('/tickets', { body: { user: 'ann' } })
    await ask('/revoke', { body: { user: 'ann' } })
    // Of tickets that are made later it is as of tokens that are issued later.
    expect((await ask('/tickets', { body: { user: 'ann' } })).status).toBe(200)
    expect(logged.join('\n')).not.toContain(body.ticket)
  })
})

describe('what it says of itself', () => {
  it('is an OpenAPI document, for who has a key', async () => {
    const { ask } = await serve({ scopes: ['stats'] })
    const { status, body } = await ask('/openapi.json')
    expect([status, body]).toEqual([
      200,
      openApiDocument({ url: '/millrace/admin', version: body.info.version }),
    ])
    const { valid, errors } = await new Validator().validate(body)
    expect([valid, errors]).toEqual([true, undefined])
  })
})

it('a request whose body breaks off harms nobody', async () => {
  const { port, ask, key } = await serve()
  const request = httpRequest({
    ...{ port, host: '127.0.0.1', method: 'POST', path: '/millrace/admin/publish' },
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': 100 },
  })
  request.on('error', () => {})
  request.write('{')
  await new Promise((resolve) => setTimeout(resolve, 50))
  request.destroy()
  expect((await ask('/stats')).status).toBe(200)
})
