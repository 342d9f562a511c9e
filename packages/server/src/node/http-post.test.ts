import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { httpPost } from './http-post.js'

type Listener = (request: IncomingMessage, response: ServerResponse) => void

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A server that answers so, and a request to it. */
async function world(listener: Listener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ask?a=b`
  const send = (body = '{"a":"ü"}', maxAnswer = 1000) =>
    httpPost(fetch, 'millrace/test')({ url, headers: { 'webhook-id': 'msg_1' }, body, maxAnswer })
  return { server, url, send, answer: () => send().answer }
}

const JSON_TYPE = { 'content-type': 'application/json' }

describe('a request over a real socket', () => {
  it('is a POST of JSON with the headers given, whose answer comes with its status', async () => {
    const seen: unknown[] = []
    const { answer } = await world(async (request, response) => {
      const { method, url, headers } = request
      const { 'webhook-id': id, 'content-type': type, accept, 'user-agent': agent } = headers
      const body = Buffer.concat(await request.toArray()).toString()
      seen.push({ method, url, id, type, accept, agent, body })
      response.writeHead(418, JSON_TYPE).end('{"tea":"☕"}')
    })
    expect(await answer()).toEqual({ status: 418, text: '{"tea":"☕"}', retryAfter: undefined })
    expect(seen).toEqual([
      {
        ...{ method: 'POST', url: '/ask?a=b', id: 'msg_1', type: 'application/json' },
        ...{ accept: 'application/json', agent: 'millrace/test', body: '{"a":"ü"}' },
      },
    ])
  })

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    let asked = 0
    const { answer } = await world((_, response) => {
      asked++
      response.writeHead(status, { location: '/elsewhere' }).end('gone')
    })
    expect(await answer()).toMatchObject({ status, text: 'gone' })
    expect(asked).toBe(1)
  })

  it('reads no more of an answer than it may, whether its length is known, or it is compressed', async () => {
    const long = 'x'.repeat(10_000_000)
    const listeners: readonly Listener[] = [
      (_, response) => response.end(long),
      (_, response) => response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(long),
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(long)),
      (_, response) => {
        // One that never ends: to have an answer is to have stopped reading.
        const more = (): boolean => response.write(long.slice(0, 10_000)) && more()
        response.on('drain', more)
        more()
      },
    ]
    for (const listener of listeners) {
      const { answer, server } = await world(listener)
      const closed = new Promise((resolve) => {
        server.on('connection', (socket) => socket.on('close', resolve))
      })
      expect(await answer()).toMatchObject({ status: 200, text: undefined })
      await closed
    }
  })

  it('reads one that is just so long', async () => {
    const { send } = await world((_, response) => response.end('x'.repeat(1000)))
    expect((await send('{}', 1000).answer).text).toHaveLength(1000)
    expect((await send('{}', 999).answer).text).toBeUndefined()
  })

  it('takes no bytes that are not UTF-8 for a text', async () => {
    const { answer } = await world((_, response) => response.end(Buffer.from([0x22, 0xff, 0x22])))
    expect((await answer()).text).toBeUndefined()
  })

  it('reads Retry-After, in seconds or as a date', async () => {
    const values = [
      '7',
      new Date(Date.now() + 60_000).toUTCString(),
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'soon',
      '-5x',
    ]
    const { answer } = await world((_, response) => {
      response.writeHead(503, { 'retry-after': values.shift() ?? '' }).end()
    })
    expect((await answer()).retryAfter).toBe(7000)
    const { retryAfter = 0 } = await answer()
    expect(retryAfter).toBeGreaterThan(50_000)
    expect(retryAfter).toBeLessThanOrEqual(60_000)
    expect((await answer()).retryAfter).toBe(0)
    expect((await answer()).retryAfter).toBeUndefined()
  })
})

describe('a request without an answer', () => {
  it('says by a code what happened, and nothing of what was sent', async () => {
    const { server, url } = await world((_, response) => response.end())
    await new Promise((resolve) => server.close(resolve))
    const secret = 'a-token'
    const post = httpPost(fetch, 'millrace/test')
    const request = { url, headers: { 'webhook-id': secret }, body: secret, maxAnswer: 10 }
    await expect(post(request).answer).rejects.toThrow(/^no connection: ECONNREFUSED$/)
    const wrong = { ...request, headers: { 'webhook-id': `${secret}\n` } }
    await expect(post(wrong).answer).rejects.toThrow(/^no connection: [A-Z]\w+$/i)
    await expect(post(wrong).answer).rejects.not.toThrow(secret)
  })

  it('fails when the connection ends before the answer, or in its middle', async () => {
    const { answer } = await world((request) => request.socket.destroy())
    await expect(answer()).rejects.toThrow(/^no connection: \w+$/)
    const half = await world((_, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"user":{"id":"ada"}}', () => response.destroy())
    })
    await expect(half.answer()).rejects.toThrow(/^no connection: \w+$/)
  })

  it.each([false, true])('is given up, and its connection closed, the answer begun: %s', async (begins) => {
    const { server, send } = await world((_, response) => {
      if (begins) response.writeHead(200).write('{"user":')
    })
    const come = once(server, 'request') as Promise<[IncomingMessage]>
    const posting = send()
    const failed = expect(posting.answer).rejects.toThrow('given up')
    const [{ socket }] = await come
    const closed = new Promise((resolve) => socket.on('close', resolve))
    posting.cancel()
    await failed
    await closed
  })

  it('is given up also by a fetch that does not look at the signal', async () => {
    const posting = httpPost(
      () => new Promise(() => {}),
      'millrace/test',
    )({
      ...{ url: 'https://backend.example', headers: {}, body: '{}', maxAnswer: 10 },
    })
    posting.cancel()
    await expect(posting.answer).rejects.toThrow('given up')
  })
})
