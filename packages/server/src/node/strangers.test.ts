/** What strangers may not do at the door, over real sockets: stay without a word, be slow, not read, bring tokens in URLs, flood with pings. */
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createServer, type ServerOptions } from '../index.js'
import type { Readers } from '../readers/index.js'
import type { RequestLinks } from '../requests/index.js'
import { addressBehind } from './client-address.js'
import { ReaderEndpoint } from './reader-endpoint.js'
import { RequestEndpoint } from './request-endpoint.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
const logger = { debug() {}, info() {}, warn() {}, error() {} }

async function serve(options: ServerOptions = {}): Promise<number> {
  const millrace = createServer({ logger, ...options })
  closers.push(() => millrace.close())
  const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
  return port
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return (server.address() as AddressInfo).port
}

/** Bytes by hand. `all` resolves with all that came when the other side has ended it. */
function raw(port: number, bytes = ''): { readonly socket: Socket; readonly all: Promise<string> } {
  const socket = connect(port, '127.0.0.1')
  closers.push(() => socket.destroy())
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  if (bytes !== '') socket.write(bytes)
  return { socket, all: new Promise((resolve) => socket.on('close', () => resolve(text))) }
}

const TOKENS = ['token=secret', 'a=1&access_token=', 'Authorization=Bearer%20x', 'to%6Ben=secret']

describe('[P1.13] a token in a URL', () => {
  it.each(TOKENS)('?%s is refused on every endpoint, and is not repeated', async (query) => {
    const auth = vi.fn(() => null)
    const port = await serve({ auth })
    const url = `http://127.0.0.1:${port}/millrace`
    const answers = await Promise.all([
      ...['poll', 'stream', 'send', 'close'].map((kind) =>
        fetch(`${url}/${kind}?${query}`, { method: 'POST', body: '{}' }),
      ),
      ...['events', 'publications'].map((view) => fetch(`${url}/channels/a:b/${view}?${query}`)),
    ])
    for (const answer of answers) {
      expect(answer.status, answer.url).toBe(400)
      const said = await answer.text()
      expect(said).toContain('a token must not stand in a URL')
      expect(said).not.toContain('secret')
    }
    const upgrade = raw(
      port,
      `GET /millrace?${query} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    )
    expect(await upgrade.all).toMatch(/^HTTP\/1\.1 400 [\s\S]*a token must not stand in a URL/)
    expect(auth).not.toHaveBeenCalled()
  })

  it('is not what any other parameter is', async () => {
    const port = await serve()
    const opened = await fetch(`http://127.0.0.1:${port}/millrace/poll?tokens=1&x=token`, {
      method: 'POST',
      body: '{}',
    })
    expect(opened.status).toBe(200)
    const socket = new WebSocket(`ws://127.0.0.1:${port}/millrace?tokens=1`)
    closers.push(() => socket.terminate())
    await new Promise((resolve) => socket.once('open', resolve))
  })
})

describe('[H11.6] who takes its time', () => {
  it('with the head of a request is ended after connectTimeout, and so is who says nothing', async () => {
    const port = await serve({ connectTimeout: 80 })
    const [silent, slow, honest] = [
      raw(port),
      raw(port, 'GET /millr'),
      raw(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
    ]
    expect(await silent.all).toMatch(/^$|408/)
    expect(await slow.all).toContain('408')
    await vi.waitFor(() => expect(honest.socket.bytesRead).toBeGreaterThan(0))
  })

  it('with the body of a request is answered 408, wherever the server is attached', async () => {
    const answer = vi.fn()
    const endpoint = new RequestEndpoint({
      links: { answer, close: async () => {} } as unknown as RequestLinks,
      path: '/millrace',
      opens: { poll: true, stream: true },
      allowOrigin: () => true,
      addressOf: addressBehind([]),
      maxBody: 1000,
      bodyWithin: 60,
      failed: (_, error) => {
        throw error
      },
    })
    const server = createHttpServer()
    endpoint.attach(server)
    const port = await listening(server)
    const slow = raw(port, 'POST /millrace/poll HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{')
    const chunked = raw(
      port,
      'POST /millrace/send HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n',
    )
    for (const { all } of [slow, chunked])
      expect(await all).toMatch(/^HTTP\/1\.1 408 [\s\S]*The body took too long/)
    expect(answer).not.toHaveBeenCalled()
  })

  it('with a body of many small chunks costs no more than its bytes', async () => {
    const heard: string[] = []
    const endpoint = new RequestEndpoint({
      links: {
        answer: async (_kind: string, text: string) => {
          heard.push(text)
          return { status: 200, body: '' }
        },
        close: async () => {},
      } as unknown as RequestLinks,
      path: '/millrace',
      opens: { poll: true, stream: true },
      allowOrigin: () => true,
      addressOf: addressBehind([]),
      maxBody: 5000,
      failed: () => {},
    })
    const server = createHttpServer()
    endpoint.attach(server)
    const port = await listening(server)
    const body = Array.from({ length: 3000 }, (_, n) => String(n % 10))
    const { socket } = raw(
      port,
      'POST /millrace/poll HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n',
    )
    socket.write(`${body.map((one) => `1\r\n${one}\r\n`).join('')}0\r\n\r\n`)
    await vi.waitFor(() => expect(heard).toEqual([body.join('')]))
  })

  it('to read a page is cut', async () => {
    const pages: Pick<Readers, 'page'> = {
      page: (_, answer) => {
        // More than the network takes by itself.
        queueMicrotask(() => answer({ status: 200, headers: {}, body: 'x'.repeat(32 * 2 ** 20) }))
        return { gone: () => {} }
      },
    }
    const endpoint = new ReaderEndpoint({
      readers: pages as Readers,
      path: '/millrace',
      allowOrigin: () => true,
      addressOf: addressBehind([]),
      readWithin: 60,
      failed: () => {},
    })
    const server = createHttpServer()
    endpoint.attach(server)
    const port = await listening(server)
    const ended = new Promise((resolve) => server.once('connection', (socket) => socket.on('close', resolve)))
    const { socket } = raw(port)
    socket.pause()
    socket.write('GET /millrace/channels/a:b/publications HTTP/1.1\r\nhost: x\r\n\r\n')
    await ended
  })

  it('to read pages gets no more of them at its address, until it has read', async () => {
    const size = 32 * 2 ** 20
    const answer = { status: 200, headers: {}, body: 'x'.repeat(size) }
    const pages: Pick<Readers, 'page'> = {
      page: (_, give) => {
        queueMicrotask(() => give(answer))
        return { gone: () => {} }
      },
    }
    const endpoint = new ReaderEndpoint({
      readers: pages as Readers,
      path: '/millrace',
      allowOrigin: () => true,
      addressOf: addressBehind(['127.0.0.1']),
      mostUnread: 1000,
      failed: () => {},
    })
    const server = createHttpServer()
    endpoint.attach(server)
    const port = await listening(server)
    const url = `http://127.0.0.1:${port}/millrace/channels/a:b/publications`
    const from = (address: string) => fetch(url, { headers: { 'x-forwarded-for': address } })
    // What is not read of it stays with the server: it is more than the network holds.
    const slow = await from('198.51.100.1')
    const refused = await from('198.51.100.1')
    expect([slow.status, refused.status, refused.headers.get('retry-after')]).toEqual([200, 429, '1'])
    expect(await refused.json()).toMatchObject({ name: 'limit-exceeded' })
    const other = await from('198.51.100.2')
    expect(other.status).toBe(200)
    for (const { body } of [other, slow]) await body?.cancel()
    await vi.waitFor(async () => {
      const again = await from('198.51.100.1')
      await again.body?.cancel()
      expect(again.status).toBe(200)
    })
  })
})

describe('[H11.1] [H6.2] pings of the transport', () => {
  it('are counted: who floods is closed', async () => {
    const port = await serve({ rates: { pings: { perSecond: 1, burst: 20 } } })
    const socket = new WebSocket(`ws://127.0.0.1:${port}/millrace`)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await new Promise((resolve) => socket.once('open', resolve))
    for (let n = 0; n < 40; n++) socket.ping()
    expect(await closed).toBe(4006)
  })

  it('are life', async () => {
    const port = await serve({ heartbeat: 600, patience: 200 })
    const socket = new WebSocket(`ws://127.0.0.1:${port}/millrace`)
    closers.push(() => socket.terminate())
    const heard: string[] = []
    let code: number | undefined
    socket.on('message', (bytes) => heard.push(String(bytes)))
    socket.on('close', (one) => {
      code = one
    })
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('{"id":1,"connect":{"version":1}}')
    const beat = setInterval(() => socket.ping(), 50)
    closers.push(() => clearInterval(beat))
    // Longer than silence would be suffered.
    const until = performance.now() + 1_600
    await vi.waitFor(() => expect(performance.now()).toBeGreaterThan(until), { timeout: 5_000 })
    expect([code, heard.length]).toEqual([undefined, 1])
  })
})
