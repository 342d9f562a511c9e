import { createHash } from 'node:crypto'
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { EchoHandler, RawPeer, startAttached, until } from '../../test/websocket-fixture.js'
import { descriptorOf, type MaybeSocket, NO_DESCRIPTOR, REFUSED, writeThrough } from './descriptor.js'
import { shareFrame } from './shared-frame.js'
import type { WebSocketLink } from './websocket-link.js'

interface Opened {
  readonly peer: RawPeer
  readonly link: WebSocketLink
  /** The server's end of the connection. */
  readonly socket: Socket & MaybeSocket
  readonly handler: EchoHandler
  /** Has another link flushed together with what is sent in this turn. */
  accompany(): void
}

let stop = (): Promise<unknown> => Promise.resolve()
afterEach(() => stop())

/** A link over a real socket, with that socket in hand. */
async function open(): Promise<Opened> {
  const handler = new EchoHandler()
  const attached = await startAttached({ handler, maxBufferedBytes: 2 ** 30 })
  stop = attached.stop
  const { port, sockets } = attached
  const peer = await RawPeer.connect(port)
  await RawPeer.connect(port)
  await until(() => handler.opened.length === 2)
  const [[link, other], [socket]] = [handler.opened, sockets]
  if (link === undefined || other === undefined || socket === undefined) throw new Error('no link')
  return { peer, link, socket, handler, accompany: () => void other.send('text', 'with it') }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('[E35] bytes pass the stream while it holds none', () => {
  it('on this Node: the stream counts the handshake, and nothing that came after', async () => {
    const { peer, link, socket, accompany } = await open()
    expect(descriptorOf(socket), 'Node keeps a descriptor elsewhere now: see ADR 6').toBeGreaterThan(2)
    const handshake = socket.bytesWritten
    for (let index = 0; index < 3; index++) {
      link.send('text', `message ${index}`)
      accompany()
      await until(() => peer.events.length === index + 1)
    }
    expect(peer.events).toEqual(['text message 0', 'text message 1', 'text message 2'])
    expect(socket.bytesWritten).toBe(handshake)
  })

  it('not where a link is flushed alone', async () => {
    const { peer, link, socket } = await open()
    const handshake = socket.bytesWritten
    link.send('text', 'alone')
    await until(() => peer.events.length === 1)
    expect(socket.bytesWritten).toBe(handshake + 7)
  })

  it('a peer that reads in bursts gets every byte once and in order, past the stream and through it', async () => {
    const { peer, link, socket, accompany } = await open()
    const [sent, received] = [createHash('sha256'), createHash('sha256')]
    let [count, arrived, past, inPart] = [0, 0, 0, 0]
    peer.onMessage = (_kind, payload) => {
      arrived += 1
      received.update(payload)
    }
    const send = (payload: Buffer, isShared = false): void => {
      sent.update(payload)
      count += 1
      if (isShared) link.sendFrame(shareFrame('binary', payload))
      else link.send('binary', payload)
      accompany()
    }
    for (let burst = 0; burst < 12; burst++) {
      peer.socket.pause()
      // Shared ones, which are written whole: the operating system takes a part of the one it has no more room for.
      for (let index = 0; socket.writableLength === 0; index++) {
        send(Buffer.alloc(300_001 + burst, index), true)
        await turn()
      }
      inPart += Number(socket.writableLength < 300_001)
      peer.socket.resume()
      // Small ones, ones with memory of their own, and ones in pieces, while the rest is on its way.
      for (let index = 0; index < 200; index++) {
        send(Buffer.alloc(1 + ((index * 7919 + burst) % 20_000), index))
        await turn()
      }
      await until(() => arrived === count && socket.writableLength === 0)
      const streamed = socket.bytesWritten
      send(Buffer.of(burst))
      await until(() => arrived === count)
      past += Number(socket.bytesWritten === streamed)
    }
    expect(received.digest('hex')).toBe(sent.digest('hex'))
    expect(past).toBe(12)
    expect(inPart).toBeGreaterThan(0)
  })

  it('a number that was given to somebody else since is not written to', async () => {
    const { peer, link, socket, handler, accompany } = await open()
    const fd = descriptorOf(socket)
    const folder = mkdtempSync(join(tmpdir(), 'millrace-descriptor-'))
    // Not through the link: it learns of this with the stream's 'close', which comes later.
    link.send('text', 'before')
    accompany()
    socket.destroy()
    // The descriptor is closed by now, and the system gives the lowest free number to the next who asks.
    const files: number[] = []
    while (!files.includes(fd) && files.length < 200) files.push(openSync(join(folder, 'bystander'), 'a'))
    expect(files).toContain(fd)
    link.send('text', 'after')
    accompany()
    await turn()
    await turn()
    expect(fstatSync(fd).size).toBe(0)
    for (const file of files) closeSync(file)
    rmSync(folder, { recursive: true })
    await until(() => handler.closed.length === 1 && peer.hasEnded)
  })

  it('a peer that is gone is told by the close, not by an error', async () => {
    const { peer, link, handler, accompany } = await open()
    peer.socket.resetAndDestroy()
    for (const end = performance.now() + 5000; link.isOpen && performance.now() < end; await turn()) {
      link.send('text', 'anyone there?')
      accompany()
    }
    expect(handler.closed).toEqual([expect.stringMatching(/^1006 /)])
  })

  it('what was sent before a close leaves before it, and nothing after it', async () => {
    const { peer, link } = await open()
    link.send('text', 'last')
    link.close(1000, 'done')
    expect(link.send('text', 'too late')).toBe(false)
    await until(() => peer.events.length === 2)
    expect(peer.events).toEqual(['text last', 'close 1000 done'])
  })

  it('only plain sockets have a descriptor to write to', () => {
    const stream = new Duplex({ read: () => {}, write: (_bytes, _encoding, done) => done() })
    expect(descriptorOf(stream)).toBe(NO_DESCRIPTOR)
    expect(descriptorOf(new TLSSocket(stream))).toBe(NO_DESCRIPTOR)
    expect(descriptorOf(Object.assign(stream, { _handle: { fd: 7 } }))).toBe(NO_DESCRIPTOR)
    expect(writeThrough(2 ** 20, Buffer.from('to nobody'))).toBe(REFUSED)
  })
})
