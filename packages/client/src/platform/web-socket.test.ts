import { describe, expect, it } from 'vitest'
import { type WebSocketEvent, type WebSocketLike, webSockets } from './web-socket.js'

/** A WebSocket as platforms have it, without a network. */
class FakeWebSocket implements WebSocketLike {
  static made: FakeWebSocket | undefined
  readonly url: string
  readonly protocols: string[]
  binaryType = 'blob'
  readyState = 0
  protocol = ''
  bufferedAmount = 0
  readonly sent: unknown[] = []
  readonly closes: unknown[] = []
  readonly #listeners = new Map<string, (event: WebSocketEvent) => void>()

  constructor(url: string, protocols: string[]) {
    this.url = url
    this.protocols = protocols
    FakeWebSocket.made = this
  }

  send(data: unknown): void {
    this.sent.push(data)
  }

  close(code?: number, reason?: string): void {
    this.closes.push([code, reason])
  }

  addEventListener(type: string, listener: (event: WebSocketEvent) => void): void {
    this.#listeners.set(type, listener)
  }

  fire(type: string, more: Partial<WebSocketEvent> = {}): void {
    const listener = this.#listeners.get(type)
    if (listener === undefined) throw new Error(`Nobody listens for ${type}`)
    listener({ type, ...more })
  }
}

function opened() {
  const log: unknown[] = []
  const link = webSockets(FakeWebSocket, 'ws://host/millrace').open('millrace.json', {
    opened: (protocol) => log.push(['opened', protocol]),
    frame: (frame) => log.push(['frame', frame]),
    closed: (code, reason) => log.push(['closed', code, reason]),
    idle: () => true,
  })
  const socket = FakeWebSocket.made
  if (socket === undefined) throw new Error('No socket was made')
  return { link, socket, log }
}

describe('a link over a WebSocket', () => {
  it('asks for its subprotocol and for binary frames as buffers', () => {
    const { socket } = opened()
    expect(socket).toMatchObject({
      url: 'ws://host/millrace',
      protocols: ['millrace.json'],
      binaryType: 'arraybuffer',
    })
  })

  it('tells what the socket tells, errors only as the close that follows', () => {
    const { socket, log } = opened()
    socket.protocol = 'millrace.json'
    socket.fire('open')
    socket.fire('message', { data: 'text' })
    socket.fire('message', { data: new Uint8Array([1, 2]).buffer })
    socket.fire('error')
    socket.fire('close', { code: 4000, reason: 'bye' })
    expect(log).toEqual([
      ['opened', 'millrace.json'],
      ['frame', 'text'],
      ['frame', new Uint8Array([1, 2])],
      ['closed', 4000, 'bye'],
    ])
  })

  it('takes a close without a code for a cut', () => {
    const { socket, log } = opened()
    socket.fire('close')
    expect(log).toEqual([['closed', 1006, '']])
  })

  it('sends only when the socket is open, which others would throw about', () => {
    const { link, socket } = opened()
    link.send('early')
    socket.readyState = 1
    link.send('now')
    socket.readyState = 2
    link.send('late')
    expect(socket.sent).toEqual(['now'])
  })

  it('knows how much waits and how large a frame is in UTF-8', () => {
    const { link, socket } = opened()
    socket.bufferedAmount = 77
    expect(link.buffered).toBe(77)
    expect(link.sizeOf('aß€😀')).toBe(1 + 2 + 3 + 4)
    expect(link.sizeOf(new Uint8Array(9))).toBe(9)
  })

  it('closes with a reason no longer than a close frame holds', () => {
    const { link, socket } = opened()
    link.close(4002, '€'.repeat(200))
    const [[code, reason]] = socket.closes as [[number, string]]
    expect(code).toBe(4002)
    expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(123)
  })
})
