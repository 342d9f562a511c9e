import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { cancel, frame, PREFACE } from '../../test/http2-frames.js'
import { CA, EC, KeptLog } from '../../test/tls-fixture.js'
import { until } from '../../test/websocket-fixture.js'
import { MAX_STREAMS } from './http2-sessions.js'
import type { Answer } from './own-server.js'
import { type SecureServer, type SecureServerOptions, secureServer } from './secure-server.js'

let secure: SecureServer | undefined
afterEach(async () => {
  await secure?.close()
  secure = undefined
})

async function serve(answer: Answer, options: Partial<SecureServerOptions> = {}): Promise<number> {
  const given = {
    ...{ tls: EC, hsts: undefined, handshakeMs: 10_000, maxHeaderSize: 16_384 },
    logger: new KeptLog(),
  }
  secure = await secureServer({ ...given, ...options }, answer)
  const { server } = secure
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const TRUSTED = { ca: CA, servername: 'localhost' }
const open = (port: number) => connectHttp2(`https://127.0.0.1:${port}`, TRUSTED)

/** `GET /` from the static table, RFC 7541 appendix A, on a stream that ends with it. */
const request = (stream: number): Buffer => frame(1, 5, stream, Buffer.of(0x82, 0x84, 0x87, 0x41, 1, 0x78))

/** A session of bytes. Resolves with the code of the GOAWAY that ends it, or undefined where none came through. */
async function speaks(port: number, pour: (write: (bytes: Buffer) => unknown) => unknown) {
  const socket = connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], ...TRUSTED })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  let heard = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    heard = Buffer.concat([heard, bytes])
  })
  const closed = new Promise((resolve) => socket.on('close', resolve))
  pour((bytes) => socket.writable && socket.write(bytes))
  await closed
  for (let at = 0; at + 9 <= heard.length; at += 9 + heard.readUIntBE(at, 3))
    if (heard[at + 3] === 7) return heard.readUInt32BE(at + 13)
  return undefined
}

describe('[H11.7] a session that does what no client would', () => {
  it('takes back what it asks for as it asks: more than may be at once is its end, and is not served (CVE-2023-44487)', async () => {
    let served = 0
    const port = await serve((_, response) => {
      served++
      response.end('here')
    })
    const many = Array.from({ length: 500 }, (_, n) => Buffer.concat([request(2 * n + 1), cancel(2 * n + 1)]))
    const code = await speaks(port, (write) => write(Buffer.concat([PREFACE, ...many])))
    // Where it is ended while it is read, its end may be told to nobody.
    expect([undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM]).toContain(code)
    expect(served).toBeGreaterThan(0)
    expect(served).toBeLessThanOrEqual(MAX_STREAMS + 1)
  })

  it.each([
    ['priorities', frame(2, 0, 1, Buffer.alloc(5, 1))],
    ['frames that nobody knows', frame(0xf0, 0, 0, Buffer.alloc(8))],
    ['changes of its window', frame(8, 0, 0, Buffer.of(0, 0, 0, 1))],
  ])('pours %s', async (_, bytes) => {
    const port = await serve((_request, response) => void response.end())
    const piece = Buffer.concat(Array.from({ length: 3000 }, () => bytes))
    let timer: NodeJS.Timeout | undefined
    const code = await speaks(port, (write) => {
      write(PREFACE)
      // Twenty megabytes a second, as far as they are taken.
      timer = setInterval(() => {
        for (let n = 0; n < 4; n++) write(piece)
      }, 5)
    })
    clearInterval(timer)
    expect(code).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM)
  })

  it('pings, and reads nothing of what it is answered: it is cut though that still waits to be sent', async () => {
    const port = await serve((_, response) => void response.end('here'))
    let connections = 0
    secure?.server.on('connection', (socket) => {
      connections++
      socket.on('close', () => connections--)
    })
    const socket = connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], ...TRUSTED })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    socket.pause()
    socket.write(PREFACE)
    const pings = Buffer.concat(Array(1000).fill(frame(6, 0, 0, Buffer.alloc(8))))
    const flood = setInterval(() => {
      for (let n = 0; n < 50 && socket.writable && socket.writableLength < 1_000_000; n++) socket.write(pings)
    }, 5)
    try {
      await until(() => connections === 1)
      await until(() => connections === 0)
    } finally {
      clearInterval(flood)
      socket.destroy()
    }
  })

  it('asks for nothing, though it pings', async () => {
    const port = await serve((_, response) => void response.end(), { handshakeMs: 600 })
    const session = open(port)
    const pings = setInterval(() => session.ping(() => {}), 50)
    const begun = performance.now()
    const [code] = (await once(session, 'goaway')) as [number]
    clearInterval(pings)
    await once(session, 'close')
    expect(code).toBe(constants.NGHTTP2_NO_ERROR)
    expect(performance.now() - begun).toBeGreaterThan(500)
  })

  it('asks for nothing any more, though it pings', async () => {
    const port = await serve((_, response) => void response.end(), { sessionIdleMs: 600 })
    const session = open(port)
    const stream = session.request({ ':path': '/' })
    await once(stream.resume(), 'close')
    const pings = setInterval(() => session.ping(() => {}), 50)
    await once(session, 'close')
    clearInterval(pings)
  })
})

describe('a session that does much', () => {
  const MEGABYTE = 2 ** 20

  it('is no flood: a body of 24 MB, also in pieces of a few bytes, and an answer as large', async () => {
    const port = await serve((asked, response) => {
      let [size, chunks] = [0, 0]
      asked.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks++
      })
      asked.on('end', () => {
        response.setHeader('x-came', `${size} in ${chunks > 1}`)
        response.end(Buffer.alloc(24 * MEGABYTE))
      })
    })
    const session = open(port)
    let answered = 0
    const send = async (pieces: number, size: number): Promise<unknown> => {
      const stream = session.request({ ':path': '/', ':method': 'POST' })
      const heads = once(stream, 'response') as Promise<[Record<string, unknown>]>
      stream.on('data', (chunk: Buffer) => {
        answered += chunk.length
      })
      const ended = once(stream, 'end')
      for (let n = 0; n < pieces; n++)
        if (!stream.write(Buffer.alloc(size))) await once(stream, 'drain')
        else if (n % 50 === 0) await new Promise(setImmediate)
      stream.end()
      const [headers] = await heads
      await ended
      return headers['x-came']
    }
    expect(await send(24, MEGABYTE)).toBe(`${24 * MEGABYTE} in true`)
    // Long enough to be looked at several times.
    const until = performance.now() + 1600
    for (let n = 0; performance.now() < until || n === 0; n++)
      expect(await send(5000, 3)).toBe('15000 in true')
    expect(answered).toBeGreaterThanOrEqual(48 * MEGABYTE)
    expect([session.closed, session.destroyed]).toEqual([false, false])
    session.close()
  })

  it('is no flood: requests one after the other, with heads that are their own', async () => {
    const port = await serve((_, response) => void response.end('here'))
    const session = open(port)
    const long = 'x'.repeat(3000)
    let asked = 0
    const ask = async (): Promise<void> => {
      const stream = session.request({ ':path': '/', 'x-own': `${asked++} ${long}` })
      await once(stream.resume(), 'close')
      expect(stream.rstCode).toBe(0)
    }
    const begun = performance.now()
    while (asked < 1500 || performance.now() < begun + 1200)
      await Promise.all(Array.from({ length: 50 }, ask))
    expect([session.closed, session.destroyed]).toEqual([false, false])
    session.close()
  })

  it('may have as many streams at once as it is told, and no more', async () => {
    let served = 0
    const port = await serve(() => void served++)
    const session = open(port)
    const [{ maxConcurrentStreams }] = (await once(session, 'remoteSettings')) as [
      { maxConcurrentStreams: number },
    ]
    expect(maxConcurrentStreams).toBe(MAX_STREAMS)
    for (let n = 0; n < MAX_STREAMS; n++) session.request({ ':path': '/' }).on('error', () => {})
    await until(() => served === MAX_STREAMS)
    expect(session.destroyed).toBe(false)
    session.destroy()
  })
})

describe('[H11.6] over TLS, by HTTP/1.1', () => {
  it.each([
    ['nothing', '', /^$|^HTTP.1.1 408/],
    ['half a head', 'GET / HTTP/1.1\r\nHost: x\r\n', /^HTTP.1.1 408/],
  ])('who says %s is gone in time', async (_, said, answered) => {
    const port = await serve((_request, response) => void response.end(), { handshakeMs: 400 })
    const socket = connectTls({ port, host: '127.0.0.1', ...TRUSTED })
    socket.on('error', () => {})
    let answer = ''
    socket.on('data', (bytes) => {
      answer += String(bytes)
    })
    await once(socket, 'secureConnect')
    if (said !== '') socket.write(said)
    await once(socket, 'close')
    expect(answer).toMatch(answered)
  })
})
