import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EchoHandler, type Fixture, startServer, until } from '../../test/websocket-fixture.js'
import { WebSocket } from './web-socket.js'
import { CloseEvent, ConnectFailureEvent } from './web-socket-events.js'

let fixture: Fixture<EchoHandler>

beforeEach(async () => {
  fixture = await startServer(new EchoHandler(), { protocols: ['chat'] })
})
afterEach(() => fixture.server.close())

async function open(init?: ConstructorParameters<typeof WebSocket>[1]): Promise<WebSocket> {
  const socket = new WebSocket(fixture.url, init)
  await new Promise((resolve) => {
    socket.onopen = resolve
  })
  return socket
}

function closed(socket: WebSocket): Promise<CloseEvent> {
  return new Promise((resolve) => {
    socket.onclose = resolve
  })
}

/** The data of the next `count` messages. */
function inbox(socket: WebSocket, count: number): Promise<unknown[]> {
  return new Promise((resolve) => {
    const data: unknown[] = []
    socket.onmessage = (event) => {
      data.push(event.data)
      if (data.length === count) resolve(data)
    }
  })
}

describe('[E34] the WebSocket of the web platform', () => {
  it('goes through its states', async () => {
    const socket = new WebSocket(fixture.url)
    expect([socket.readyState, socket.CONNECTING, WebSocket.CONNECTING]).toEqual([0, 0, 0])
    expect([socket.url, socket.protocol, socket.extensions, socket.bufferedAmount]).toEqual([
      fixture.url,
      '',
      '',
      0,
    ])
    await new Promise((resolve) => socket.addEventListener('open', resolve))
    expect(socket.readyState).toBe(WebSocket.OPEN)
    const end = closed(socket)
    socket.close(4000, 'done')
    expect(socket.readyState).toBe(WebSocket.CLOSING)
    expect(await end).toMatchObject({ type: 'close', code: 4000, reason: '', wasClean: true })
    expect(socket.readyState).toBe(WebSocket.CLOSED)
    await until(() => fixture.handler.closed.length === 1)
    expect(fixture.handler.closed).toEqual(['4000 done clean'])
  })

  it('sends text, buffers, views and Blobs in order, and tells binary as a Blob or as an ArrayBuffer', async () => {
    const socket = await open()
    socket.binaryType = 'arraybuffer'
    const data = inbox(socket, 5)
    const bytes = Uint8Array.of(0, 1, 2, 3, 4)
    socket.send('text 🌊')
    socket.send(bytes.subarray(1, 3))
    socket.send(new Blob(['blob']))
    socket.send(bytes.buffer)
    socket.send('last')
    // What was sent is as it was then, whatever happens to the memory.
    bytes.fill(9)
    expect(socket.bufferedAmount).toBeGreaterThanOrEqual(4 + 5 + 4)
    const told = (await data).map((each) =>
      each instanceof ArrayBuffer ? Buffer.from(each).toString('latin1') : each,
    )
    expect(told).toEqual(['text 🌊', '\x01\x02', 'blob', '\x00\x01\x02\x03\x04', 'last'])
    expect(socket.bufferedAmount).toBe(0)
    socket.binaryType = 'blob'
    const blob = inbox(socket, 1)
    socket.send(Uint8Array.of(65))
    const [first] = await blob
    expect(first).toBeInstanceOf(Blob)
    expect(await (first as Blob).text()).toBe('A')
    socket.close()
    expect(await closed(socket)).toMatchObject({ code: 1005, wasClean: true })
  })

  it('close() waits for a Blob that was sent before', async () => {
    const socket = await open()
    const data = inbox(socket, 1)
    socket.send(new Blob(['blob']))
    socket.close(1000)
    const end = closed(socket)
    await until(() => fixture.handler.closed.length === 1)
    await end
    expect(fixture.handler.opened[0]?.messagesIn).toBe(1)
    void data
  })

  it('events tell what the platform tells', async () => {
    const socket = await open()
    const message = new Promise<MessageEvent>((resolve) =>
      socket.addEventListener('message', (event) => resolve(event as MessageEvent)),
    )
    socket.send('x')
    expect(await message).toMatchObject({ type: 'message', data: 'x', origin: new URL(fixture.url).origin })
    fixture.handler.opened[0]?.close(4321, 'server says so')
    const event = await closed(socket)
    expect(event).toBeInstanceOf(CloseEvent)
    expect(event).toMatchObject({ code: 4321, reason: 'server says so', wasClean: true })
  })

  it('handlers are attributes: read, replaced, removed', async () => {
    const socket = await open()
    const seen: string[] = []
    const first = (): void => void seen.push('first')
    socket.onmessage = first
    expect(socket.onmessage).toBe(first)
    socket.onmessage = () => void seen.push('second')
    const answered = new Promise((resolve) => socket.addEventListener('message', resolve))
    socket.send('x')
    await answered
    expect(seen).toEqual(['second'])
    socket.onmessage = null
    expect(socket.onmessage).toBeNull()
    socket.close()
    await closed(socket)
  })

  it('subprotocols: one, a list, or in the options', async () => {
    for (const init of ['chat', ['other', 'chat'], { protocols: ['chat'], headers: { 'x-test': '1' } }]) {
      const socket = await open(init)
      expect(socket.protocol).toBe('chat')
      socket.close()
      await closed(socket)
    }
  })

  it.each([
    ['a URL that is none', ['nonsense'], 'SyntaxError'],
    ['another scheme', ['ftp://h'], 'SyntaxError'],
    ['a fragment', ['ws://h/#x'], 'SyntaxError'],
    ['a subprotocol twice', ['ws://h', ['a', 'a']], 'SyntaxError'],
    ['a subprotocol that is no token', ['ws://h', 'a b'], 'SyntaxError'],
  ] as const)('refuses %s', (_, [url, init], name) => {
    const attempt = (): WebSocket => new WebSocket(url, init)
    expect(attempt).toThrow(DOMException)
    expect(attempt).toThrow(expect.objectContaining({ name }) as Error)
  })

  it.each([
    [[1001], 'InvalidAccessError'],
    [[2999], 'InvalidAccessError'],
    [[5000], 'InvalidAccessError'],
    [[Number.NaN], 'InvalidAccessError'],
    [[1000, 'é'.repeat(62)], 'SyntaxError'],
  ] as const)('close(%j) throws', async (args, name) => {
    const socket = await open()
    expect(() => socket.close(...(args as [number]))).toThrow(expect.objectContaining({ name }) as Error)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.close()
    await closed(socket)
  })

  it('send() throws while connecting, and counts what is lost once closing', async () => {
    const socket = new WebSocket(fixture.url)
    expect(() => socket.send('x')).toThrow(expect.objectContaining({ name: 'InvalidStateError' }) as Error)
    await new Promise((resolve) => {
      socket.onopen = resolve
    })
    socket.close()
    const before = socket.bufferedAmount
    socket.send('lost')
    socket.send(new Uint8Array(6))
    expect(socket.bufferedAmount - before).toBe(10)
    await closed(socket)
    expect(fixture.handler.opened[0]?.messagesIn).toBe(0)
  })

  it('a connection that fails is an error and a close of 1006, and says why', async () => {
    const http: Server = createServer()
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo
    http.close()
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
    const failed = new Promise<ConnectFailureEvent>((resolve) => {
      socket.onerror = resolve
    })
    const end = closed(socket)
    const event = await failed
    expect(event).toBeInstanceOf(ConnectFailureEvent)
    expect(event.message).toContain('ECONNREFUSED')
    expect(await end).toMatchObject({ code: 1006, wasClean: false })
    expect(socket.readyState).toBe(WebSocket.CLOSED)
  })

  it('close() while connecting gives up', async () => {
    const socket = new WebSocket(fixture.url)
    const end = closed(socket)
    socket.close()
    expect(await end).toMatchObject({ code: 1006, wasClean: false })
  })

  it('a connection that breaks is an error and a close of 1006', async () => {
    const socket = await open()
    const failed = new Promise((resolve) => {
      socket.onerror = resolve
    })
    const end = closed(socket)
    fixture.handler.opened[0]?.terminate()
    await failed
    expect(await end).toMatchObject({ code: 1006, wasClean: false })
  })
})
