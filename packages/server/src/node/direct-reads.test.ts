import { createHash } from 'node:crypto'
import { Duplex } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { RawPeer, startAttached, until } from '../../test/websocket-fixture.js'
import { encodeFrame } from '../websocket/index.js'
import type { ServerHandler } from './accept.js'
import { readDirectly } from './direct-reads.js'
import { readMemory } from './read-memory.js'
import type { WebSocketLink } from './websocket-link.js'

const BINARY = 0x82
const FREE = readMemory.free

let stop = (): Promise<unknown> => Promise.resolve()
afterEach(() => stop())

/** A server, and its ends of the connections. */
async function serve(handler: Omit<ServerHandler, 'onClose'> & { readonly onClose?: () => void }) {
  const attached = await startAttached({ handler: { onClose: () => {}, ...handler } })
  stop = attached.stop
  const { port, sockets } = attached
  return { sockets, connect: () => RawPeer.connect(port) }
}

/** Frames as a client has them, one after the other. */
const frames = (payloads: readonly Uint8Array[]): Buffer =>
  Buffer.concat(payloads.map((payload, n) => encodeFrame(BINARY, payload, (n * 0x01234567) | 0)))

/** Payloads of all sizes, of which no two are alike. */
const payloads = (count: number, from: number): Buffer[] =>
  Array.from({ length: count }, (_, n) => {
    const bytes = Buffer.alloc(8 + ((n * 7919 + from * 31) % (n % 50 === 0 ? 150_000 : 700)), from + n)
    bytes.writeUInt32LE(from, 0)
    bytes.writeUInt32LE(n, 4)
    return bytes
  })

const digest = (all: readonly Uint8Array[]): string => {
  const hash = createHash('sha256')
  for (const bytes of all) hash.update(bytes)
  return hash.digest('hex')
}

describe('[E39] sockets are read into memory that is there already', () => {
  it('on this Node: their streams are told of nothing', async () => {
    const heard: string[] = []
    const { connect, sockets } = await serve({
      onMessage: (_link, _kind, bytes) => void heard.push(Buffer.from(bytes).toString()),
    })
    const peer = await connect()
    const [socket] = sockets
    let streamed = 0
    socket?.on('data', () => streamed++)
    for (const text of ['one', 'two', 'three']) {
      peer.send(0x81, text)
      await until(() => heard.at(-1) === text)
    }
    expect([heard, streamed], 'Node keeps it elsewhere now: see ADR 16').toEqual([['one', 'two', 'three'], 0])
    expect(socket?.bytesRead).toBeGreaterThan(3 * 6)
  })

  it('not where that cannot be had', () => {
    expect(readDirectly(new Duplex(), readMemory.into, () => {})).toBe(false)
  })

  it('whoever keeps messages keeps them as they came, however much is read since', async () => {
    const kept = new Map<WebSocketLink, Uint8Array[]>()
    const { connect } = await serve({
      onOpen: (link) => void kept.set(link, []),
      onMessage: (link, _kind, bytes) => void kept.get(link)?.push(bytes),
    })
    const [peers, sent] = [await Promise.all(Array.from({ length: 8 }, connect)), 500]
    const all = peers.map((_, n) => payloads(sent, n))
    // All at once, so that most of it waits for its turn.
    for (const [n, peer] of peers.entries()) peer.socket.write(frames(all[n] ?? []))
    await until(() => [...kept.values()].every(({ length }) => length === sent))
    expect([...kept.values()].map(digest).sort()).toEqual(all.map(digest).sort())
    expect(readMemory.free).toBe(FREE)
  })

  it('who borrows them sees them as they came, where others will lie', async () => {
    let borrowed = 0
    const seen = createHash('sha256')
    let count = 0
    const { connect } = await serve({
      borrows: true,
      onMessage(_link, _kind, bytes) {
        borrowed += Number(readMemory.has(bytes))
        seen.update(bytes)
        count++
      },
    })
    const peer = await connect()
    const all = payloads(500, 3)
    peer.socket.write(frames(all))
    await until(() => count === all.length)
    expect(seen.digest('hex')).toBe(digest(all))
    // Those that came in one chunk, as most do.
    expect(borrowed).toBeGreaterThan(400)
  })

  it('what waits of more links than there is room for is told once they are resumed', async () => {
    const links: WebSocketLink[] = []
    const heard = new Map<WebSocketLink, number[]>()
    const { connect } = await serve({
      onOpen(link) {
        links.push(link)
        heard.set(link, [])
      },
      onMessage(link, _kind, bytes) {
        const all = heard.get(link) ?? []
        all.push(Buffer.from(bytes).readUInt32LE(4))
        if (all.length === 1) link.pause()
      },
    })
    const peers = await Promise.all(Array.from({ length: FREE + 16 }, connect))
    for (const [n, peer] of peers.entries()) peer.socket.write(frames(payloads(40, n).slice(1)))
    await until(() => [...heard.values()].every(({ length }) => length === 1))
    await until(() => readMemory.free === 0)
    for (const link of links) link.resume()
    const numbers = Array.from({ length: 39 }, (_, n) => n + 1)
    await until(() => [...heard.values()].every(({ length }) => length === 39))
    for (const all of heard.values()) expect(all).toEqual(numbers)
    expect(readMemory.free).toBe(FREE)
  })

  it.each([
    ['is cut', (link: WebSocketLink) => link.terminate()],
    ['is failed', (link: WebSocketLink) => link.fail(4006, 'flood')],
    ['is closed', (link: WebSocketLink) => link.close(1000)],
  ])('what waits of a link that %s is let go', async (_, end) => {
    const closed: number[] = []
    const links: WebSocketLink[] = []
    const { connect } = await serve({
      onOpen: (link) => void links.push(link),
      onMessage: (link) => link.pause(),
      onClose: () => void closed.push(1),
    })
    const peers = await Promise.all(Array.from({ length: 4 }, connect))
    for (const [n, peer] of peers.entries()) peer.socket.write(frames(payloads(40, n).slice(1)))
    await until(() => readMemory.free === FREE - 4)
    for (const link of links) end(link)
    await until(() => closed.length === 4)
    expect(readMemory.free).toBe(FREE)
  })

  it('what waits of a peer that goes away is let go', async () => {
    let closed = 0
    const { connect } = await serve({ onMessage: (link) => link.pause(), onClose: () => void closed++ })
    const peer = await connect()
    peer.socket.write(frames(payloads(40, 1).slice(1)))
    await until(() => readMemory.free === FREE - 1)
    peer.socket.resetAndDestroy()
    // A link that is paused does not see that.
    await new Promise((resolve) => setTimeout(resolve, 20))
    await stop()
    stop = () => Promise.resolve()
    await until(() => closed === 1)
    expect(readMemory.free).toBe(FREE)
  })

  it('a handler that throws costs nothing of it', async () => {
    const errors: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => errors.push(error))
    try {
      let closed = 0
      let count = 0
      const { connect } = await serve({
        onMessage() {
          // In a turn that follows.
          if (++count === 60) throw new Error('bug')
        },
        onClose: () => void closed++,
      })
      const peer = await connect()
      peer.socket.write(frames(Array.from({ length: 3_000 }, (_, n) => Buffer.alloc(16, n))))
      await until(() => closed === 1)
      expect([errors.map(String), readMemory.free]).toEqual([['Error: bug'], FREE])
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
  })
})
