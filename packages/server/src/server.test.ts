import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json, jsonDialect } from '@millrace/protocol'
import * as msgpack from '@msgpack/msgpack'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { Peer as BarePeer } from '../test/peer.js'
import {
  call,
  channel,
  createServer,
  defineApi,
  type Logger,
  MillraceError,
  type MillraceServer,
  type ServerOptions,
} from './index.js'

const api = defineApi({
  channels: {
    'chat:{room}': channel({
      message: z.object({ text: z.string() }),
      publish: 'anyone',
      history: { size: 10 },
    }),
    'inbox:{user}': channel(),
    'quotes:{symbol}': channel({
      message: z.object({ price: z.number() }),
      codec: 'msgpack',
      publish: 'anyone',
    }),
  },
  calls: { 'device.blink': call({ request: z.object({ times: z.number() }), response: z.string() }) },
})

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve<U extends { id: string } | undefined = undefined>(
  options: ServerOptions<typeof api, U> = {},
) {
  const millrace = createServer({ api, logger: silent, ...options })
  const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
  closers.push(() => millrace.close())
  return { millrace, port, url: `ws://127.0.0.1:${port}/millrace` }
}

/** A client that the end of the test cuts off. */
class Peer extends BarePeer {
  constructor(...args: ConstructorParameters<typeof BarePeer>) {
    super(...args)
    closers.push(() => this.socket.terminate())
  }
}

describe('the endpoint', () => {
  it('[P1.1] [P1.2] serves /millrace, and JSON to whoever asks for no subprotocol', async () => {
    const { url } = await serve()
    const peer = new Peer(url)
    expect(await peer.connect()).toMatchObject({
      kind: 'connected',
      body: { heartbeat: 10_000, maxMessage: 65_536 },
    })
    expect(peer.socket.protocol).toBe('')
  })

  it.each(['millrace.json', 'millrace.binary'])('[P1.2] speaks %s, whole path', async (protocol) => {
    const { url, millrace } = await serve()
    const [ann, bob] = [new Peer(url, { protocol }), new Peer(url)]
    await ann.connect()
    await bob.connect()
    expect(ann.socket.protocol).toBe(protocol)
    await ann.ask('subscribe', { channel: 'chat:a' })
    await bob.ask('subscribe', { channel: 'chat:a' })
    await ann.ask('publish', { channel: 'chat:a', data: json({ text: 'grüße 👋' }) })
    await millrace.publish('chat:a', { text: 'from the server' })
    for (const peer of [ann, bob]) {
      await vi.waitFor(() => expect(peer.of('publication')).toHaveLength(2))
      expect(peer.of('publication').map(({ data }) => data)).toEqual([
        json({ text: 'grüße 👋' }),
        json({ text: 'from the server' }),
      ])
    }
  })

  it('[P1.3] closes on frames of the wrong kind', async () => {
    const { url } = await serve()
    const peer = new Peer(url)
    await peer.connect()
    peer.socket.send(new Uint8Array([1, 2]))
    expect(await peer.closed).toMatchObject({ code: 4501, reason: expect.stringContaining('text frames') })
  })

  it('[P1.8] a normal close ends the session', async () => {
    const { url, millrace } = await serve()
    const left = vi.fn()
    millrace.on('disconnect', left)
    const peer = new Peer(url)
    const { body } = await peer.connect()
    peer.socket.close(1000)
    await vi.waitFor(() =>
      expect(left).toHaveBeenCalledWith(
        { session: 'session' in body && body.session, user: undefined },
        1000,
      ),
    )
  })

  it('[P1.9] says why it closes before it does', async () => {
    const { url, millrace } = await serve()
    const peer = new Peer(url)
    await peer.connect()
    await millrace.close()
    expect(peer.of('disconnect')).toEqual([
      { code: 4000, reason: 'The node is going away', retryAfter: 2_000 },
    ])
    expect(await peer.closed).toMatchObject({ code: 4000 })
  })

  it('[P3.9] tells an honest client that a message is too large, and cuts one far beyond', async () => {
    const { url } = await serve({ limits: { message: 1_000 } })
    const peer = new Peer(url)
    await peer.connect()
    peer.socket.send(`{"id":9,"publish":{"channel":"chat:a","data":{"text":"${'x'.repeat(1_000)}"}}}`)
    await vi.waitFor(() => expect(peer.of('error')).toHaveLength(1))
    expect(peer.of('error')[0]).toMatchObject({
      code: 113,
      message: expect.stringMatching(/1058 bytes.*1000/),
    })
    expect((await peer.ask('ping', {})).kind).toBe('pong')
    peer.socket.send('x'.repeat(2_001))
    expect(await peer.closed).toMatchObject({ code: 1009 })
  })

  it.each([
    ['same-origin', undefined, 'http://evil.example', 403],
    ['same-origin', undefined, 'http://HOST', 101],
    ['a list', ['https://good.example'], 'https://good.example', 101],
    ['a list', ['https://good.example'], 'http://HOST', 403],
    ['a pattern', [/\.good\.example$/], 'https://a.good.example', 101],
    ['any', '*', 'http://evil.example', 101],
  ] as const)(
    'checks the origin against %s %o: %s gets %i',
    async (_name, allowedOrigins, origin, status) => {
      const { url, port } = await serve(allowedOrigins === undefined ? {} : { allowedOrigins })
      const peer = new Peer(url, { ws: { origin: origin.replace('HOST', `127.0.0.1:${port}`) } })
      const got = await new Promise((resolve) => {
        peer.socket.on('upgrade', () => resolve(101))
        peer.socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      })
      expect(got).toBe(status)
    },
  )

  it('answers another path with 404 and leaves plain requests to the application', async () => {
    const http = createHttpServer((_request, response) => response.end('app'))
    const millrace = createServer({ api, logger: silent })
    millrace.attach(http)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    closers.push(
      () => http.close(),
      () => millrace.close(),
    )
    const { port } = http.address() as AddressInfo
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('app')
    const peer = new Peer(`ws://127.0.0.1:${port}/elsewhere`)
    await expect(peer.connect()).rejects.toThrow('404')
  })

  it('says what to do when the port is taken', async () => {
    const { port } = await serve()
    const other = createServer({ api, logger: silent })
    await expect(other.listen({ port, host: '127.0.0.1' })).rejects.toThrow(`Port ${port} is taken`)
    await other.close()
  })

  it('[P7.1] closes a peer that stopped answering', async () => {
    const { url } = await serve({ heartbeat: 500, patience: 500 })
    const peer = new Peer(url)
    await peer.connect()
    expect(await peer.closed).toMatchObject({ code: 4002 })
    expect(peer.of('ping')).toHaveLength(1)
  })

  it('closes a reader that is too slow with 4001, and nobody else', async () => {
    const { url, millrace } = await serve({ limits: { outbox: 200_000 } })
    const [slow, fast] = [new Peer(url), new Peer(url)]
    for (const peer of [slow, fast]) {
      await peer.connect()
      await peer.ask('subscribe', { channel: 'chat:a' })
    }
    const gone = vi.fn()
    millrace.on('disconnect', gone)
    slow.socket.pause()
    const text = 'x'.repeat(20_000)
    for (let i = 0; i < 2_000 && gone.mock.calls.length === 0; i++) {
      await millrace.publish('chat:a', { text })
      if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await vi.waitFor(() => expect(gone).toHaveBeenCalledWith(expect.anything(), 4001), { timeout: 8_000 })
    expect((await fast.ask('ping', {})).kind).toBe('pong')
  })
})

describe('users and sessions', () => {
  const auth = ({ token }: { readonly token: string | undefined }) =>
    token === undefined ? null : { id: token }

  async function home() {
    const { url, millrace } = await serve({ auth, subscriptions: ({ user }) => [`inbox:${user?.id}`] })
    const peers = [new Peer(url), new Peer(url), new Peer(url)] as const
    for (const [index, peer] of peers.entries()) await peer.connect(index < 2 ? 'ann' : 'bob')
    return { millrace, peers }
  }

  it('[P5.13] publishes to all devices of a user through their inbox', async () => {
    const { millrace, peers } = await home()
    await vi.waitFor(() => expect(peers.flatMap((peer) => peer.of('subscribed'))).toHaveLength(3))
    await millrace.publish('inbox:ann', { hello: 'ann' })
    await vi.waitFor(() => expect(peers.map((peer) => peer.of('publication').length)).toEqual([1, 1, 0]))
    expect(
      millrace
        .user('ann')
        .sessions()
        .map(({ user }) => user?.id),
    ).toEqual(['ann', 'ann'])
  })

  it('subscribes, unsubscribes, calls and disconnects all devices of a user', async () => {
    const { millrace, peers } = await home()
    const [first, second, other] = peers
    await millrace.user('ann').subscribe('chat:vip')
    await millrace.user('ann').subscribe('chat:vip')
    for (const peer of [first, second]) {
      await vi.waitFor(() =>
        expect(peer.of('subscribed').filter((body) => body.channel === 'chat:vip')).toHaveLength(1),
      )
    }
    await millrace.user('ann').unsubscribe('chat:vip', 'The party is over')
    await vi.waitFor(() =>
      expect(second.of('unsubscribed')).toEqual([
        { channel: 'chat:vip', code: 4502, reason: 'The party is over' },
      ]),
    )
    const answer = millrace.user('ann').call('device.blink', { times: 2 })
    await vi.waitFor(() => expect(second.of('call')).toHaveLength(1))
    second.socket.send(
      jsonDialect.encodeCommands([
        { id: 0, kind: 'answer', body: { call: second.of('call')[0]?.call ?? '', data: json('ok') } },
      ]),
    )
    expect(await answer).toBe('ok')
    await expect(millrace.user('nobody').call('device.blink', { times: 1 })).rejects.toMatchObject({
      kind: 'no-such-target',
    })
    millrace.user('ann').disconnect('Signed out')
    expect(await first.closed).toEqual({ code: 4502, reason: 'Signed out' })
    expect(await second.closed).toEqual({ code: 4502, reason: 'Signed out' })
    expect((await other.ask('ping', {})).kind).toBe('pong')
  })

  it('[P1.5] refuses who has no token', async () => {
    const { url } = await serve({ auth })
    const peer = new Peer(url)
    expect(await peer.connect()).toMatchObject({ kind: 'error', body: { code: 105 } })
    expect(await peer.closed).toMatchObject({ code: 4500 })
  })
})

describe('payload codecs', () => {
  it.each(['millrace.json', 'millrace.binary'])(
    '[P3.7] [P4.3] MessagePack over %s, checked by the schema',
    async (protocol) => {
      const { url, millrace } = await serve()
      const peer = new Peer(url, { protocol })
      await peer.connect()
      expect(await peer.ask('subscribe', { channel: 'quotes:ACME' })).toMatchObject({
        body: { codec: 'msgpack' },
      })
      const bytes = (value: unknown) => ({ codec: 'msgpack', bytes: msgpack.encode(value) }) as const
      await peer.ask('publish', { channel: 'quotes:ACME', data: bytes({ price: 1.5 }) })
      await millrace.publish('quotes:ACME', { price: 2 })
      await vi.waitFor(() => expect(peer.of('publication')).toHaveLength(2))
      const prices = peer
        .of('publication')
        .map(({ data }) => ('bytes' in data ? msgpack.decode(data.bytes) : data))
      expect(prices).toEqual([{ price: 1.5 }, { price: 2 }])
      expect(
        await peer.ask('publish', { channel: 'quotes:ACME', data: bytes({ price: 'x' }) }),
      ).toMatchObject({
        kind: 'error',
        body: { code: 111, field: 'data.price' },
      })
      expect((await millrace.history('quotes:ACME')).publications.map(({ message }) => message)).toEqual([
        { price: 1.5 },
        { price: 2 },
      ])
    },
  )
})

describe('mistakes of the developer', () => {
  it.each([
    [{ path: 'millrace' }, "path must start with '/'"],
    [{ heartbeat: 'soon' as never }, 'heartbeat must be milliseconds or a duration'],
    [{ limits: { message: -1 } }, 'limits.message must be a whole number'],
    [{ trustedProxies: ['my-proxy'] }, "not 'my-proxy'"],
    [{ rates: { message: false } as never }, "rates has no 'message'"],
    [{ rates: { messages: { perSecond: 0, burst: 5 } } }, 'rates.messages must be { perSecond, burst }'],
    [{ allowedOrigins: ['example.com'] }, "write scheme and host, as in 'https://example.com'"],
    [{ broker: 'carrier-pigeon:' }, "broker 'carrier-pigeon:' begins with no scheme known here"],
    [{ compression: { threshold: -1 } }, 'compression must be'],
  ])('%o is refused with what to write', (options, message) => {
    expect(() => createServer(options)).toThrow(message)
  })

  it('names the patterns and methods there are', () => {
    const millrace: MillraceServer<typeof api> = createServer({ api, logger: silent })
    // @ts-expect-error no such pattern
    expect(() => millrace.channel('chats:{room}')).toThrow(
      'it defines: chat:{room}, inbox:{user}, quotes:{symbol}',
    )
    // @ts-expect-error no such call
    expect(() => millrace.handle('device.blunk', () => '')).toThrow('it defines: device.blink')
    expect(() => createServer({ logger: silent }).channel('a:b')).toThrow('needs an api')
  })

  it('a listener that throws harms nobody', async () => {
    const error = vi.fn()
    const { url, millrace } = await serve({ logger: { ...silent, error } })
    millrace.on('connect', () => {
      throw new MillraceError('internal-error')
    })
    const peer = new Peer(url)
    expect((await peer.connect()).kind).toBe('connected')
    expect(error).toHaveBeenCalled()
  })
})

describe('revoke()', () => {
  const auth = ({ token }: { readonly token: string | undefined }) =>
    token === undefined ? null : { id: token }

  it('ends a user’s connections and refuses new ones', async () => {
    const { url, millrace } = await serve({ auth })
    const peers = [new Peer(url), new Peer(url)]
    for (const peer of peers) await peer.connect('ada')
    expect(await millrace.revoke({ user: 'ada' })).toEqual({ sessions: 2, silent: [] })
    for (const peer of peers) expect(await peer.closed).toMatchObject({ code: 4505 })
    const again = new Peer(url)
    expect(await again.connect('ada')).toMatchObject({ kind: 'error', body: { code: 121 } })
    expect(await again.closed).toMatchObject({ code: 4505 })
  })

  it('[H10.5] takes some of what a user may, for as long as it says, and gives it back', async () => {
    const { url, millrace } = await serve({ auth })
    millrace.handle('device.blink', () => 'blinked')
    const ada = new Peer(url)
    await ada.connect('ada')
    const say = async (kind: 'publish' | 'call', body: object) =>
      (await ada.ask(kind, body as never)).body as { readonly code?: number }
    const publish = () => say('publish', { channel: 'chat:a', data: json({ text: 'hi' }) })
    const blink = () => say('call', { method: 'device.blink', data: json({ times: 1 }) })
    const taken = { user: 'ada', channels: { 'chat:*': ['publish'] }, calls: ['device.*'] } as const
    expect(await millrace.revoke(taken, { for: '1h' })).toEqual({ sessions: 1, silent: [] })
    expect([(await publish()).code, (await blink()).code]).toEqual([121, 121])
    expect(await millrace.revoke({ ...taken, calls: undefined }, { for: 0 })).toEqual({
      sessions: 1,
      silent: [],
    })
    expect([(await publish()).code, (await blink()).code]).toEqual([undefined, 121])
  })

  it('says what it takes', async () => {
    const { millrace } = await serve({ auth })
    await expect(millrace.revoke({ user: 'a', channels: {} })).rejects.toThrow('channels that name nothing')
    await expect(millrace.revoke({})).rejects.toThrow('one of user, session and tokenId')
    await expect(millrace.revoke({ user: 'a', tokenId: 'b' })).rejects.toThrow(TypeError)
    await expect(millrace.revoke({ user: '' })).rejects.toThrow(TypeError)
    await expect(millrace.revoke({ user: 'a' }, { for: 'ever' as never })).rejects.toThrow('for')
    const open = await serve({})
    await expect(open.millrace.revoke({ user: 'ada' })).rejects.toThrow('needs auth')
  })
})
