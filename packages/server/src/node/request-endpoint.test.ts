/** Connections of requests over real HTTP: what proxies, browsers and strangers may send. */
import { createServer as createHttpServer, type Server } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createServer, type ServerOptions } from '../index.js'
import type { EventStream, RequestLinks } from '../requests/index.js'
import { addressBehind } from './client-address.js'
import { RequestEndpoint } from './request-endpoint.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const CONNECT = '{"id":1,"connect":{"version":1}}'
const SUBSCRIBE = '{"id":2,"subscribe":{"channel":"a:b"}}'
const PING = '{"id":3,"ping":{}}'
/** The header that a POST of the SDK has. */
const TEXT = { 'content-type': 'text/plain;charset=UTF-8' }

async function serve(options: ServerOptions = {}) {
  const errors: unknown[] = []
  const logger = { debug() {}, info() {}, warn() {}, error: (...said: unknown[]) => errors.push(said) }
  const millrace = createServer({ logger, ...options })
  closers.push(() => millrace.close())
  const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
  return {
    millrace,
    port,
    errors,
    url: `http://127.0.0.1:${port}${(options.path ?? '/millrace').replace(/\/$/, '')}`,
  }
}

const post = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers: { ...TEXT, ...headers } })

/** A connection by polling; and what its client is told first. */
async function open(
  url: string,
  frames: readonly string[] = [CONNECT],
): Promise<{ link: string; text: string }> {
  const opened = await (await post(`${url}/poll`, '{}')).text()
  const link = /"link":"([^"]+)"/.exec(opened)?.[1] ?? ''
  const answer = await post(`${url}/poll`, [`{"link":"${link}","seq":1}`, ...frames].join('\n'))
  return { link, text: await answer.text() }
}

/** A stream, by hand, whose client has subscribed; and what comes. */
async function streaming(url: string, port: number) {
  const { socket } = raw(port, requestOf('stream', '{}'))
  const heard = { text: '' }
  socket.on('data', (chunk) => {
    heard.text += chunk
  })
  await vi.waitFor(() => expect(heard.text).toContain('"link"'))
  const link = /"link":"([^"]+)"/.exec(heard.text)?.[1]
  await post(`${url}/send`, `{"link":"${link}"}\n${CONNECT}\n${SUBSCRIBE}`)
  await vi.waitFor(() => expect(heard.text).toContain('subscribed'))
  return { socket, heard }
}

/** Bytes by hand; resolves with all that came when the other side ends. */
function raw(port: number, bytes: string): { socket: Socket; all: Promise<string> } {
  const socket = connectTcp(port, '127.0.0.1')
  closers.push(() => socket.destroy())
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.write(bytes)
  return { socket, all: new Promise((resolve) => socket.on('close', () => resolve(text))) }
}

const requestOf = (kind: string, body: string): string =>
  `POST /millrace/${kind} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`

describe('[P8.1] requests below the endpoint’s path', () => {
  it('are answered with events that nobody may keep, change or hold up [P8.2]', async () => {
    const { url } = await serve()
    const { link } = await open(url, [PING])
    const body = `{"link":"${link}","seq":2,"ack":1}\n${CONNECT}\n${SUBSCRIBE}`
    const answer = await post(`${url}/poll?tenant=1`, body)
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'content-length': expect.stringMatching(/^\d+$/),
    })
    expect(await answer.text()).toMatch(
      /^id:2\ndata:\{"id":1,"connected".*\n\nid:3\ndata:\{"id":2,"subscribed".*\n\n$/s,
    )
  })

  it.each(['/', '/deep/er/', '/millrace/'])('work where the path is %s', async (path) => {
    const { url } = await serve({ path })
    const { link } = await open(url)
    expect((await post(`${url}/send`, `{"link":"${link}","seq":2}\n${PING}`)).status).toBe(200)
    expect((await post(`${url}/close`, `{"link":"${link}"}`)).status).toBe(200)
  })

  it.each([
    ['GET', '/poll', 405],
    ['PUT', '/send', 405],
    ['POST', '/poll/', 404],
    ['POST', '/pollen', 404],
    ['POST', '', 404],
    ['POST', '/constructor', 404],
    ['POST', 'x/poll', 404],
  ])('%s %s is answered %i', async (method, path, status) => {
    const { url } = await serve()
    const answer = await fetch(url + path, { method })
    expect(answer.status).toBe(status)
    if (status === 405) expect(answer.headers.get('allow')).toBe('POST, OPTIONS')
  })

  it('are only for the transports that are switched on', async () => {
    const { url } = await serve({ transports: ['websocket', 'poll'] })
    expect((await post(`${url}/stream`, '{}')).status).toBe(404)
    expect((await open(url)).link).not.toBe('')
    const streams = await serve({ transports: ['stream'] })
    expect((await post(`${streams.url}/poll`, '{}')).status).toBe(404)
    const none = await serve({ transports: ['websocket'] })
    expect((await post(`${none.url}/close`, '{}')).status).toBe(404)
  })

  it('are taken before the application’s own listeners, which see the others', async () => {
    const seen: string[] = []
    const http = createHttpServer((request, response) => {
      seen.push(request.url ?? '')
      response.end('the application')
    })
    const millrace = createServer({ logger: { debug() {}, info() {}, warn() {}, error() {} } })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    closers.push(() => closeAll(http))
    millrace.attach(http)
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    expect((await open(`${url}/millrace`)).text).toContain('connected')
    expect(await (await post(`${url}/other`, '')).text()).toBe('the application')
    await millrace.close()
    expect(await (await post(`${url}/millrace/poll`, '{}')).text()).toBe('the application')
    expect(seen).toEqual(['/other', '/millrace/poll'])
  })
})

const closeAll = (http: Server): void => {
  http.close()
  http.closeAllConnections()
}

describe('[P8.1] [P8.2] pages of other origins', () => {
  it('are refused unless they are allowed, and may read the answer if they are', async () => {
    const { url } = await serve({ allowedOrigins: ['https://shop.example'] })
    const refused = await post(`${url}/poll`, '{}', { origin: 'https://evil.example' })
    expect([refused.status, await refused.text()]).toEqual([
      403,
      'Pages of https://evil.example may not connect: see allowedOrigins\n',
    ])
    const answer = await post(`${url}/poll`, '{}', { origin: 'https://shop.example' })
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-credentials': 'true',
      vary: 'origin',
    })
    const asked = await fetch(`${url}/send`, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example' },
    })
    expect([asked.status, asked.headers.get('access-control-allow-methods')]).toEqual([204, 'POST'])
  })

  it('are those of another host, where nothing else is said', async () => {
    const { url, port } = await serve()
    expect((await post(`${url}/poll`, '{}', { origin: `http://127.0.0.1:${port}` })).status).toBe(200)
    for (const path of ['poll', 'send', 'close', 'stream'])
      expect((await post(`${url}/${path}`, '{}', { origin: 'http://127.0.0.1:1' })).status).toBe(403)
  })
})

describe('[P8.2] bodies', () => {
  it('that are too large are answered so, whether they say it before or not', async () => {
    const { url, port, errors } = await serve()
    const sized = await post(`${url}/poll`, 'x'.repeat(262_145))
    expect([sized.status, await sized.text()]).toEqual([413, 'A body may have 262144 bytes\n'])
    const head = 'POST /millrace/poll HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n'
    const { all } = raw(port, `${head}${`10000\r\n${'x'.repeat(65_536)}\r\n`.repeat(5)}0\r\n\r\n`)
    expect(await all).toContain('413 Payload Too Large')
    expect(errors).toEqual([])
  })

  it('may come in pieces that cut characters', async () => {
    const { port, url } = await serve()
    const { link } = await open(url, [CONNECT, SUBSCRIBE])
    const publish = Buffer.from(`{"id":4,"publish":{"channel":"a:b","data":"größer 🌊"}}`)
    const body = Buffer.concat([Buffer.from(`{"link":"${link}","seq":3,"ack":2}\n`), publish])
    const { socket, all } = raw(
      port,
      `POST /millrace/poll HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`,
    )
    for (const byte of body) {
      socket.write(Buffer.from([byte]))
      await new Promise(setImmediate)
    }
    expect(await all).toContain('größer 🌊')
  })

  it('that break off are nobody’s fault here', async () => {
    const { port, errors, url } = await serve()
    const { socket } = raw(
      port,
      'POST /millrace/poll HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"seq"',
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.resetAndDestroy()
    expect((await open(url)).link).not.toBe('')
    expect(errors).toEqual([])
  })

  it('from HTTP/1.0, as some proxies speak, are answered as well', async () => {
    const { port } = await serve()
    const body = '{}'
    const { all } = raw(port, `POST /millrace/poll HTTP/1.0\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    expect(await all).toMatch(/^HTTP\/1.1 200 .*event:open/s)
    const stream = raw(
      port,
      `POST /millrace/stream HTTP/1.0\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await vi.waitFor(() => expect(stream.socket.bytesRead).toBeGreaterThan(200))
    stream.socket.end()
  })
})

describe('[P8.4] a poll whose client goes away', () => {
  it('takes nothing with it: the next one is told everything', async () => {
    const { url, millrace, errors } = await serve()
    const { link } = await open(url, [CONNECT, SUBSCRIBE])
    const aborter = new AbortController()
    const gone = fetch(`${url}/poll`, {
      method: 'POST',
      body: `{"link":"${link}","ack":2}`,
      signal: aborter.signal,
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    aborter.abort()
    await gone.catch(() => {})
    await millrace.publish('a:b', 'for whoever asks')
    const answer = await post(`${url}/poll`, `{"link":"${link}","ack":2}`)
    expect(await answer.text()).toContain('"for whoever asks"')
    expect(errors).toEqual([])
  })
})

describe('[P8.6] a stream', () => {
  it('goes on, and ends when the client goes', async () => {
    const { port, millrace, url } = await serve()
    const gone = new Promise((resolve) => millrace.on('disconnect', (_, code) => resolve(code)))
    const { socket, heard } = await streaming(url, port)
    for (let n = 1; n <= 3; n++) {
      await millrace.publish('a:b', `number ${n}`)
      await vi.waitFor(() => expect(heard.text).toContain(`number ${n}`))
    }
    expect(heard.text).toMatch(/^HTTP\/1.1 200 OK\r\n(?!.*content-length).*content-type: text\/event-stream/s)
    socket.destroy()
    expect(await gone).toBe(1006)
  })

  it('whose client does not read is closed as a slow one', async () => {
    const { port, millrace, url } = await serve({ limits: { outbox: 10_000 } })
    const gone = new Promise((resolve) => millrace.on('disconnect', (_, code) => resolve(code)))
    const { socket } = await streaming(url, port)
    socket.pause()
    for (let n = 0; n < 400; n++) await millrace.publish('a:b', 'x'.repeat(40_000))
    expect(await gone).toBe(4001)
    socket.destroy()
  })

  it.each(['poll', 'stream'])('a response to %s that is not read is cut, and keeps nothing', async (kind) => {
    const much = 'x'.repeat(20_000_000)
    const links = {
      answer: async () => ({ status: 200, body: much }),
      stream(_text: string, _info: unknown, stream: EventStream) {
        stream.write(much)
        stream.end()
        return { broken() {} }
      },
      close: async () => {},
    }
    const endpoint = new RequestEndpoint({
      addressOf: addressBehind([]),
      links: links as unknown as RequestLinks,
      path: '/millrace',
      opens: { poll: true, stream: true },
      allowOrigin: () => true,
      maxBody: 1000,
      readWithin: 100,
      failed: (_, error) => expect.unreachable(String(error)),
    })
    const http = createHttpServer()
    endpoint.attach(http)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    closers.push(() => closeAll(http))
    const sockets: Socket[] = []
    http.on('connection', (one) => sockets.push(one))
    const { socket } = raw((http.address() as AddressInfo).port, requestOf(kind, '{}'))
    socket.pause()
    await vi.waitFor(() => expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]), {
      timeout: 2000,
    })
    socket.destroy()
  })
})

describe('a server that closes', () => {
  it('ends polls and streams, and then its connections', async () => {
    const { url, millrace, port } = await serve()
    const { link } = await open(url)
    const waiting = post(`${url}/poll`, `{"link":"${link}","ack":1}`).then((answer) => answer.text())
    const { heard } = await streaming(url, port)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const since = performance.now()
    await millrace.close()
    expect(performance.now() - since).toBeLessThan(1000)
    for (const text of [await waiting, heard.text]) {
      expect(text).toContain('"disconnect"')
      expect(text).toContain('event:close\ndata:{"code":4000')
    }
  })
})

describe('over HTTP/2', () => {
  it('the same requests are served [P8.1] [P8.6]', async () => {
    const http = createHttp2Server()
    const millrace = createServer({ logger: { debug() {}, info() {}, warn() {}, error() {} } })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    millrace.attach(http as unknown as Server)
    const session = connectHttp2(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)
    closers.push(async () => {
      session.destroy()
      await millrace.close()
      http.close()
    })
    const ask = (path: string, body: string) => {
      const request = session.request({ ':method': 'POST', ':path': `/millrace/${path}`, ...TEXT })
      const answer = { status: 0, text: '', request }
      request.on('response', (headers) => {
        answer.status = Number(headers[':status'])
      })
      request.on('data', (chunk) => {
        answer.text += chunk
      })
      request.end(body)
      return answer
    }
    const poll = ask('poll', '{}')
    await vi.waitFor(() => expect(poll.text).toContain('event:open'))
    const stream = ask('stream', '{}')
    await vi.waitFor(() => expect(stream.text).toContain('event:open'))
    const link = /"link":"([^"]+)"/.exec(stream.text)?.[1]
    ask('send', `{"link":"${link}"}\n${CONNECT}\n${SUBSCRIBE}`)
    await vi.waitFor(() => expect(stream.text).toContain('subscribed'))
    await millrace.publish('a:b', 'over HTTP/2')
    await vi.waitFor(() => expect(stream.text).toContain('over HTTP/2'))
    const large = ask('send', 'x'.repeat(300_000))
    await vi.waitFor(() => expect(large.status).toBe(413))
    const gone = new Promise((resolve) => millrace.on('disconnect', (_, code) => resolve(code)))
    stream.request.close()
    expect(await gone).toBe(1006)
  })
})
