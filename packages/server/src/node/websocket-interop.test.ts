import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer as WsServer, WebSocket as WsSocket } from 'ws'
import { seededRandom } from '../../test/frame-recorder.js'
import { EchoHandler, type Fixture, startServer, until } from '../../test/websocket-fixture.js'
import type { MessageKind } from '../websocket/index.js'
import { Connector, type ConnectorOptions } from './connect.js'
import type { HttpServerLike } from './http-server-like.js'
import type { LinkOptions } from './link-settings.js'
import type { LinkHandler, WebSocketLink } from './websocket-link.js'
import { createWebSocketServer } from './websocket-server.js'

type Message = string | Buffer

const CHARACTERS = ['a', 'é', '水', '🌊']

/** Messages of every kind: lengths at every edge of the frame header, texts in several scripts, things that shrink. */
function randomMessages(count: number, seed: number): Message[] {
  const random = seededRandom(seed)
  const edges = [0, 1, 7, 8, 125, 126, 127, 1023, 1024, 1025, 4096, 16_384, 16_385, 65_535, 65_536, 70_000]
  return Array.from({ length: count }, (_, index) => {
    const length = index < edges.length * 2 ? (edges[index >> 1] ?? 0) : random(random(20) === 0 ? 3000 : 200)
    if (random(2) === 0)
      return Buffer.from(Uint8Array.from({ length }, () => random(random(2) === 0 ? 4 : 256)))
    return Array.from({ length: length >> 1 }, () => CHARACTERS[random(CHARACTERS.length)]).join('')
  })
}

/** Compares without the cost of a matcher for each of thousands of buffers; says where the first difference is. */
function expectSame(received: readonly Message[], sent: readonly Message[]): void {
  expect(received.length).toBe(sent.length)
  const different = sent.findIndex((message, index) => {
    const other = received[index]
    return typeof message === 'string'
      ? other !== message
      : typeof other === 'string' || other?.equals(message) !== true
  })
  if (different !== -1) expect(received[different]).toEqual(sent[different])
}

function asMessage(data: unknown, isBinary: boolean): Message {
  return isBinary ? (data as Buffer) : (data as Buffer).toString()
}

/** Keeps what a link of ours is told. */
class Inbox implements LinkHandler {
  readonly messages: Message[] = []
  closed: string | null = null

  onMessage(_: WebSocketLink, kind: MessageKind, bytes: Uint8Array): void {
    // Not copied: they are its to keep. [E39]
    this.messages.push(
      asMessage(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), kind === 'binary'),
    )
  }
  onClose(_: WebSocketLink, code: number, reason: string, wasClean: boolean): void {
    this.closed = `${code} ${reason} ${wasClean ? 'clean' : 'unclean'}`
  }
}

/** Compression as each side may have agreed to it. */
const COMPRESSIONS: readonly (readonly [string, LinkOptions['deflate']])[] = [
  ['without compression', false],
  [
    'compressed, no window kept',
    { serverContextTakeover: false, clientContextTakeover: false, thresholdBytes: 0 },
  ],
  [
    'compressed, windows kept',
    { serverContextTakeover: true, clientContextTakeover: true, thresholdBytes: 0 },
  ],
  [
    'compressed, windows of 2^8 kept',
    {
      serverContextTakeover: true,
      clientContextTakeover: true,
      serverMaxWindowBits: 8,
      clientMaxWindowBits: 8,
      thresholdBytes: 0,
    },
  ],
]

let fixture: Fixture<EchoHandler> | null = null
let foreign: WsServer | null = null

afterEach(async () => {
  await fixture?.server.close()
  foreign?.close()
  fixture = null
  foreign = null
})

describe('[E24] ws as client, Millrace as server', () => {
  it.each(COMPRESSIONS)(
    'thousands of random messages come back, in order, %s',
    async (_, deflate = false) => {
      fixture = await startServer(new EchoHandler(), { deflate })
      const peer = new WsSocket(fixture.url, {
        perMessageDeflate: deflate === false ? false : { threshold: 0 },
      })
      await once(peer, 'open')
      expect(peer.extensions).toBe(deflate === false ? '' : 'permessage-deflate')
      const sent = randomMessages(deflate === false ? 10_000 : 2500, 5)
      const received: Message[] = []
      peer.on('message', (data, isBinary) => received.push(asMessage(data, isBinary)))
      for (const message of sent) peer.send(message)
      await until(() => received.length === sent.length, `${sent.length} messages`)
      expectSame(received, sent)
      peer.close(4000, 'done')
      await until(() => fixture?.handler.closed.length === 1)
      expect(fixture.handler.closed).toEqual(['4000 done clean'])
    },
  )

  it('fragmented messages, pings and pongs', async () => {
    fixture = await startServer(new EchoHandler())
    const peer = new WsSocket(fixture.url)
    await once(peer, 'open')
    const events: string[] = []
    peer.on('message', (data) => events.push(`message ${data.toString()}`))
    peer.on('pong', (data) => events.push(`pong ${data.toString()}`))
    peer.send('in ', { fin: false })
    peer.ping('p')
    peer.send('two', { fin: true })
    await until(() => events.length === 2)
    expect(events).toEqual(['pong p', 'message in two'])
    const [link] = fixture.handler.opened
    link?.ping(Buffer.from('q'))
    const [payload] = await once(peer, 'ping')
    expect(String(payload)).toBe('q')
    peer.terminate()
  })
})

describe('[E24] Millrace as client, ws as server', () => {
  it.each(COMPRESSIONS)(
    'thousands of random messages come back, in order, %s',
    async (_, deflate = false) => {
      foreign = new WsServer({
        port: 0,
        host: '127.0.0.1',
        perMessageDeflate: deflate === false ? false : { threshold: 0 },
      })
      await once(foreign, 'listening')
      foreign.on('connection', (peer) => peer.on('message', (data, binary) => peer.send(data, { binary })))
      const inbox = new Inbox()
      const { port } = foreign.address() as AddressInfo
      const link = await new Connector({ deflate }).connect(`ws://127.0.0.1:${port}`, inbox)
      const sent = randomMessages(deflate === false ? 10_000 : 2500, 6)
      for (const message of sent) link.send(typeof message === 'string' ? 'text' : 'binary', message)
      await until(() => inbox.messages.length === sent.length, `${sent.length} messages`)
      expectSame(inbox.messages, sent)
      link.close(1000, 'done')
      await until(() => inbox.closed !== null)
      expect(inbox.closed).toBe('1000 done clean')
    },
  )

  it('subprotocols and headers reach the server', async () => {
    foreign = new WsServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'b' })
    await once(foreign, 'listening')
    const asked = once(foreign, 'connection')
    const { port } = foreign.address() as AddressInfo
    const connector = new Connector({ protocols: ['a', 'b'], headers: { authorization: 'Bearer t' } })
    const link = await connector.connect(`ws://127.0.0.1:${port}/path?q=1`, new Inbox())
    const [, request] = await asked
    expect(link.protocol).toBe('b')
    expect([request.url, request.headers.authorization]).toEqual(['/path?q=1', 'Bearer t'])
    link.terminate()
  })
})

let tls: { readonly key: Buffer; readonly cert: Buffer }

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const request =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'
  execFileSync(
    'openssl',
    [...request.split(' '), '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
    {
      stdio: 'ignore',
    },
  )
  tls = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(folder, { recursive: true })
})

async function listen(server: HttpServerLike): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return (server.address() as AddressInfo).port
}

describe('[E25] over TLS and over HTTP/2', () => {
  const servers: HttpServerLike[] = []
  afterAll(() => {
    for (const server of servers) server.close()
  })

  const transports: readonly (readonly [string, () => HttpServerLike, string, ConnectorOptions])[] = [
    ['TLS', () => createHttpsServer(tls), 'wss', {}],
    ['HTTP/2', () => createHttp2Server(), 'ws', { http2: true }],
    [
      'HTTP/2 with a request listener',
      () => createHttp2Server((_, response) => void response.end()),
      'ws',
      { http2: true },
    ],
    ['HTTP/2 over TLS', () => createSecureServer({ ...tls, allowHTTP1: true }), 'wss', { http2: true }],
    ['HTTP/1.1 on an HTTP/2 server', () => createSecureServer({ ...tls, allowHTTP1: true }), 'wss', {}],
  ]

  it.each(transports)(
    'RFC 8441, RFC 6455 §3: random messages come back, in order: %s',
    async (_, create, scheme, options) => {
      const deflate = { thresholdBytes: 100, serverContextTakeover: true }
      const handler = new EchoHandler()
      const http = create()
      servers.push(http)
      const server = createWebSocketServer({ handler, deflate, protocols: ['echo'] }).attach(http)
      const port = await listen(http)
      const inbox = new Inbox()
      const connector = new Connector({ ...options, deflate, protocols: ['echo'], tls: { ca: tls.cert } })
      const link = await connector.connect(`${scheme}://localhost:${port}/`, inbox)
      expect([link.protocol, typeof link.remoteAddress, handler.opened[0]?.remoteAddress]).toEqual([
        'echo',
        'string',
        link.remoteAddress,
      ])
      const sent = randomMessages(500, 7)
      for (const message of sent) link.send(typeof message === 'string' ? 'text' : 'binary', message)
      await until(() => inbox.messages.length === sent.length, `${sent.length} messages`)
      expectSame(inbox.messages, sent)
      link.close(1000, 'done')
      await until(() => inbox.closed !== null && handler.closed.length === 1)
      expect([inbox.closed, handler.closed]).toEqual(['1000  clean', ['1000 done clean']])
      await server.close()
    },
  )

  it('RFC 8441 §3: a server that does not offer it is told apart', async () => {
    const http = createHttp2Server()
    servers.push(http)
    const port = await listen(http)
    const attempt = new Connector({ http2: true }).connect(`ws://localhost:${port}/`, new Inbox())
    await expect(attempt).rejects.toMatchObject({
      failure: 'handshake',
      message: expect.stringContaining('RFC 8441') as string,
    })
  })

  it('[E18] a refusal over HTTP/2 has its status and its reason', async () => {
    const http = createHttp2Server()
    servers.push(http)
    const handler = new EchoHandler()
    const server = createWebSocketServer({ handler, path: '/socket' }).attach(http)
    const port = await listen(http)
    const connector = new Connector({ http2: true, headers: { origin: 'https://evil.example' } })
    const refused = connector.connect(`ws://localhost:${port}/socket`, new Inbox())
    await expect(refused).rejects.toMatchObject({
      failure: 'refused',
      status: 403,
      message: expect.stringContaining('evil.example') as string,
    })
    const lost = new Connector({ http2: true }).connect(`ws://localhost:${port}/other`, new Inbox())
    await expect(lost).rejects.toMatchObject({ status: 404 })
    await server.close()
  })

  it('[E18] several endpoints share an HTTP/2 server, each with its path', async () => {
    const http = createHttp2Server((_, response) => void response.end())
    servers.push(http)
    const handlers = [new EchoHandler(), new EchoHandler()]
    const endpoints = handlers.map((handler, index) =>
      createWebSocketServer({ handler, path: `/${index}` }).attach(http),
    )
    const port = await listen(http)
    const links = await Promise.all(
      handlers.map((_, index) =>
        new Connector({ http2: true }).connect(`ws://localhost:${port}/${index}`, new Inbox()),
      ),
    )
    expect(handlers.map(({ opened }) => opened.length)).toEqual([1, 1])
    // One is alone again, and refuses what is not its own.
    await endpoints[0]?.close()
    const lost = new Connector({ http2: true }).connect(`ws://localhost:${port}/0`, new Inbox())
    await expect(lost).rejects.toMatchObject({ status: 404 })
    for (const link of links) link.terminate()
    await endpoints[1]?.close()
  })

  it('wss to a certificate nobody signed fails', async () => {
    const https = createHttpsServer(tls)
    servers.push(https)
    const port = await listen(https)
    const attempt = new Connector().connect(`wss://localhost:${port}/`, new Inbox())
    await expect(attempt).rejects.toMatchObject({ failure: 'network' })
  })
})
