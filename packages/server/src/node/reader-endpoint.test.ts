import { execFile, spawn } from 'node:child_process'
import { createServer as createHttpServer } from 'node:http'
import { connect as connectHttp2, constants, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import express from 'express'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { requireTool } from '../../../../test/support/tools.js'
import { ReaderClient } from '../../test/reader-client.js'
import { until } from '../../test/websocket-fixture.js'
import { channel, createServer, defineApi, type Logger, type ServerOptions } from '../index.js'

const api = defineApi({
  channels: { 'news:{topic}': channel({ history: { size: 100 } }), 'news:{topic}:{part}': channel() },
})
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const curl = requireTool('curl', 'apt-get install curl')
const run = promisify(execFile)

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

type Options<U extends { id: string } | undefined> = ServerOptions<typeof api, U>

async function serve<U extends { id: string } | undefined = undefined>(options: Options<U> = {}) {
  const millrace = createServer({ api, logger: silent, ...options })
  const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
  closers.push(() => millrace.close())
  return { millrace, port, url: `http://127.0.0.1:${port}/millrace/channels` }
}

function follow(url: string, headers?: Readonly<Record<string, string>>): ReaderClient {
  const client = new ReaderClient(url, headers)
  closers.push(() => client.close())
  return client
}

const byToken = ({ token }: { readonly token: string | undefined }) => (token ? { id: token } : null)
const json = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init)
  return { status: response.status, headers: response.headers, body: await response.json() }
}

describe.skipIf(curl === undefined)('curl', () => {
  const call = async (...args: readonly string[]) => {
    const { stdout } = await run(curl ?? '', ['-s', '--path-as-is', ...args], { timeout: 10_000 })
    return stdout
  }

  it('[P9.1] [P9.6] follows a channel', async () => {
    const { millrace, url } = await serve()
    await millrace.publish('news:a', 'one')
    const child = spawn(curl ?? '', ['-sN', `${url}/news:a/events?history=1`])
    closers.push(() => child.kill())
    let text = ''
    child.stdout.on('data', (bytes) => {
      text += String(bytes)
    })
    await until(() => text.includes('one'))
    await millrace.publish('news:a', 'two')
    await until(() => text.includes('two'))
    expect(text).toMatch(/^retry: \d+\n\ndata: "one"\nid: [\w-]+:1\n\ndata: "two"\nid: [\w-]+:2\n\n$/)
  })

  it('[P9.13] reads a page', async () => {
    const { millrace, url } = await serve()
    await millrace.publish('news:a', 'one')
    expect(JSON.parse(await call(`${url}/news:a/publications`))).toMatchObject({
      publications: [{ data: 'one' }],
    })
  })

  it('[P9.1] says with HEAD what GET would', async () => {
    const { url } = await serve()
    const [page, events] = await Promise.all([
      call('-I', `${url}/news:a/publications`),
      call('-I', `${url}/news:a/events`),
    ])
    expect(page).toMatch(/^HTTP\/1.1 200 OK\r\n.*content-length: \d\d/s)
    expect(page).toMatch(/etag: "/)
    expect(events).toMatch(/^HTTP\/1.1 200 OK\r\n.*content-type: text\/event-stream/s)
    expect(await call('-I', `${url}/nowhere:a/events`)).toMatch(/^HTTP\/1.1 404/)
  })

  it.each([
    ['news:a', 'news:a'],
    ['news%3Aa', 'news:a'],
    ['news:a/b', 'news:a/b'],
    ['news:a%2Fb', 'news:a/b'],
    ['news:a/events', 'news:a/events'],
    ['news:a/../../x', 'news:a/../../x'],
    ['news:a%2520b', 'news:a%20b'],
    ["news:A_.~@=+,/%25!$&'();-", "news:A_.~@=+,/%!$&'();-"],
    ['news:%41', 'news:A'],
  ])('[P9.1] %s in a path is the channel %s', async (path, name) => {
    const { millrace, url } = await serve()
    await millrace.publish(name as 'news:a', name)
    const { publications } = JSON.parse(await call(`${url}/${path}/publications`))
    expect(publications).toMatchObject([{ data: name }])
  })
})

describe('[P9.1] what is served', () => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('not %s', async (method) => {
    const { url } = await serve()
    for (const view of ['events', 'publications']) {
      const { status, headers, body } = await json(`${url}/news:a/${view}`, { method })
      expect([status, headers.get('allow'), body]).toMatchObject([
        405,
        'GET, HEAD, OPTIONS',
        { code: 100, field: 'method' },
      ])
    }
  })

  it('what else is asked for is the application’s', async () => {
    const { url, port } = await serve()
    for (const path of [
      `${url}/news:a/other`,
      `${url}/news:a`,
      `http://127.0.0.1:${port}/channels/news:a/events`,
    ])
      expect([path, await (await fetch(path)).text()]).toEqual([path, expect.stringContaining('Millrace')])
  })

  it('below another path', async () => {
    for (const path of ['/', '/a/b', '/c/']) {
      const { port } = await serve({ path })
      const base = `http://127.0.0.1:${port}${path === '/' ? '' : path.replace(/\/$/, '')}`
      expect((await fetch(`${base}/channels/news:a/publications`)).status).toBe(200)
    }
  })

  it('nothing, where readers are switched off', async () => {
    const { url } = await serve({ readers: false })
    expect((await fetch(`${url}/news:a/events`)).headers.get('content-type')).toContain('text/plain')
    expect(() => createServer({ readers: 'yes' as never })).toThrow('readers must be true or false, not yes')
  })

  it('beside an application, before its middleware', async () => {
    const app = express()
    app.use((_request, response) => void response.status(418).end())
    const http = createHttpServer(app)
    const millrace = createServer({ api, logger: silent })
    millrace.attach(http)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    closers.push(
      () => http.close(),
      () => millrace.close(),
    )
    const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    expect((await fetch(`${base}/millrace/channels/news:a/publications`)).status).toBe(200)
    expect((await fetch(base)).status).toBe(418)
    await millrace.close()
    expect((await fetch(`${base}/millrace/channels/news:a/publications`)).status).toBe(418)
  })

  it.each(['limit=x', 'since=7', 'wait=1', 'before=-1'])(
    'not ?%s: the answer names the parameter',
    async (query) => {
      const { url } = await serve()
      const { status, headers, body } = await json(`${url}/news:a/publications?${query}`)
      expect([status, headers.get('content-type'), body.field]).toEqual([
        400,
        'application/json',
        query.split('=')[0],
      ])
    },
  )
})

describe('over HTTP/2', () => {
  async function attached() {
    const http = createHttp2Server((_request, response) => void response.writeHead(404).end())
    const millrace = createServer({ api, logger: silent, limits: { outbox: 100_000 } })
    millrace.attach(http as never)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const session = connectHttp2(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)
    closers.push(
      () => http.close(),
      () => millrace.close(),
      () => session.destroy(),
    )
    const get = (path: string, method = 'GET') => {
      const stream = session.request({ ':path': `/millrace/channels/${path}`, ':method': method })
      const got = { stream, text: '', status: 0, hasEnded: false }
      stream.setEncoding('utf8')
      stream.on('response', (headers) => {
        got.status = headers[':status'] ?? 0
      })
      stream.on('data', (text: string) => {
        got.text += text
      })
      stream.on('error', () => {})
      stream.on('close', () => {
        got.hasEnded = true
      })
      return got
    }
    return { millrace, get }
  }

  it('[P9.6] [P9.10] follows a channel until the server goes', async () => {
    const { millrace, get } = await attached()
    const events = get('news:a/events')
    await until(() => events.text.includes('id: '))
    await millrace.publish('news:a', 'one')
    await until(() => events.text.includes('one'))
    await millrace.close()
    await until(() => events.hasEnded)
    expect([events.status, events.text]).toEqual([
      200,
      expect.stringMatching(/event: close\ndata: .*shutdown.*\n\n$/),
    ])
  })

  it('[P9.13] [P9.1] reads a page, and its head', async () => {
    const { millrace, get } = await attached()
    await millrace.publish('news:a', 'one')
    const all = [get('news:a/publications'), get('news:a/publications', 'HEAD'), get('news:a/events', 'HEAD')]
    await until(() => all.every(({ hasEnded }) => hasEnded))
    expect(all.map(({ status, text }) => [status, text.includes('"one"')])).toEqual([
      [200, true],
      [200, false],
      [200, false],
    ])
  })

  it('[P9.10] cuts who reads too slowly', async () => {
    const { millrace, get } = await attached()
    const [slow, quick] = [get('news:a/events'), get('news:a/events')]
    await until(() => [slow, quick].every(({ text }) => text.includes('id: ')))
    slow.stream.pause()
    for (let count = 0; count < 100; count++) {
      await millrace.publish('news:a', 'x'.repeat(10_000))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    slow.stream.resume()
    await until(() => slow.hasEnded)
    expect(slow.stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
    await millrace.publish('news:a', 'last')
    await until(() => quick.text.includes('last'))
  })
})

describe('who may read', () => {
  it('[P9.3] a token in a header, or what the hook finds in a cookie', async () => {
    const { millrace, url } = await serve({
      auth: ({ token, headers }) => {
        const id = token ?? /user=(\w+)/.exec(String(headers['cookie']))?.[1]
        return id === undefined ? null : { id }
      },
    })
    millrace.channel('news:{topic}').authorize(({ user, params }) => user.id === params.topic)
    const get = (headers: Record<string, string>) => json(`${url}/news:ann/publications`, { headers })
    const all = await Promise.all([
      get({ authorization: 'Bearer ann' }),
      get({ cookie: 'user=ann' }),
      get({ authorization: 'Bearer bob' }),
      get({}),
    ])
    expect(all.map(({ status, body }) => [status, body.name])).toEqual([
      [200, undefined],
      [200, undefined],
      [403, 'forbidden'],
      [401, 'unauthenticated'],
    ])
    const reader = follow(`${url}/news:ann/events`)
    await until(() => reader.hasEnded)
    expect([reader.status, reader.response?.headers['www-authenticate']]).toEqual([401, 'Bearer'])
  })

  it.each(['token', 'access_token', 'authorization'])(
    '[P9.3] not by %s in the URL, even if it is right',
    async (name) => {
      const { url } = await serve({ auth: byToken })
      for (const view of ['events', 'publications']) {
        const { status, body } = await json(`${url}/news:a/${view}?${name}=ann`, {
          headers: { authorization: 'Bearer ann' },
        })
        expect([status, body.field, body.message]).toEqual([
          400,
          name,
          expect.stringContaining('must not stand in a URL'),
        ])
        expect(JSON.stringify(body)).not.toContain('ann')
      }
    },
  )

  it('[P9.3] pages of other origins as over WebSockets', async () => {
    const { url, port } = await serve({ allowedOrigins: ['https://shop.example'] })
    const get = async (origin: string, method = 'GET') =>
      fetch(`${url}/news:a/publications`, { method, headers: { origin } })
    const [shop, other, own] = await Promise.all(
      ['https://shop.example', 'https://evil.example', `http://127.0.0.1:${port}`].map((origin) =>
        get(origin),
      ),
    )
    expect([shop?.status, shop?.headers.get('access-control-allow-origin')]).toEqual([
      200,
      'https://shop.example',
    ])
    expect(shop?.headers.get('access-control-allow-credentials')).toBe('true')
    expect(shop?.headers.get('access-control-expose-headers')).toBe('etag, retry-after')
    for (const refused of [other, own]) {
      expect([refused?.status, refused?.headers.get('access-control-allow-origin')]).toEqual([403, null])
      expect(await refused?.json()).toMatchObject({
        code: 106,
        message: expect.stringContaining('allowedOrigins'),
      })
    }
    const preflight = await get('https://shop.example', 'OPTIONS')
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'authorization, cache-control, if-none-match, last-event-id',
    ])
    expect((await get('https://evil.example', 'OPTIONS')).status).toBe(403)
  })

  it('[P9.3] [P9.16] every answer says that it differs by origin, and is nobody else’s image or script', async () => {
    const { url } = await serve()
    for (const path of ['news:a/publications', 'nowhere:a/publications', 'news:a/publications?limit=x']) {
      const { headers } = await fetch(`${url}/${path}`)
      const names = ['vary', 'cross-origin-resource-policy', 'x-content-type-options']
      expect(names.map((name) => headers.get(name))).toEqual(['origin', 'same-origin', 'nosniff'])
    }
  })

  it('[P9.17] who is disconnected, or put out of the channel; and nobody is told of readers', async () => {
    const { millrace, url } = await serve({ auth: byToken })
    const told = vi.fn()
    millrace.on('connect', told)
    millrace.on('disconnect', told)
    const headers = (user: string) => ({ authorization: `Bearer ${user}` })
    const [ann, bob, eve] = ['ann', 'bob', 'eve'].map((user) => follow(`${url}/news:a/events`, headers(user)))
    await until(() => [ann, bob, eve].every((reader) => reader?.last !== ''))
    expect(millrace.user('ann').sessions()).toEqual([])
    millrace.user('ann').disconnect('Bye')
    await millrace.user('bob').unsubscribe('news:a', 'Out')
    await until(() => ann?.hasEnded === true && bob?.hasEnded === true)
    expect([ann?.events, bob?.events, eve?.hasEnded]).toEqual([['close'], ['close'], false])
    expect([ann?.text, bob?.text]).toEqual([expect.stringContaining('Bye'), expect.stringContaining('Out')])
    expect(told).not.toHaveBeenCalled()
  })
})

describe('asking again', () => {
  it('[P9.15] is answered 304 without content', async () => {
    const { millrace, url } = await serve()
    await millrace.publish('news:a', 'one')
    const etag = (await fetch(`${url}/news:a/publications`)).headers.get('etag') ?? ''
    const again = await fetch(`${url}/news:a/publications`, { headers: { 'if-none-match': etag } })
    expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, etag, ''])
    await millrace.publish('news:a', 'two')
    const changed = await fetch(`${url}/news:a/publications`, { headers: { 'if-none-match': etag } })
    expect([changed.status, changed.headers.get('etag') === etag]).toEqual([200, false])
  })

  it('[P9.14] a request that waits is answered as soon as there is something', async () => {
    const { millrace, url } = await serve()
    const { position } = (await json(`${url}/news:a/publications`)).body
    const times: number[] = []
    let since = position
    for (let n = 0; n < 10; n++) {
      const page = json(`${url}/news:a/publications?wait=20s&since=${since}`)
      await new Promise((resolve) => setTimeout(resolve, 30))
      const start = performance.now()
      await millrace.publish('news:a', n)
      const { body } = await page
      times.push(performance.now() - start)
      expect(body.publications).toMatchObject([{ data: n }])
      since = body.position
    }
    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(50)
  })

  it('[P9.14] who gives up waiting leaves nothing behind', async () => {
    const { millrace, url } = await serve({ auth: byToken })
    const asked = vi.fn(() => true)
    millrace.channel('news:{topic}').authorize(asked)
    const reader = follow(`${url}/news:a/publications?wait=20s&since=x:0`, { authorization: 'Bearer ann' })
    await until(() => asked.mock.calls.length > 0 || reader.hasEnded)
    reader.close()
    await until(() => reader.hasEnded)
  })
})

describe('a network that is not well', () => {
  it('[P9.7] a reader that is cut again and again misses nothing and hears nothing twice', async () => {
    const { millrace, url } = await serve()
    const heard: unknown[] = []
    let last = ''
    let n = 0
    for (let round = 0; round < 20; round++) {
      const reader = follow(`${url}/news:a/events`, last === '' ? {} : { 'last-event-id': last })
      await until(() => reader.last !== '')
      for (let i = round % 4; i > 0; i--) await millrace.publish('news:a', ++n)
      if (round % 2 === 0) await until(() => reader.data.at(-1) === n || n === 0)
      reader.close()
      heard.push(...reader.data)
      last = reader.last
      for (let i = round % 3; i > 0; i--) await millrace.publish('news:a', ++n)
    }
    const reader = follow(`${url}/news:a/events`, { 'last-event-id': last })
    await until(() => reader.data.at(-1) === n || last.endsWith(`:${n}`))
    expect([...heard, ...reader.data]).toEqual(Array.from({ length: n }, (_, i) => i + 1))
  })

  it('[P9.10] who reads too slowly is cut, and comes back for the rest', async () => {
    const { millrace, url } = await serve({ limits: { outbox: 200_000 } })
    const [slow, quick] = [follow(`${url}/news:a/events`), follow(`${url}/news:a/events`)]
    await until(() => [slow, quick].every((reader) => reader.last !== ''))
    let n = 0
    slow.stall()
    const text = 'x'.repeat(100_000)
    // As much as the buffers of both ends take, and a little more: a reader that is cut finds the rest kept.
    while (n < 90) {
      await millrace.publish('news:a', { n: ++n, text })
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    slow.resume()
    await until(() => slow.hasEnded)
    await until(() => quick.data.length === n)
    expect(quick.hasEnded).toBe(false)
    const back = follow(`${url}/news:a/events`, { 'last-event-id': slow.last })
    await until(() => slow.data.length + back.data.length === n)
    const all = [...slow.data, ...back.data] as { n: number }[]
    expect(all.map((one) => one.n)).toEqual(Array.from({ length: n }, (_, i) => i + 1))
  })

  it('[P9.9] a reader whose socket takes nothing is let go', async () => {
    const { millrace, url } = await serve({ heartbeat: 300, patience: 300, limits: { outbox: 100_000_000 } })
    const reader = follow(`${url}/news:a/events`)
    await until(() => reader.last !== '')
    reader.stall()
    for (let i = 0; i < 100; i++) await millrace.publish('news:a', 'x'.repeat(200_000))
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    reader.resume()
    await until(() => reader.hasEnded)
    expect(reader.events).toEqual([])
  })

  it('[P9.10] a server that closes waits for no reader that takes nothing', { timeout: 30_000 }, async () => {
    const { millrace, url } = await serve({ limits: { outbox: 100_000_000 } })
    const [dead, well] = [follow(`${url}/news:a/events`), follow(`${url}/news:b/events`)]
    const page = json(`${url}/news:b/publications?wait=20s&since=${await placeOf(url)}`)
    await until(() => [dead, well].every((reader) => reader.last !== ''))
    await new Promise((resolve) => setTimeout(resolve, 100))
    dead.stall()
    for (let i = 0; i < 100; i++) await millrace.publish('news:a', 'x'.repeat(200_000))
    const start = performance.now()
    const closing = millrace.close()
    await until(() => well.hasEnded)
    expect(performance.now() - start).toBeLessThan(1_000)
    expect((await page).status).toBe(503)
    await closing
    expect(performance.now() - start).toBeLessThan(8_000)
  })

  const placeOf = async (url: string): Promise<string> =>
    (await json(`${url}/news:b/publications`)).body.position
})
