/** A server of the application's own over TLS, with Millrace attached. */
import { once } from 'node:events'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { CA, EC, fingerprintAt, fingerprintOf, KeptLog, RSA } from '../test/tls-fixture.js'
import { createServer, createTlsServer } from './index.js'
import { Connector } from './node/connect.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(options: Parameters<typeof createTlsServer>[2] = {}) {
  const logger = new KeptLog()
  const certificates = [EC, RSA]
  const made = await createTlsServer(
    () => certificates.shift() ?? RSA,
    ({ url }, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.end(`the application's ${url}`)
    },
    { logger, ...options },
  )
  closers.push(made.close)
  const millrace = createServer({ logger })
  closers.push(() => millrace.close())
  millrace.attach(made.server)
  made.server.listen(0, '127.0.0.1')
  await once(made.server, 'listening')
  return { ...made, millrace, port: (made.server.address() as AddressInfo).port }
}

async function askHttp2(port: number, path: string): Promise<IncomingHttpHeaders & { body: string }> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: CA, servername: 'chat.example' })
  const stream = session.request({ ':path': path })
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  session.close()
  return { ...headers, body }
}

it('answers what is the application’s and what is Millrace’s, by HTTP/2 and HTTP/1.1', async () => {
  const { port } = await serve()
  const own = await askHttp2(port, '/page')
  expect([own[':status'], own.body]).toEqual([200, "the application's /page"])
  expect((await askHttp2(port, '/millrace/channels/a:b/publications')).body).toContain('"publications":[]')
  const byHttp1 = await new Promise<string>((resolve) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: '/1',
      servername: 'localhost',
      ca: CA,
      agent: false,
    } as const
    request(options, (response) => response.on('data', (chunk: Buffer) => resolve(String(chunk)))).end()
  })
  expect(byHttp1).toBe("the application's /1")
  const link = await new Connector({ http2: true, tls: { ca: CA } }).connect(
    `wss://localhost:${port}/millrace`,
    { onMessage: () => {}, onClose: () => {} },
  )
  expect(link.isOpen).toBe(true)
  link.terminate()
})

it('has Strict-Transport-Security on the answers of both, unless told otherwise', async () => {
  const paths = ['/page', '/millrace/channels/a:b/publications']
  const { port } = await serve()
  for (const path of paths)
    expect((await askHttp2(port, path))['strict-transport-security']).toBe('max-age=31536000')
  const silent = await serve({ hsts: false })
  for (const path of paths)
    expect(await askHttp2(silent.port, path)).not.toHaveProperty('strict-transport-security')
})

it('takes up a certificate by hand', async () => {
  const { port, reloadTls } = await serve()
  expect(await fingerprintAt(port)).toBe(fingerprintOf(EC))
  await reloadTls()
  expect(await fingerprintAt(port)).toBe(fingerprintOf(RSA))
})

it('closes: who is idle on it is ended', async () => {
  const { port, millrace, close } = await serve()
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: CA, servername: 'localhost' })
  await once(session, 'connect')
  const ended = once(session, 'close')
  await millrace.close()
  await close()
  await ended
  await expect(fingerprintAt(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('names what is wrong', async () => {
  const make = (...[tls, options]: [unknown, object?]) => createTlsServer(tls as typeof EC, () => {}, options)
  await expect(make({ ...EC, key: RSA.key })).rejects.toThrow(/^tls\.key: .* is not the key of/)
  await expect(make(undefined)).rejects.toThrow(/^tls must be \{ cert, key \}/)
  await expect(make(EC, { hsts: { maxAge: -1 } })).rejects.toThrow(/^hsts\.maxAge must be/)
  await expect(make(EC, { connectTimeout: 0 })).rejects.toThrow('connectTimeout must be at least 1 ms')
})
