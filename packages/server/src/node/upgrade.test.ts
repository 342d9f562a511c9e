import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  EchoHandler,
  type Fixture,
  handshakeText,
  RawPeer,
  startServer,
  until,
} from '../../test/websocket-fixture.js'
import type { Refusal } from './accept.js'
import type { WebSocketServerOptions } from './websocket-server.js'

const KEY = { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' }
let fixture: Fixture<EchoHandler> | null = null

async function start(options: Omit<WebSocketServerOptions, 'handler'> = {}): Promise<Fixture<EchoHandler>> {
  fixture = await startServer(new EchoHandler(), options)
  return fixture
}

afterEach(async () => {
  await fixture?.server.close()
  fixture = null
})

describe('[E17] RFC 6455 §4.2.2: the upgrade over a real socket', () => {
  it('answers 101 with the accept key, then frames', async () => {
    const { port } = await start()
    const peer = await RawPeer.connect(port)
    expect(peer.response).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
    )
    peer.send(0x81, 'hello')
    await until(() => peer.events.length > 0)
    expect(peer.events).toEqual(['text hello'])
    peer.socket.destroy()
  })

  it('frames that come in the same packet as the request are read', async () => {
    const { port } = await start()
    const frame = Buffer.from('818500000000', 'hex')
    const peer = await RawPeer.connect(
      port,
      Buffer.concat([Buffer.from(handshakeText()), frame, Buffer.from('hello')]),
    )
    await until(() => peer.events.length > 0)
    expect(peer.events).toEqual(['text hello'])
    peer.socket.destroy()
  })

  it('a request that trickles in byte by byte is answered', async () => {
    const { port } = await start()
    const peer = RawPeer.dial(port)
    for (const character of handshakeText()) peer.socket.write(character)
    await until(() => peer.status === 101)
    peer.socket.destroy()
  })
})

describe('[E18] RFC 6455 §4.2.1: refusals are readable HTTP, and the connection ends', () => {
  it.each([
    ['another method', {}, 'POST / HTTP/1.1', 405, 'GET'],
    ['HTTP/1.0', {}, 'GET / HTTP/1.0', 400, 'HTTP/1.1'],
    ['another protocol', { Upgrade: 'h2c' }, undefined, 426, 'Upgrade: websocket'],
    ['no key', { 'Sec-WebSocket-Key': '' }, undefined, 400, 'Sec-WebSocket-Key'],
    ['another version', { 'Sec-WebSocket-Version': '12' }, undefined, 426, 'must be 13'],
    ['a foreign origin', { Origin: 'https://evil.example' }, undefined, 403, 'not allowed'],
    ['a body', { 'Content-Length': '5' }, undefined, 413, 'no body'],
    ['malformed extensions', { 'Sec-WebSocket-Extensions': 'a b' }, undefined, 400, '9.1'],
  ])('%s', async (_, headers, line, status, text) => {
    const { port, handler } = await start()
    const peer = await RawPeer.connect(port, handshakeText(headers, line))
    await until(() => peer.hasEnded)
    expect(peer.status).toBe(status)
    const [head = '', body = ''] = peer.response.split('\r\n\r\n')
    expect(body).toContain(text)
    expect(head).toContain(`content-length: ${body.length}`)
    expect(head).toMatch(/connection: .*close/)
    expect(handler.opened).toEqual([])
  })

  it('RFC 6455 §4.4: the right version is named', async () => {
    const { port } = await start()
    const peer = await RawPeer.connect(port, handshakeText({ 'Sec-WebSocket-Version': '8' }))
    expect(peer.response).toContain('sec-websocket-version: 13\r\n')
    expect(peer.response).toContain('upgrade: websocket\r\n')
    expect(peer.response).toContain('connection: Upgrade, close\r\n')
  })

  it('a request that is no upgrade gets 426, another path 404', async () => {
    const { port } = await start({ path: '/socket' })
    const plain = await RawPeer.connect(port, 'GET /socket HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    expect(plain.status).toBe(426)
    const other = await RawPeer.connect(port, handshakeText({}, 'GET /other HTTP/1.1'))
    expect(other.status).toBe(404)
    const right = await RawPeer.connect(port, handshakeText({}, 'GET /socket?x=1 HTTP/1.1'))
    expect(right.status).toBe(101)
    right.socket.destroy()
  })

  it('headers beyond what Node takes get 431', async () => {
    const { port } = await start()
    const peer = await RawPeer.connect(port, handshakeText({ Cookie: 'c'.repeat(20_000) }))
    expect(peer.status).toBe(431)
  })

  it('a request that is never finished gets 408 when its time is over', async () => {
    const { port } = await start({ handshakeTimeoutMs: 60 })
    const peer = RawPeer.dial(port)
    peer.socket.write(handshakeText().slice(0, -10))
    await until(() => peer.hasEnded)
    expect(peer.status).toBe(408)
  })

  it('a peer that connects and says nothing is cut off when its time is over', async () => {
    const { port } = await start({ handshakeTimeoutMs: 60 })
    const peer = RawPeer.dial(port)
    await until(() => peer.hasEnded)
  })

  it('an open link has all the time in the world', async () => {
    const { port } = await start({ handshakeTimeoutMs: 40 })
    const peer = await RawPeer.connect(port)
    await new Promise((resolve) => setTimeout(resolve, 150))
    peer.send(0x81, 'still here')
    await until(() => peer.events.length > 0)
    expect(peer.events).toEqual(['text still here'])
    peer.socket.destroy()
  })

  it('a peer that does not leave after a refusal is cut off', async () => {
    const { port } = await start({ closeTimeoutMs: 30 })
    const peer = await RawPeer.connectHalfOpen(port, handshakeText({ 'Sec-WebSocket-Key': '' }))
    await until(() => peer.hasEnded)
    const writing = setInterval(() => peer.socket.write('x'), 5)
    await until(() => peer.socket.destroyed, 'the cut')
    clearInterval(writing)
  })
})

describe('[E22] the application may refuse', () => {
  const refusal: Refusal = { status: 401, reason: 'who are you?', headers: { 'www-authenticate': 'Bearer' } }

  it.each([
    ['at once', () => refusal],
    ['later', () => Promise.resolve(refusal)],
  ])('%s', async (_, authorize) => {
    const { port, handler } = await start({ authorize })
    const peer = await RawPeer.connect(port)
    expect(peer.status).toBe(401)
    expect(peer.response).toContain('www-authenticate: Bearer\r\n')
    expect(peer.response).toContain('\r\n\r\nwho are you?\n')
    expect(handler.opened).toEqual([])
  })

  it('or accept later, and what arrived meanwhile is not lost', async () => {
    const waiting: ((answer: null) => void)[] = []
    const { port } = await start({ authorize: () => new Promise((resolve) => waiting.push(resolve)) })
    const peer = RawPeer.dial(port)
    peer.socket.write(handshakeText())
    peer.send(0x81, 'early')
    await until(() => waiting.length === 1)
    waiting[0]?.(null)
    await until(() => peer.events.length > 0)
    expect(peer.events).toEqual(['text early'])
    peer.socket.destroy()
  })

  it('a failure of its own is 500', async () => {
    const { port } = await start({ authorize: () => Promise.reject(new Error('database')) })
    expect((await RawPeer.connect(port)).status).toBe(500)
    await fixture?.server.close()
    const thrower = (): never => {
      throw new Error('bug')
    }
    expect((await RawPeer.connect((await start({ authorize: thrower })).port)).status).toBe(500)
  })

  it('thinking longer than the handshake may take is 503', async () => {
    const { port } = await start({ handshakeTimeoutMs: 20, authorize: () => new Promise(() => {}) })
    expect((await RawPeer.connect(port)).status).toBe(503)
  })

  it('a peer that leaves meanwhile is never opened', async () => {
    const waiting: ((answer: null) => void)[] = []
    const authorize = (): Promise<null> => new Promise((resolve) => waiting.push(resolve))
    const { port, handler, server } = await start({ authorize })
    const peer = RawPeer.dial(port)
    peer.socket.write(handshakeText())
    await until(() => waiting.length === 1)
    peer.socket.resetAndDestroy()
    await until(() => peer.socket.destroyed)
    // One full exchange with the server later it has noticed.
    const other = RawPeer.dial(port)
    other.socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    await until(() => other.response !== '')
    other.socket.destroy()
    waiting[0]?.(null)
    await new Promise((resolve) => setImmediate(resolve))
    expect([handler.opened, handler.closed, server.links.size]).toEqual([[], [], 0])
  })
})

describe('[E23] beside other listeners of the same HTTP server', () => {
  it('answers its own path and leaves the others alone', async () => {
    const http = createServer((_, response) => response.end('page'))
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo
    const { server } = await start({ path: '/socket' })
    server.attach(http)
    const lonely = await RawPeer.connect(port, handshakeText({}, 'GET /theirs HTTP/1.1'))
    expect(lonely.status).toBe(404)
    http.on('upgrade', ({ url }, socket) => {
      if (url === '/theirs') socket.end('HTTP/1.1 418 theirs\r\n\r\n')
    })
    expect((await RawPeer.connect(port, handshakeText({}, 'GET /theirs HTTP/1.1'))).status).toBe(418)
    const ours = await RawPeer.connect(port, handshakeText(KEY, 'GET /socket HTTP/1.1'))
    expect(ours.status).toBe(101)
    const page = await RawPeer.connect(port, 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    expect(page.response).toContain('page')
    ours.socket.destroy()
    await fixture?.server.close()
    expect(http.listenerCount('upgrade')).toBe(1)
    http.closeAllConnections()
    http.close()
  })
})
