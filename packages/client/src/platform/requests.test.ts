/** Requests by `fetch`, to a server that answers as servers and those between may. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Answer } from '../fallback/index.js'
import { fetchRequests } from './requests.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const EVENTS = { 'content-type': 'Text/Event-Stream; charset=utf-8' }

async function textOf({ pieces }: Answer): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

describe('[P8.1] requests by fetch', () => {
  it.each([
    ['/millrace', '/millrace/poll'],
    ['/millrace/?tenant=1', '/millrace/poll?tenant=1'],
    ['/', '/poll'],
    ['', '/poll'],
  ])('for %s go to %s, as plain text and as nobody’s to keep', async (path, target) => {
    const seen: unknown[] = []
    const url = await serve((request, response) => {
      const { method, url: to, headers } = request
      request.on('data', (body) =>
        seen.push([method, to, headers['content-type'], headers['cache-control'], String(body)]),
      )
      request.on('end', () => response.writeHead(200, EVENTS).end('data:1\n\n'))
    })
    const answer = await fetchRequests(url + path)('poll', '{"größe":1}').answer
    expect([answer.status, answer.isEvents, await textOf(answer)]).toEqual([200, true, 'data:1\n\n'])
    expect(seen).toEqual([['POST', target, 'text/plain;charset=UTF-8', 'no-cache', '{"größe":1}']])
  })

  it('bring characters whole, wherever the network cuts them', async () => {
    const text = 'data:größer 🌊\n\n'
    const url = await serve(async (_, response) => {
      response.writeHead(200, EVENTS)
      for (const byte of Buffer.from(text)) {
        response.write(Buffer.from([byte]))
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      response.end()
    })
    expect(await textOf(await fetchRequests(url)('stream', '{}').answer)).toBe(text)
  })

  it.each([
    ['a page', 200, { 'content-type': 'text/html' }],
    ['an answer without a type', 200, {}],
    ['a refusal', 410, { 'content-type': 'text/plain' }],
  ])('say that %s is no stream of events, and do not read it', async (_, status, headers) => {
    const url = await serve((__, response) => response.writeHead(status, headers).end('<html>'))
    const answer = await fetchRequests(url)('poll', '{}').answer
    expect([answer.status, answer.isEvents, await textOf(answer)]).toEqual([status, false, ''])
  })

  it('follow nobody elsewhere: what is said is for this server', async () => {
    const seen: string[] = []
    const elsewhere = await serve((request, response) => {
      seen.push(request.url ?? '')
      response.end()
    })
    for (const status of [301, 302, 307, 308]) {
      const url = await serve((_, response) =>
        response.writeHead(status, { location: elsewhere.replace('ws', 'http') }).end(),
      )
      await expect(fetchRequests(url)('poll', 'secret').answer).rejects.toThrow()
    }
    expect(seen).toEqual([])
  })

  it('can be given up before the answer and in the middle of it', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, EVENTS)
      response.write('data:1\n\n')
    })
    const early = fetchRequests(url)('poll', '{}')
    early.abort()
    await expect(early.answer).rejects.toThrow()
    const late = fetchRequests(url)('stream', '{}')
    const answer = await late.answer
    const read = textOf(answer)
    setTimeout(() => late.abort(), 20)
    await expect(read).rejects.toThrow()
    late.abort()
  })

  it('use their connections again, whatever was answered', async () => {
    const sockets = new Set<unknown>()
    const url = await serve((request, response) => {
      sockets.add(request.socket)
      request.resume()
      response.writeHead(200, EVENTS).end()
    })
    const post = fetchRequests(url)
    for (let count = 0; count < 20; count++) {
      await post('send', '{}').answer
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(sockets.size).toBeLessThan(4)
  })

  it('say goodbye with much left to say', async () => {
    let size = 0
    const url = await serve((request, response) => {
      request.on('data', (chunk) => {
        size += chunk.length
      })
      request.on('end', () => response.writeHead(200, EVENTS).end())
    })
    expect((await fetchRequests(url)('close', 'x'.repeat(150_000)).answer).status).toBe(200)
    expect(size).toBe(150_000)
  })
})
