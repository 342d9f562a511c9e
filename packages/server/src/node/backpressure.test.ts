import { afterEach, describe, expect, it } from 'vitest'
import { EchoHandler, type Fixture, RawPeer, startServer, until } from '../../test/websocket-fixture.js'
import { encodeClose, type MessageKind } from '../websocket/index.js'
import { shareFrame } from './shared-frame.js'
import type { WebSocketLink } from './websocket-link.js'
import type { WebSocketServerOptions } from './websocket-server.js'

class Watching extends EchoHandler {
  drains = 0
  messages = 0

  override onMessage(link: WebSocketLink, kind: MessageKind, bytes: Uint8Array): void {
    this.messages += 1
    super.onMessage(link, kind, bytes)
  }
  onDrain(): void {
    this.drains += 1
  }
}

let fixture: Fixture<Watching> | null = null

async function start(options: Omit<WebSocketServerOptions, 'handler'>) {
  fixture = await startServer(new Watching(), { closeTimeoutMs: 100, ...options })
  const { handler, port } = fixture
  const peer = await RawPeer.connect(port)
  await until(() => handler.opened.length === 1)
  const [link] = handler.opened
  if (link === undefined) throw new Error('no link')
  return { peer, link, handler }
}

afterEach(async () => {
  await fixture?.server.close()
  fixture = null
})

const KIBIBYTE = 1024

describe('[E26] a peer that does not read', () => {
  it('is closed by policy once more than the limit waits for it, with the code that was chosen', async () => {
    const { peer, link, handler } = await start({ maxBufferedBytes: 100 * KIBIBYTE, overflowCode: 4003 })
    peer.socket.pause()
    const chunk = Buffer.alloc(64 * KIBIBYTE)
    let sent = 0
    while (link.send('binary', chunk)) {
      sent += 1
      await new Promise((resolve) => setImmediate(resolve))
      if (sent > 1000) throw new Error('never refused')
    }
    // One message more than the limit was accepted, and headers come on top.
    expect(link.bufferedBytes).toBeGreaterThan(100 * KIBIBYTE)
    expect(link.bufferedBytes).toBeLessThan(230 * KIBIBYTE)
    expect(link.isOpen).toBe(false)
    await until(() => handler.closed.length === 1)
    expect(handler.closed[0]).toMatch(
      /^4003 the peer reads too slowly: more than 102400 bytes wait for it unclean$/,
    )
  })

  it('is found out within one turn too, and costs the limit only', async () => {
    const { peer, link } = await start({ maxBufferedBytes: 1024 * KIBIBYTE })
    peer.socket.pause()
    const chunk = Buffer.alloc(KIBIBYTE)
    let sent = 0
    while (link.send('binary', chunk) && sent < 100_000) sent += 1
    expect(link.isOpen).toBe(false)
    expect(link.bufferedBytes).toBeLessThan(1200 * KIBIBYTE)
  })

  it('gets shared frames counted as well', async () => {
    const { peer, link } = await start({ maxBufferedBytes: 100 * KIBIBYTE })
    peer.socket.pause()
    const frame = shareFrame('binary', Buffer.alloc(10 * KIBIBYTE))
    let sent = 0
    while (link.sendFrame(frame) && sent < 10_000) {
      sent += 1
      if (sent % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(link.isOpen).toBe(false)
  })

  it('one message larger than the limit is fine as long as nothing waited', async () => {
    const { peer, link } = await start({ maxBufferedBytes: KIBIBYTE })
    expect(link.send('binary', Buffer.alloc(1000 * KIBIBYTE))).toBe(true)
    peer.send(0x88, encodeClose(1000))
    await until(() => peer.events.length === 2)
    expect(peer.events[0]).toHaveLength('binary '.length + 1000 * KIBIBYTE)
  })
})

describe('[E27] backpressure both ways', () => {
  it.each([64 * KIBIBYTE, 1])(
    'while its echoes pile up a peer is not read, and nothing is lost when it reads again: above %i',
    async (pauseReadsAboveBytes) => {
      const { peer, link, handler } = await start({ pauseReadsAboveBytes })
      peer.socket.pause()
      const count = 2000
      // Each message is told apart, to see that order and bytes survive.
      const texts = Array.from({ length: count }, (_, index) => `${index} ${'x'.repeat(10 * KIBIBYTE)}`)
      for (const text of texts) peer.send(0x81, text)
      let seen = -1
      await until(() => {
        // On a busy machine nothing may come for a moment before anything piles up.
        const settled = handler.messages === seen && link.bufferedBytes > pauseReadsAboveBytes
        seen = handler.messages
        return settled
      })
      expect(handler.messages).toBeLessThan(count)
      expect(link.bufferedBytes).toBeLessThan(64 * KIBIBYTE + 256 * KIBIBYTE)
      peer.socket.resume()
      await until(() => peer.events.length === count, 'all echoes')
      expect(peer.events).toEqual(texts.map((text) => `text ${text}`))
      expect(handler.drains).toBeGreaterThan(0)
      await until(() => link.bufferedBytes === 0)
      peer.socket.destroy()
    },
  )

  it('pause() stops reading, resume() goes on', async () => {
    const { peer, link, handler } = await start({})
    link.pause()
    peer.send(0x81, 'later')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(handler.messages).toBe(0)
    link.resume()
    await until(() => peer.events.length === 1)
    expect(peer.events).toEqual(['text later'])
    peer.socket.destroy()
  })

  it('a paused link can still close: the handshake is read', async () => {
    const { peer, link, handler } = await start({})
    link.pause()
    link.close(4000)
    await until(() => peer.events.length === 1)
    peer.send(0x88, encodeClose(4000))
    await until(() => handler.closed.length === 1)
    expect(handler.closed).toEqual(['4000  clean'])
  })

  it('pause() of a link that closes does not hold up its closing', async () => {
    const { peer, link, handler } = await start({})
    link.close(4000)
    link.pause()
    await until(() => peer.events.length === 1)
    peer.send(0x88, encodeClose(4000))
    await until(() => handler.closed.length === 1)
    expect(handler.closed).toEqual(['4000  clean'])
  })

  it('[E15] a flood of pings piles up next to nothing, though nobody reads the pongs', async () => {
    const { peer, link } = await start({})
    peer.socket.pause()
    const pings = Buffer.concat(
      Array.from({ length: 2000 }, () => Buffer.from('898500000000aaaaaaaaaa', 'hex')),
    )
    const rounds = 500
    for (let index = 0; index < rounds; index += 1) peer.socket.write(pings)
    await until(() => link.bytesIn === rounds * pings.length, 'all pings')
    // 11 MB of pings for 7 MB of pongs, if every one were answered.
    expect(link.bytesOut).toBeLessThan(1024 * KIBIBYTE)
    peer.socket.destroy()
  })
})
