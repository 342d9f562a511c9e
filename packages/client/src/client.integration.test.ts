/** The client against the real server, over real sockets: what must hold whatever is between them. */
import { call, channel, defineApi, type Gap, MillraceError } from '@millrace/protocol'
import { createServer, type MillraceServer } from '@millrace/server'
import { WebSocket as UndiciWebSocket } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket as WsWebSocket } from 'ws'
import { z } from 'zod'
import { FaultyNetwork } from '../../../test/support/faulty-network.js'
import { binary } from './binary.js'
import { type Client, type ClientOptions, createClient } from './index.js'

const api = defineApi({
  channels: {
    'chat:{room}': channel({
      message: z.object({ text: z.string() }),
      ephemeral: z.object({ typing: z.boolean() }),
      presence: z.object({ name: z.string() }),
      publish: 'anyone',
      identify: true,
      history: { size: 2000 },
    }),
    'numbers:{of}': channel({ message: z.number(), publish: 'anyone', codec: 'msgpack' }),
    'inbox:{user}': channel({ message: z.string() }),
  },
  calls: {
    sum: call({ request: z.array(z.number()), response: z.number() }),
    'device.reboot': call({ request: z.object({ hard: z.boolean() }), response: z.string() }),
  },
})
type User = { readonly id: string }

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

type Options = Parameters<typeof createServer<typeof api, User>>[0]

async function serve(
  options: Options = {},
  port = 0,
): Promise<{ server: MillraceServer<typeof api, User>; port: number }> {
  const server = createServer<typeof api, User>({
    api,
    auth: ({ token }) => (token === undefined || token === 'bad' ? null : { id: token }),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    ...options,
  })
  // Everybody may do everything here; authorization has tests of its own.
  for (const pattern of ['chat:{room}', 'numbers:{of}', 'inbox:{user}'] as const)
    server.channel(pattern).authorize(() => true)
  server.handle('sum', ({ request }) => request.reduce((sum, one) => sum + one, 0))
  closers.push(() => server.close())
  const address = await server.listen({ port, host: '127.0.0.1' })
  return { server, port: address.port }
}

function join(port: number, options: Partial<ClientOptions<typeof api>> = {}): Client<typeof api> {
  const client = createClient<typeof api>({
    url: `ws://127.0.0.1:${port}/millrace`,
    token: 'ada',
    webSocket: WsWebSocket,
    backoff: { base: 20, cap: 200 },
    ...options,
  })
  closers.push(() => client.close())
  return client
}

/** A client behind a network that can be cut. */
async function distant(port: number, options: Partial<ClientOptions<typeof api>> = {}) {
  const network = new FaultyNetwork(port)
  const near = await network.listen()
  closers.push(() => network.close())
  return { network, client: join(near, options) }
}

const text = (n: number) => ({ text: `message ${n}` })

/** What a client may come by. Whatever it is, the same holds. */
const TRANSPORTS = [
  ['a WebSocket', (): Partial<ClientOptions<typeof api>> => ({})],
  ['a WebSocket, binary', () => ({ dialect: binary() })],
  ['a stream', () => ({ transports: ['stream'] as const })],
  ['polling', () => ({ transports: ['poll'] as const })],
] as const

describe.each([
  ['ws, JSON', () => ({ webSocket: WsWebSocket })],
  ['ws, binary', () => ({ webSocket: WsWebSocket, dialect: binary() })],
  ['undici, JSON', () => ({ webSocket: UndiciWebSocket })],
  ['undici, binary', () => ({ webSocket: UndiciWebSocket, dialect: binary() })],
  ['a stream [P8.6]', () => ({ transports: ['stream'] as const })],
  ['polling [P8.4]', () => ({ transports: ['poll'] as const })],
])('over %s', (_, options) => {
  it('clients meet in a channel: messages, history, presence, ephemeral messages', async () => {
    const { port } = await serve()
    const ada = join(port, options())
    const bob = join(port, { ...options(), token: 'bob' })
    const heard: unknown[] = []
    const here = ada.channel('chat:lobby')
    const first = await here.publish({ text: 'hello' })
    const there = bob.channel('chat:lobby')
    there.on('message', ({ text }, { from, offset, recovered }) =>
      heard.push([offset, text, from?.user, recovered]),
    )
    there.on('ephemeral', ({ typing }, { from }) => heard.push(['typing', typing, from?.user]))
    there.on('presence', ({ joined, departed }) =>
      heard.push(['presence', joined.map(({ data }) => data.name), departed.map(({ user }) => user)]),
    )
    await there.subscribe()
    await here.enter({ name: 'Ada' })
    here.sendEphemeral({ typing: true })
    const second = await here.publish({ text: 'anybody?' })
    expect(second).toEqual({ epoch: first.epoch, offset: first.offset + 1 })
    await here.leave()
    await vi.waitFor(() =>
      expect(heard).toEqual([
        ['presence', [], []],
        ['presence', ['Ada'], []],
        ['typing', true, 'ada'],
        [2, 'anybody?', 'ada', false],
        ['presence', [], ['ada']],
      ]),
    )
    const { publications, more } = await there.history({ limit: 1 })
    expect(publications.map(({ message }) => message.text)).toEqual(['anybody?'])
    expect(more).toBe(true)
    expect(await there.members()).toHaveLength(0)
    expect(ada.user).toBe('ada')
  })

  it('payloads in a binary codec pass as they are', async () => {
    const msgpack = await import('@msgpack/msgpack')
    const { port } = await serve()
    const client = join(port, { ...options(), api, codecs: { msgpack } })
    const room = client.channel('numbers:primes', { history: 3 })
    for (const n of [2, 3, 5, 7]) await room.publish(n)
    const heard: unknown[] = []
    for await (const { message } of room) {
      heard.push(message)
      if (message === 7) break
    }
    expect(heard).toEqual([3, 5, 7])
  })

  it('calls go both ways, with their errors', async () => {
    const { server, port } = await serve()
    const client = join(port, options())
    expect(await client.call('sum', [1, 2, 3])).toBe(6)
    await expect(client.call('sum', ['x'] as never)).rejects.toMatchObject({ kind: 'invalid-payload' })
    client.handle('device.reboot', ({ request }) => {
      if (request.hard) throw new MillraceError('forbidden', { message: 'Not while it runs' })
      return 'rebooting'
    })
    expect(await server.user('ada').call('device.reboot', { hard: false })).toBe('rebooting')
    await expect(server.user('ada').call('device.reboot', { hard: true })).rejects.toMatchObject({
      kind: 'forbidden',
      message: 'Not while it runs',
    })
  })

  it('what does not fit the schema is refused with the field, and the connection lives on', async () => {
    const { port } = await serve()
    const room = join(port, options()).channel('chat:lobby')
    await expect(room.publish({ text: 5 } as never)).rejects.toMatchObject({
      kind: 'invalid-payload',
      field: 'data.text',
    })
    await expect(room.publish({ text: 'x'.repeat(70_000) })).rejects.toMatchObject({
      kind: 'message-too-large',
    })
    expect((await room.publish(text(1))).offset).toBe(1)
  })
})

/** Connected, be it slower than it could be. */
const isConnected = ({ state }: Client<typeof api>): boolean => /^(connected|degraded)$/.test(state.name)

describe.each(TRANSPORTS)('refusals over %s', (_, options) => {
  it('a bad token closes the client for good, and says why [P1.5]', async () => {
    const { port } = await serve()
    const client = join(port, { ...options(), token: 'bad' })
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    await expect(client.connect()).rejects.toMatchObject({ kind: 'authentication-failed' })
    expect(client.state).toMatchObject({ name: 'closed', code: 4500 })
    expect(errors).toHaveLength(1)
  })

  it('the application ends a session, and the client stays away [P1.8]', async () => {
    const { server, port } = await serve()
    const client = join(port, options())
    client.on('error', () => {})
    await client.connect()
    server.user('ada').disconnect('You have logged out')
    await vi.waitFor(() => expect(client.state).toMatchObject({ name: 'closed', code: 4502 }))
  })

  it('an unknown channel fails its subscription', async () => {
    const { port } = await serve()
    const client = join(port, options())
    await expect(client.channel('nowhere:1' as 'chat:1').subscribe()).rejects.toMatchObject({
      kind: 'unknown-channel',
    })
  })
})

describe.each(TRANSPORTS)('the server’s own subscriptions over %s', (_, options) => {
  it('are there from the beginning, and after a cut, without loss [P5.13]', async () => {
    const { server, port } = await serve({ subscriptions: ({ user }) => [`inbox:${user.id}`] })
    const { network, client } = await distant(port, options())
    const heard: string[] = []
    client.on('subscription', (room) => room.on('message', (message) => heard.push(String(message))))
    await client.connect()
    await vi.waitFor(() => expect(client.channel('inbox:ada').state.name).toBe('subscribed'))
    await server.publish('inbox:ada', 'one')
    await vi.waitFor(() => expect(heard).toEqual(['one']))
    network.cut()
    await server.publish('inbox:ada', 'two')
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two']))
    await server.publish('inbox:ada', 'three')
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two', 'three']))
  })
})

describe.each(TRANSPORTS)('across cuts of %s', (_, options) => {
  it('a subscriber gets every message once and in order, and publishers theirs stored once', async () => {
    const { port } = await serve()
    const { network, client } = await distant(port, options())
    const { network: other, client: publisher } = await distant(port, { ...options(), token: 'bob' })
    const heard: string[] = []
    const gaps: Gap[] = []
    const room = client.channel('chat:storm')
    room.on('message', ({ text }) => heard.push(text))
    room.on('gap', (gap) => gaps.push(gap))
    await room.subscribe()
    const COUNT = 300
    const stored: Promise<{ offset: number }>[] = []
    const there = publisher.channel('chat:storm')
    for (let n = 0; n < COUNT; n++) {
      stored.push(there.publish(text(n), { timeout: 20_000 }))
      if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 5))
      if (n % 40 === 25) network.cut()
      if (n % 70 === 35) other.cut()
    }
    const offsets = (await Promise.all(stored)).map(({ offset }) => offset)
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
    await vi.waitFor(() => expect(heard).toHaveLength(COUNT), { timeout: 5000 })
    expect(heard).toEqual(Array.from({ length: COUNT }, (__, n) => text(n).text))
    expect(gaps).toEqual([])
    expect(network.connections).toBeGreaterThan(3)
    expect(other.connections).toBeGreaterThan(3)
  })

  it('presence comes back by itself', async () => {
    const { server, port } = await serve()
    const { network, client } = await distant(port, options())
    await client.channel('chat:lobby').enter({ name: 'Ada' })
    network.cut()
    await vi.waitFor(async () => {
      const members = await server.presence('chat:lobby')
      expect(members.map(({ data, session }) => [data.name, session])).toEqual([['Ada', client.session]])
      expect(isConnected(client)).toBe(true)
    })
  })

  it('a restart that lost the past is one honest gap [P6.1]', async () => {
    const { server, port } = await serve()
    const client = join(port, options())
    const room = client.channel('chat:lobby')
    const told: unknown[] = []
    room.on('message', ({ text }) => told.push(text))
    room.on('gap', ({ reason }) => told.push(reason))
    await room.subscribe()
    await room.publish(text(1))
    await server.close()
    closers.splice(
      closers.findIndex((close) => String(close).includes('server.close')),
      1,
    )
    await serve({}, port)
    await vi.waitFor(() => expect(isConnected(client)).toBe(true), { timeout: 5000 })
    await room.publish(text(2))
    await vi.waitFor(() => expect(told).toEqual(['message 1', 'epoch-changed', 'message 2']))
  })

  it('a network that swallows everything is noticed by the heartbeat, on both ends [P7.1] [P7.2]', async () => {
    // The server looks after a session first when its connect command is due, so that is soon too.
    const { server, port } = await serve({ heartbeat: '1500ms', patience: '2s', connectTimeout: '1500ms' })
    const { network, client } = await distant(port, options())
    const gone: number[] = []
    server.on('disconnect', (__, code) => gone.push(code))
    const states: string[] = []
    await client.connect()
    client.on('state', ({ name }) => states.push(name))
    await new Promise((resolve) => setTimeout(resolve, 3500))
    expect(states).toEqual([])
    network.stall()
    network.refusing = true
    // Who is connected by polling is degraded from the beginning.
    const noticed = client.transport?.slow ? ['reconnecting'] : ['degraded', 'reconnecting']
    await vi.waitFor(() => expect(states.slice(0, noticed.length)).toEqual(noticed), { timeout: 6000 })
    await vi.waitFor(() => expect(gone).toHaveLength(1), { timeout: 6000 })
    network.refusing = false
    await vi.waitFor(() => expect(isConnected(client)).toBe(true), { timeout: 6000 })
  })

  it('who reads too slowly is let go, and has everything when it reads again', async () => {
    const { server, port } = await serve({ limits: { outbox: 400_000 } })
    const { network, client } = await distant(port, options())
    const gone: number[] = []
    server.on('disconnect', (__, code) => gone.push(code))
    const heard: string[] = []
    const gaps: Gap[] = []
    const room = client.channel('chat:flood')
    room.on('message', (message) => heard.push(message.text.slice(0, 4)))
    room.on('gap', (gap) => gaps.push(gap))
    await room.subscribe()
    network.stall('down')
    const COUNT = 400
    for (let n = 0; n < COUNT; n++)
      await server.publish('chat:flood', { text: String(n).padStart(4).padEnd(40_000) })
    await vi.waitFor(() => expect(gone).toEqual([4001]), { timeout: 5000 })
    network.heal()
    await vi.waitFor(() => expect(heard).toHaveLength(COUNT), { timeout: 10_000 })
    expect(heard).toEqual(Array.from({ length: COUNT }, (__, n) => String(n).padStart(4)))
    expect(gaps).toEqual([])
  })

  it('a server that closes says so at once, waits for nobody, and its clients are back when it is', async () => {
    const { server, port } = await serve()
    const clients = [1, 2, 3].map((n) => join(port, { ...options(), token: `user-${n}` }))
    await Promise.all(clients.map((client) => client.channel('chat:lobby').subscribe()))
    const since = performance.now()
    await server.close()
    expect(performance.now() - since).toBeLessThan(2000)
    await vi.waitFor(() => expect(clients.some(isConnected)).toBe(false))
    closers.splice(
      closers.findIndex((close) => String(close).includes('server.close')),
      1,
    )
    const { server: next } = await serve({}, port)
    await vi.waitFor(() => expect(clients.every(isConnected)).toBe(true), { timeout: 5000 })
    await next.publish('chat:lobby', text(1))
  })

  it('calls in flight fail where they are lost, and what waits is sent when there is a connection again', async () => {
    const { server, port } = await serve()
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    server.handle('device.reboot', async () => {
      await held
      return 'done'
    })
    const { network, client } = await distant(port, options())
    await client.connect()
    const rebooted = client.call('device.reboot', { hard: true })
    // Polling outlives what carries it, so nothing is lost.
    const isLost = client.transport?.name !== 'poll'
    const lost = isLost && expect(rebooted).rejects.toMatchObject({ kind: 'connection-lost' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    network.cut()
    await lost
    expect(await client.call('sum', [4, 5])).toBe(9)
    release()
    if (!isLost) expect(await rebooted).toBe('done')
  })
})
