import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { resolveLinkSettings } from './link-settings.js'
import { SocketLink } from './socket.js'
import type { LinkHandler, WebSocketLink } from './websocket-link.js'

/** A stream that keeps what is written to it. */
class Wire extends Duplex {
  written = ''

  override _read(): void {}
  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.written += bytes.toString('hex')
    done()
  }
}

function open(handler: Partial<LinkHandler>) {
  const socket = new Wire()
  const whole: LinkHandler = { onMessage: () => {}, onClose: () => {}, ...handler }
  const settings = resolveLinkSettings('server', {})
  const link = new SocketLink({ socket, protocol: 'p', deflate: null }, whole, settings)
  link.start(Buffer.alloc(0))
  return { socket, link, settings }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const MESSAGE = '818100000000' + '61'
const PONG = '8a8000000000'

describe('[E10] a handler that throws', () => {
  it('fails its link with 1011; the error comes out, and the next link is served', async () => {
    const { socket, link } = open({
      onMessage: () => {
        throw new Error('bug')
      },
    })
    expect(() => link.receive(Buffer.from(MESSAGE + MESSAGE, 'hex'))).toThrow('bug')
    expect(link.isOpen).toBe(false)
    await turn()
    expect(socket.written.startsWith('88')).toBe(true)
    expect(socket.written.slice(4, 8)).toBe('03f3')
    expect(socket.writableEnded).toBe(true)
  })
})

describe('a link that is failed', () => {
  it('[H11.4] says why, and is not read any more', async () => {
    const heard: string[] = []
    const { socket, link } = open({ onMessage: () => void heard.push('message') })
    link.fail(4006, 'slow down')
    await turn()
    expect(socket.written).toMatch(/^88..0fa6/)
    expect([socket.isPaused(), link.isOpen, socket.writableEnded]).toEqual([true, false, true])
    link.receive(Buffer.from(MESSAGE, 'hex'))
    link.resume()
    expect(heard).toEqual([])
  })
})

describe('[E28] a link counts what passes', () => {
  it('messages, frames, bytes and writes', async () => {
    const { socket, link } = open({
      onMessage: (to: WebSocketLink, kind, bytes) => void to.send(kind, bytes),
    })
    link.receive(Buffer.from(MESSAGE + PONG + MESSAGE, 'hex'))
    await turn()
    expect(socket.written).toBe('8101618101' + '61')
    const { messagesIn, bytesIn, framesOut, bytesOut, flushes } = link
    expect({ messagesIn, bytesIn, framesOut, bytesOut, flushes }).toEqual({
      messagesIn: 2,
      bytesIn: 20,
      framesOut: 2,
      bytesOut: 6,
      flushes: 1,
    })
  })

  it('pongs are told, pings are sent', async () => {
    const pongs: string[] = []
    const { socket, link } = open({
      onPong: (_, payload) => void pongs.push(Buffer.from(payload).toString()),
    })
    link.receive(Buffer.from('8a8200000000' + '6869', 'hex'))
    expect(link.ping(Buffer.from('hi'))).toBe(true)
    await turn()
    expect([pongs, socket.written]).toEqual([['hi'], '89026869'])
    expect(() => link.ping(Buffer.alloc(126))).toThrow(RangeError)
  })
})

describe('[E8] options are checked once', () => {
  it.each([
    [{ maxFrameBytes: 0 }, 'maxFrameBytes'],
    [{ maxMessageBytes: -1 }, 'maxMessageBytes'],
    [{ maxBufferedBytes: Number.NaN }, 'maxBufferedBytes'],
    [{ overflowCode: 1006 }, 'overflowCode'],
    [{ closeTimeoutMs: 0 }, 'closeTimeoutMs'],
    [{ deflate: { serverMaxWindowBits: 16 } }, 'deflate.serverMaxWindowBits'],
    [{ deflate: { clientMaxWindowBits: 7.5 } }, 'deflate.clientMaxWindowBits'],
    [{ deflate: { level: 0 } }, 'deflate.level'],
    [{ deflate: { thresholdBytes: -1 } }, 'deflate.thresholdBytes'],
  ])('%j', (options, name) => {
    expect(() => resolveLinkSettings('server', options)).toThrow(RangeError)
    expect(() => resolveLinkSettings('server', options)).toThrow(name)
  })
})
