/** `listen({ tls })` over real sockets. */
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, request as requestHttp } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request as requestHttps } from 'node:https'
import { type AddressInfo, connect as connectSocket, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { CA, EC, fingerprintAt, fingerprintOf, KeptLog, pem, RSA } from '../test/tls-fixture.js'
import { until } from '../test/websocket-fixture.js'
import { createServer, type ListenOptions, type ServerOptions } from './index.js'
import { Connector } from './node/connect.js'

const HSTS = 'strict-transport-security'
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(listen: ListenOptions = { tls: EC }, options: ServerOptions = {}) {
  const logger = new KeptLog()
  const millrace = createServer({ logger, ...options })
  closers.push(() => millrace.close())
  const { port } = await millrace.listen({ port: 0, host: '127.0.0.1', ...listen })
  return { millrace, port, logger, url: `wss://localhost:${port}/millrace` }
}

/** A connection that speaks JSON by hand. */
interface Peer {
  readonly heard: string[]
  say(text: string): void
  isOpen(): boolean
}

async function overHttp1(url: string): Promise<Peer> {
  const socket = new WebSocket(url, { ca: CA })
  closers.push(() => socket.terminate())
  const heard: string[] = []
  socket.on('message', (data) => heard.push(String(data)))
  await once(socket, 'open')
  return { heard, say: (text) => socket.send(text), isOpen: () => socket.readyState === WebSocket.OPEN }
}

async function overHttp2(url: string): Promise<Peer> {
  const heard: string[] = []
  const link = await new Connector({ http2: true, tls: { ca: CA } }).connect(url, {
    onMessage: (_, _kind, bytes) => void heard.push(Buffer.from(bytes).toString()),
    onClose: () => {},
  })
  closers.push(() => link.terminate())
  return { heard, say: (text) => link.send('text', text), isOpen: () => link.isOpen }
}

const WAYS = [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2 (RFC 8441)', overHttp2],
] as const

async function subscribed(peer: Peer): Promise<Peer> {
  peer.say('{"id":1,"connect":{"version":1}}')
  await until(() => peer.heard.length === 1)
  peer.say('{"id":2,"subscribe":{"channel":"news:all"}}')
  await until(() => peer.heard.length === 2)
  return peer
}

interface Asked {
  readonly port: number
  readonly path: string
  readonly method?: string
  readonly servername?: string
}

/** The status and the headers of an answer over HTTP/1.1. */
function askHttp1({ port, path, method = 'GET', servername = 'chat.example' }: Asked) {
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    const request = requestHttps(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        servername,
        ca: CA,
        agent: false,
        headers: { host: servername },
      },
      (response) => {
        response.resume()
        resolve({ status: response.statusCode ?? 0, headers: response.headers })
      },
    )
    request.on('error', reject)
    request.end()
  })
}

/** The same over HTTP/2. */
async function askHttp2({ port, path, method = 'GET', servername = 'chat.example' }: Asked) {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: CA, servername })
  // Limits hold when the client has heard of them. RFC 9113 §6.5.3.
  await once(session, 'remoteSettings')
  const stream = session.request({ ':path': path, ':method': method })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  stream.resume()
  session.close()
  return { status: Number(headers[':status']), headers }
}

describe('WebSockets over TLS', () => {
  it.each(WAYS)('by %s', async (_, connect) => {
    const { millrace, url } = await serve()
    const peer = await subscribed(await connect(url))
    await millrace.publish('news:all', { text: 'hello' })
    await until(() => peer.heard.some((message) => message.includes('hello')))
  })

  it.each(WAYS)('go on through a reload, while new ones get the new certificate: %s', async (_, connect) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-reload-'))
    closers.push(() => rmSync(folder, { recursive: true }))
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    const put = (pair: typeof EC | typeof RSA): void => {
      cpSync(pair.cert, files.cert)
      cpSync(pair.key, files.key)
    }
    put(EC)
    const { millrace, port, url } = await serve({ tls: files })
    const peer = await subscribed(await connect(url))
    expect(await fingerprintAt(port)).toBe(fingerprintOf(EC))
    put(RSA)
    await expect.poll(() => fingerprintAt(port), { timeout: 10_000 }).toBe(fingerprintOf(RSA))
    await millrace.publish('news:all', { text: 'after' })
    await until(() => peer.heard.some((message) => message.includes('after')))
    expect(peer.isOpen()).toBe(true)
  })
})

describe('reloadTls()', () => {
  it('asks the callback, and keeps what there was when that fails', async () => {
    const answers = [EC, RSA, { ...EC, key: RSA.key }]
    const { millrace, port } = await serve({ tls: () => answers.shift() ?? EC })
    expect(await fingerprintAt(port)).toBe(fingerprintOf(EC))
    await millrace.reloadTls()
    expect(await fingerprintAt(port)).toBe(fingerprintOf(RSA))
    await expect(millrace.reloadTls()).rejects.toThrow(/^tls\.key: .*rsa\.key\.pem is not the key of/)
    expect(await fingerprintAt(port)).toBe(fingerprintOf(RSA))
    // The new context has what the first one had beside the certificate: Node itself would take this.
    const weak = fingerprintAt(port, { ciphers: 'ECDHE-RSA-AES128-SHA', maxVersion: 'TLSv1.2' })
    await expect(weak).rejects.toMatchObject({ code: REFUSED_CIPHERS })
  })

  it('needs TLS', async () => {
    const { millrace } = await serve({})
    await expect(millrace.reloadTls()).rejects.toThrow(/^reloadTls\(\) needs a server that listens with TLS/)
  })
})

/** A client that would speak TLS 1.1, which its OpenSSL only does at this level. RFC 8996. */
const OLD = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
const REFUSED_VERSION = 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'
/** Its name depends on the version of Node. */
const REFUSED_CIPHERS = expect.stringMatching(/^ERR_SSL_.*_ALERT_HANDSHAKE_FAILURE$/) as string

describe('what is spoken', () => {
  it('TLS 1.3 and 1.2, not 1.1', async () => {
    const { port } = await serve()
    const versions: (string | null)[] = []
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: CA, maxVersion })
      await once(socket, 'secureConnect')
      versions.push(socket.getProtocol())
      socket.destroy()
    }
    expect(versions).toEqual(['TLSv1.3', 'TLSv1.2'])
    await expect(fingerprintAt(port, OLD)).rejects.toMatchObject({ code: REFUSED_VERSION })
    // That client can, where somebody lets it.
    const lax = createTlsServer({ ...OLD, cert: pem(EC.cert), key: pem(EC.key) }).listen(0, '127.0.0.1')
    closers.push(() => lax.close())
    await once(lax, 'listening')
    expect(await fingerprintAt((lax.address() as AddressInfo).port, OLD)).toBe(fingerprintOf(EC))
  })

  it.each([
    ['ECDHE-RSA-AES128-GCM-SHA256', true],
    ['ECDHE-RSA-CHACHA20-POLY1305', true],
    ['AES128-GCM-SHA256', false],
    ['ECDHE-RSA-AES256-SHA384', false],
    ['ECDHE-RSA-AES128-SHA', false],
    ['AES256-SHA', false],
  ])('of TLS 1.2 what has forward secrecy and authenticated encryption: %s %s', async (ciphers, isSpoken) => {
    const { port } = await serve({ tls: RSA })
    const attempt = fingerprintAt(port, { ciphers, maxVersion: 'TLSv1.2' })
    if (isSpoken) expect(await attempt).toBe(fingerprintOf(RSA))
    else await expect(attempt).rejects.toMatchObject({ code: REFUSED_CIPHERS })
  })

  it.each([
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [[], false],
  ])('RFC 7301: of %j is chosen %s', async (ALPNProtocols, chosen) => {
    const { port } = await serve()
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: CA, ALPNProtocols })
    await once(socket, 'secureConnect')
    expect(socket.alpnProtocol).toBe(chosen)
    socket.destroy()
  })

  it('headers up to the limit, by HTTP/1.1 and HTTP/2', async () => {
    const { port } = await serve({ tls: EC }, { limits: { headers: 2_000 } })
    const long = `/${'x'.repeat(2_500)}`
    expect((await askHttp1({ port, path: long })).status).toBe(431)
    await expect(askHttp2({ port, path: long })).rejects.toThrow()
    expect((await askHttp2({ port, path: `/${'x'.repeat(500)}` })).status).toBe(404)
  })
})

describe('who is slow or stays', () => {
  it.each([
    ['says nothing', 0],
    ['says a byte every now and then', 20],
  ])('a handshake is cut whose peer %s', async (_, every) => {
    const { port } = await serve({ tls: EC }, { connectTimeout: 300 })
    const socket = connectSocket(port, '127.0.0.1')
    await once(socket, 'connect')
    // Who says a byte to a connection that is over already is told so by an error, before the end.
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.on('close', resolve))
    const begun = performance.now()
    // The head of a ClientHello of 512 bytes, RFC 8446 §5.1.
    const bytes = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]
    const trickle = setInterval(() => socket.write(Buffer.of(bytes.shift() ?? 0)), every || 60_000)
    socket.resume()
    await closed
    clearInterval(trickle)
    expect(performance.now() - begun).toBeGreaterThan(200)
    expect(performance.now() - begun).toBeLessThan(3_000)
  })

  it('close() ends who is idle, by HTTP/2 and HTTP/1.1, and who is in a handshake', async () => {
    const { millrace, port } = await serve()
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: CA, servername: 'localhost' })
    await once(session, 'connect')
    const agent = new Agent({ keepAlive: true, ca: CA, servername: 'localhost' })
    await new Promise((resolve) =>
      requestHttps({ host: '127.0.0.1', port, agent }, (response) =>
        response.resume().on('end', resolve),
      ).end(),
    )
    const handshake = connectSocket(port, '127.0.0.1')
    await once(handshake, 'connect')
    handshake.resume()
    const ends = [once(session, 'close'), once(handshake, 'close')]
    const begun = performance.now()
    await millrace.close()
    await Promise.all(ends)
    expect(performance.now() - begun).toBeLessThan(4_000)
    agent.destroy()
    await expect(fingerprintAt(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('RFC 6797: Strict-Transport-Security', () => {
  const paths: readonly (readonly [string, string, number])[] = [
    ['/nothing', 'GET', 404],
    ['/millrace/channels/news:all/publications', 'GET', 200],
    ['/millrace/poll', 'GET', 405],
  ]

  it.each([
    ['HTTP/1.1', askHttp1],
    ['HTTP/2', askHttp2],
  ])('every answer over TLS has it: %s', async (_, ask) => {
    const { port } = await serve()
    for (const [path, method, status] of paths) {
      const answer = await ask({ port, path, method })
      expect([path, answer.status, answer.headers[HSTS]]).toEqual([path, status, 'max-age=31536000'])
    }
    // It holds for all ports of a host, so at localhost it would shut out what else is made there.
    expect((await ask({ port, path: '/nothing', servername: 'localhost' })).headers).not.toHaveProperty(HSTS)
  })

  it('§7.2: none has it over plain HTTP', async () => {
    const { port } = await serve({})
    for (const [path, method, status] of paths) {
      const answer = await new Promise<IncomingMessage>((resolve) =>
        requestHttp(
          { host: '127.0.0.1', port, path, method, headers: { host: 'chat.example' } },
          (response) => resolve(response.resume()),
        ).end(),
      )
      expect(answer.statusCode).toBe(status)
      expect(answer.headers).not.toHaveProperty(HSTS)
    }
  })

  it.each([
    [{ maxAge: '1h' }, 'max-age=3600'],
    [{ maxAge: 0 }, 'max-age=0'],
    [{ includeSubDomains: true, preload: true }, 'max-age=31536000; includeSubDomains; preload'],
    [false, undefined],
  ] as const)('hsts: %j', async (hsts, value) => {
    const { port } = await serve({ tls: EC, hsts })
    for (const ask of [askHttp1, askHttp2])
      expect((await ask({ port, path: '/nothing' })).headers[HSTS]).toBe(value)
  })
})

describe('what is wrong is told by listen()', () => {
  it.each<[ListenOptions, RegExp]>([
    [{ tls: { cert: '/no/such.pem', key: EC.key } }, /^tls\.cert: there is no file \/no\/such\.pem/],
    [{ tls: { cert: EC.cert, key: RSA.key } }, /^tls\.key: .* is not the key of the certificate in/],
    [{ tls: 'cert.pem' as never }, /^tls must be \{ cert, key \}, or a function/],
    [{ hsts: {} }, /^hsts needs tls/],
    [{ tls: EC, hsts: { preload: true } }, /^hsts\.preload needs includeSubDomains/],
    [{ tls: EC, hsts: { maxAge: 'a year' as never } }, /^hsts\.maxAge must be milliseconds or a duration/],
    [{ tls: EC, hsts: true as never }, /^hsts must be false or/],
  ])('%j', async (listen, message) => {
    await expect(serve(listen)).rejects.toThrow(message)
  })

  it('a port that is taken, and then nothing is left of it', async () => {
    const taken = createNetServer().listen(0, '127.0.0.1')
    closers.push(() => taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    await expect(serve({ tls: EC, port })).rejects.toThrow(`Port ${port} is taken`)
  })

  it('a server may listen twice, with TLS and without, and closes both', async () => {
    const { millrace, port } = await serve()
    const plain = await millrace.listen({ port: 0, host: '127.0.0.1' })
    const socket = new WebSocket(`ws://127.0.0.1:${plain.port}/millrace`)
    await once(socket, 'open')
    expect(await fingerprintAt(port)).toBe(fingerprintOf(EC))
    const closed = once(socket, 'close')
    await millrace.close()
    await closed
    const again = createHttpServer().listen(plain.port, '127.0.0.1')
    closers.push(() => again.close())
    await once(again, 'listening')
  })
})
