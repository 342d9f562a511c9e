import { once } from 'node:events'
import { createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Readers } from '../readers/index.js'
import type { RequestLinks } from '../requests/index.js'
import { addressBehind } from './client-address.js'
import { createHttpServer } from './http-server.js'
import { InputTurns } from './input-turns.js'
import { ReaderEndpoint } from './reader-endpoint.js'
import { RequestEndpoint } from './request-endpoint.js'

const COUNT = 5
let seen: string[] = []
let closes: (() => unknown)[] = []
afterEach(() => {
  for (const close of closes) close()
  closes = []
  seen = []
})

/** Takes more than there is time for in a turn. */
function work(): void {
  seen.push('work')
  for (const end = performance.now() + 2; performance.now() < end; );
}

/** Says so many requests at once to whoever is attached, and what was seen in which turns of the event loop. */
async function pipelined(
  endpoint: { attach(server: ReturnType<typeof createHttpServer>): void },
  request: string,
): Promise<string> {
  const server = createHttpServer({ headersWithin: 10_000 }, (_, response) => void response.end())
  endpoint.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  closes.push(
    () => socket.destroy(),
    () => server.close(),
  )
  let heard = ''
  socket.on('data', (chunk) => {
    heard += String(chunk)
  })
  let isOver = false
  const turn = (): void => {
    seen.push('turn')
    if (!isOver) setImmediate(turn)
  }
  turn()
  socket.write(request.repeat(COUNT))
  await expect.poll(() => heard.match(/HTTP\/1\.1 200/g)?.length).toBe(COUNT)
  isOver = true
  return seen
    .join(' ')
    .replace(/(turn ?)+/g, 'turn ')
    .trim()
}

const options = {
  path: '/millrace',
  allowOrigin: () => true,
  addressOf: addressBehind([]),
  failed: (_: string, error: unknown) => {
    throw error
  },
}

describe('[E36] what somebody new asks for', () => {
  it('waits where there is no time left in this turn, in the order in which it came', async () => {
    let now = 0
    const turns = new InputTurns(() => now)
    const ran: unknown[] = []
    for (const name of ['a', 'b', 'c'])
      turns.soon(() => {
        ran.push(name)
        now += 2
      })
    for (let n = 0; n < 3; n++) {
      ran.push('|')
      await new Promise(setImmediate)
    }
    expect(ran).toEqual(['a', '|', 'b', '|', 'c', '|'])
  })

  it('as a page of a channel is read one a turn where each takes all the time there is', async () => {
    const pages: Pick<Readers, 'page'> = {
      page: (_, answer) => {
        work()
        queueMicrotask(() => answer({ status: 200, headers: {}, body: '' }))
        return { gone: () => {} }
      },
    }
    const endpoint = new ReaderEndpoint({ ...options, readers: pages as Readers })
    const said = await pipelined(
      endpoint,
      'GET /millrace/channels/a:b/publications HTTP/1.1\r\nhost: x\r\n\r\n',
    )
    expect(said).toMatch(new RegExp(`^turn( work turn){${COUNT}}$`))
  })

  it('and so is what a connection that is made of requests brings', async () => {
    const links = {
      answer: async () => {
        work()
        return { status: 200, body: '' }
      },
      close: async () => {},
    }
    const endpoint = new RequestEndpoint({
      ...options,
      links: links as unknown as RequestLinks,
      opens: { poll: true, stream: true },
      maxBody: 1000,
    })
    const said = await pipelined(
      endpoint,
      'POST /millrace/poll HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}',
    )
    expect(said).toMatch(new RegExp(`^turn( work turn){${COUNT}}$`))
  })
})

/** A frame of HTTP/2, RFC 9113 §4.1. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const PAGE = '/millrace/channels/a:b/publications'
/** `GET` by the static table, with a path, `http` and an authority: RFC 7541 appendix A. */
const FIELDS = Buffer.concat([
  Buffer.of(0x82, 0x04, PAGE.length),
  Buffer.from(PAGE),
  Buffer.of(0x86, 0x41, 1, 0x78),
])

describe('[E36] [H11.2] what was taken back before its turn', () => {
  it('is not read, for nobody knows any more whose it was', async () => {
    const addresses: string[] = []
    const pages: Pick<Readers, 'page'> = {
      page: ({ info }) => {
        work()
        addresses.push(info.remoteAddress ?? '')
        return { gone: () => {} }
      },
    }
    const server = createHttp2Server()
    new ReaderEndpoint({ ...options, readers: pages as Readers }).attach(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    closes.push(
      () => socket.destroy(),
      () => server.close(),
    )
    const streams = Array.from({ length: COUNT }, (_, n) => 2 * n + 1)
    const all = [
      Buffer.from(PREFACE),
      frame(4, 0, 0, Buffer.alloc(0)),
      ...streams.map((stream) => frame(1, 5, stream, FIELDS)),
      ...streams.map((stream) => frame(3, 0, stream, Buffer.of(0, 0, 0, 8))),
      frame(6, 0, 0, Buffer.alloc(8)),
    ]
    let heard = Buffer.alloc(0)
    socket.on('data', (bytes) => {
      heard = Buffer.concat([heard, bytes])
    })
    socket.write(Buffer.concat(all))
    // The answer to the ping that came last, RFC 9113 §6.7, and then turns enough.
    await expect.poll(() => heard.includes(Buffer.of(0, 0, 8, 6, 1))).toBe(true)
    for (let n = 0; n < 2 * COUNT; n++) await new Promise(setImmediate)
    expect(addresses.length).toBeLessThan(COUNT)
    expect(addresses).not.toContain('')
    expect(new Set(addresses)).toEqual(new Set(['127.0.0.1']))
  })
})
