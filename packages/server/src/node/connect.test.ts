import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { EchoHandler, type Fixture, startServer, until } from '../../test/websocket-fixture.js'
import { Connector, connect } from './connect.js'

let fixture: Fixture<EchoHandler> | null = null
let fake: Server | null = null

afterEach(async () => {
  await fixture?.server.close()
  fake?.close()
  fixture = null
  fake = null
})

/** A server that answers every request with these bytes, whatever it says. */
async function startFake(response: string | null): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => response !== null && socket.end(response))
  })
  fake = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('[E21] RFC 6455 §4.1: connecting', () => {
  it('opens a link; http: means ws:', async () => {
    fixture = await startServer(new EchoHandler())
    const handler = new EchoHandler()
    const link = await connect(fixture.url.replace('ws:', 'http:'), { handler })
    expect([link.isOpen, link.protocol]).toEqual([true, ''])
    link.close(1000)
    await until(() => handler.closed.length === 1)
    expect(handler.closed).toEqual(['1000  clean'])
  })

  it('messages that come with the response are told after the link is had', async () => {
    class Greeting extends EchoHandler {
      override onOpen(link: Parameters<EchoHandler['onOpen']>[0]): void {
        link.send('text', 'welcome')
      }
    }
    fixture = await startServer(new Greeting())
    let has = false
    const told: boolean[] = []
    const link = await connect(fixture.url, {
      handler: { onMessage: () => told.push(has), onClose: () => {} },
    })
    has = true
    await until(() => told.length === 1)
    expect(told).toEqual([true])
    link.terminate()
  })

  it.each(['ftp://h/', 'ws://h/#fragment', 'ws://h/#', 'not a url'])(
    '%s is no WebSocket URL',
    async (url) => {
      await expect(new Connector().connect(url, new EchoHandler())).rejects.toThrow()
    },
  )

  it.each([
    [
      'a refusal',
      'HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\nno token\n',
      { failure: 'refused', status: 401 },
    ],
    ['a page', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', { failure: 'refused', status: 200 }],
    [
      'a redirect',
      'HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n',
      { failure: 'refused', status: 302 },
    ],
    [
      'a wrong accept',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
      { failure: 'handshake' },
    ],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', { failure: 'network' }],
    ['nothing', '', { failure: 'network' }],
  ])('%s is told apart', async (_, response, expected) => {
    const url = await startFake(response)
    await expect(new Connector().connect(url, new EchoHandler())).rejects.toMatchObject(expected)
  })

  it('quotes what the server said', async () => {
    const url = await startFake('HTTP/1.1 403 Forbidden\r\nContent-Length: 13\r\n\r\nwrong origin\n')
    await expect(new Connector().connect(url, new EchoHandler())).rejects.toThrow('403, wrong origin')
  })

  it('a server that says nothing runs into the timeout', async () => {
    const url = await startFake(null)
    const attempt = new Connector({ handshakeTimeoutMs: 30 }).connect(url, new EchoHandler())
    await expect(attempt).rejects.toMatchObject({
      failure: 'timeout',
      message: expect.stringContaining('30 ms') as string,
    })
    const overHttp2 = new Connector({ handshakeTimeoutMs: 30, http2: true }).connect(url, new EchoHandler())
    await expect(overHttp2).rejects.toMatchObject({ failure: 'timeout' })
  })

  it('nobody listening is a network failure with its cause', async () => {
    for (const http2 of [false, true]) {
      const attempt = new Connector({ http2 }).connect('ws://127.0.0.1:1/', new EchoHandler())
      await expect(attempt).rejects.toMatchObject({ failure: 'network', cause: { code: 'ECONNREFUSED' } })
    }
  })

  it('an AbortSignal ends it with its own reason, before and meanwhile', async () => {
    const url = await startFake(null)
    const reason = new Error('changed my mind')
    await expect(
      connect(url, { handler: new EchoHandler(), signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason)
    const controller = new AbortController()
    const attempt = connect(url, { handler: new EchoHandler(), signal: controller.signal })
    setImmediate(() => controller.abort(reason))
    await expect(attempt).rejects.toBe(reason)
  })

  it('aborting later leaves the link alone', async () => {
    fixture = await startServer(new EchoHandler())
    const controller = new AbortController()
    const link = await connect(fixture.url, { handler: new EchoHandler(), signal: controller.signal })
    controller.abort()
    await new Promise((resolve) => setImmediate(resolve))
    expect(link.isOpen).toBe(true)
    link.terminate()
  })
})
