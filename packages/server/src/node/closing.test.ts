import { afterEach, describe, expect, it } from 'vitest'
import { EchoHandler, type Fixture, RawPeer, startServer, until } from '../../test/websocket-fixture.js'
import type { MessageKind } from '../websocket/index.js'
import { encodeClose } from '../websocket/index.js'
import type { WebSocketLink } from './websocket-link.js'

let fixture: Fixture<EchoHandler> | null = null

async function start(handler = new EchoHandler(), closeTimeoutMs = 5000) {
  fixture = await startServer(handler, { closeTimeoutMs })
  const peer = await RawPeer.connect(fixture.port)
  await until(() => handler.opened.length === 1)
  const [link] = handler.opened
  if (link === undefined) throw new Error('no link')
  return { peer, link, handler, server: fixture.server }
}

afterEach(async () => {
  await fixture?.server.close()
  fixture = null
})

describe('[E12] RFC 6455 §7.1: closing over a real socket', () => {
  it('started by the peer: Close is answered, the server ends the transport', async () => {
    const { peer, handler } = await start()
    peer.send(0x88, encodeClose(4001, 'bye'))
    await until(() => peer.hasEnded && handler.closed.length === 1)
    expect([peer.events, handler.closed]).toEqual([['close 4001'], ['4001 bye clean']])
  })

  it('started by the server: what was sent before arrives before', async () => {
    const { peer, link, handler } = await start()
    link.send('text', 'last words')
    link.close(4002, 'that is all')
    expect([link.isOpen, link.send('text', 'too late'), link.ping()]).toEqual([false, false, false])
    await until(() => peer.events.length === 2)
    expect(peer.events).toEqual(['text last words', 'close 4002 that is all'])
    peer.send(0x88, encodeClose(4002))
    await until(() => peer.hasEnded && handler.closed.length === 1)
    expect(handler.closed).toEqual(['4002  clean'])
  })

  it('a peer that never answers is cut off after the timeout', async () => {
    const { peer, link, handler } = await start(new EchoHandler(), 40)
    link.close(1000)
    await until(() => handler.closed.length === 1)
    expect(handler.closed).toEqual(['1006  unclean'])
    await until(() => peer.socket.destroyed)
  })

  it('a peer that answers but never ends its side is cut off too', async () => {
    fixture = await startServer(new EchoHandler(), { closeTimeoutMs: 40 })
    const peer = await RawPeer.connectHalfOpen(fixture.port)
    peer.send(0x88, encodeClose(1000))
    await until(() => fixture?.handler.closed.length === 1)
    expect(fixture.handler.closed).toEqual(['1000  clean'])
    peer.socket.destroy()
  })

  it('terminate() destroys the transport', async () => {
    const { peer, link, handler } = await start()
    link.terminate()
    await until(() => peer.socket.destroyed && handler.closed.length === 1)
    expect([peer.events, handler.closed]).toEqual([[], ['1006  unclean']])
  })

  it('terminate() takes back what the peer has not read', async () => {
    const { peer, link, handler } = await start()
    peer.socket.pause()
    for (let sent = 0; sent < 8; sent++) link.send('binary', new Uint8Array(1_000_000))
    await until(() => link.bufferedBytes > 0)
    link.terminate()
    await until(() => handler.closed.length === 1)
    peer.socket.resume()
    await until(() => peer.socket.closed)
    // What lay with the peer already; of the rest the sender's side had megabytes.
    expect(peer.socket.bytesRead).toBeLessThan(1_500_000)
    expect(handler.closed).toEqual(['1006  unclean'])
  })

  it('a connection that is reset is 1006, once, and no uncaught exception', async () => {
    const { peer, link, handler } = await start()
    peer.socket.resetAndDestroy()
    for (let index = 0; index < 10; index += 1) link.send('text', 'into the void')
    await until(() => handler.closed.length === 1)
    link.close(1000)
    link.terminate()
    expect(link.send('text', 'x')).toBe(false)
    expect(handler.closed).toEqual(['1006  unclean'])
  })

  it('a peer that ends its side without a Close frame still gets what was to be sent', async () => {
    fixture = await startServer(new EchoHandler())
    const peer = await RawPeer.connectHalfOpen(fixture.port)
    const large = 'x'.repeat(300_000)
    for (let index = 0; index < 3; index += 1) peer.send(0x81, large)
    peer.socket.end()
    await until(() => peer.hasEnded)
    expect(peer.events.map((event) => event.length)).toEqual([300_005, 300_005, 300_005])
    await until(() => fixture?.handler.closed.length === 1)
    expect(fixture.handler.closed).toEqual(['1006  unclean'])
  })

  it('close() of the server closes every link with 1001, and refuses new ones meanwhile', async () => {
    const { peer, handler, server } = await start()
    const closing = server.close()
    await until(() => peer.events.length === 1)
    expect(peer.events).toEqual(['close 1001'])
    const late = RawPeer.dial(fixture?.port ?? 0)
    peer.send(0x88, encodeClose(1001))
    await closing
    expect([handler.closed, server.links.size]).toEqual([['1001  clean'], 0])
    late.socket.destroy()
  })
})

describe('[E14] RFC 6455 §7.1.7: failing over a real socket', () => {
  it('a violation: Close with its code and reason, then the end', async () => {
    const { peer, handler } = await start()
    peer.send(0x81, 'fine')
    peer.send(0x83, 'not')
    peer.send(0x81, 'ignored')
    await until(() => peer.hasEnded && handler.closed.length === 1)
    expect(peer.events).toEqual(['text fine', 'close 1002 opcode 3 is reserved'])
    expect(handler.closed).toEqual(['1002 opcode 3 is reserved unclean'])
  })

  it('the Close frame survives however much the peer still had on the way', async () => {
    const { peer } = await start()
    peer.socket.write(Buffer.from('8b8000000000', 'hex'))
    for (let index = 0; index < 50; index += 1) peer.socket.write(Buffer.alloc(100_000))
    await until(() => peer.events.length > 0)
    expect(peer.events).toEqual(['close 1002 opcode 11 is reserved'])
    peer.socket.destroy()
  })
})

describe('[E40] who goes on sending though it is over', () => {
  /** Pings without end, until the socket is gone. Gives how many bytes were taken. */
  const floodFrom = ({ socket }: RawPeer): (() => number) => {
    const pings = Buffer.concat(Array<Buffer>(10_000).fill(Buffer.from('898000000000', 'hex')))
    const timer = setInterval(() => {
      if (!socket.writable) clearInterval(timer)
      else if (!socket.writableNeedDrain) socket.write(pings)
    }, 1)
    return () => socket.bytesWritten - socket.writableLength
  }

  it.each(['close', 'fail'] as const)(
    'after %s() is read no further, has a second to read why, and is reset',
    async (how) => {
      const handler = new EchoHandler()
      fixture = await startServer(handler)
      const peer = await RawPeer.connectHalfOpen(fixture.port)
      await until(() => handler.opened.length === 1)
      const [link] = handler.opened
      if (how === 'close') link?.close(4000, 'enough')
      else peer.socket.write(Buffer.from('8b8000000000', 'hex'))
      await until(() => peer.events.length > 0)
      const [taken, began] = [floodFrom(peer), performance.now()]
      await until(() => handler.closed.length > 0)
      expect(performance.now() - began).toBeGreaterThan(900)
      // One chunk more than that at most; the rest is what the kernel's memory has taken.
      expect(link?.bytesIn).toBeGreaterThanOrEqual(256 * 1024)
      expect(link?.bytesIn).toBeLessThan(256 * 1024 + 65_536 + 10)
      expect(taken()).toBeLessThan(20_000_000)
      expect(peer.events).toEqual([
        how === 'close' ? 'close 4000 enough' : 'close 1002 opcode 11 is reserved',
      ])
      expect(handler.closed).toHaveLength(1)
      peer.socket.destroy()
    },
  )

  it('is read as far as it sends no more than it had sent already, and ends in peace', async () => {
    const { peer, link, handler } = await start()
    link.close(4000)
    await until(() => peer.events.length > 0)
    for (let n = 0; n < 30; n++) {
      peer.send(0x82, 'x'.repeat(8000))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    peer.send(0x88, encodeClose(4000))
    await until(() => handler.closed.length > 0)
    expect(handler.closed).toEqual(['4000  clean'])
  })
})

describe('[E10] re-entrancy over a real socket', () => {
  class Closing extends EchoHandler {
    override onMessage(link: WebSocketLink, kind: MessageKind, bytes: Uint8Array): void {
      super.onMessage(link, kind, bytes)
      link.close(4000)
    }
  }

  it('close() in onMessage: the answer arrives, the messages behind are dropped', async () => {
    const { peer, handler } = await start(new Closing())
    peer.socket.cork()
    for (const text of ['one', 'two', 'three']) peer.send(0x81, text)
    peer.socket.uncork()
    await until(() => peer.events.length === 2)
    peer.send(0x88, encodeClose(4000))
    await until(() => handler.closed.length === 1)
    expect([peer.events, handler.closed]).toEqual([['text one', 'close 4000'], ['4000  clean']])
  })

  class Terminating extends EchoHandler {
    messages = 0
    override onMessage(link: WebSocketLink): void {
      this.messages += 1
      link.terminate()
    }
  }

  it('terminate() in onMessage: no message is told any more', async () => {
    const handler = new Terminating()
    const { peer } = await start(handler)
    peer.socket.cork()
    for (const text of ['one', 'two', 'three']) peer.send(0x81, text)
    peer.socket.uncork()
    await until(() => handler.closed.length === 1)
    expect([handler.messages, handler.closed]).toEqual([1, ['1006  unclean']])
  })
})
