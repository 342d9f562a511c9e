import { once } from 'node:events'
import { createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { cancel, frame, PREFACE } from '../../test/http2-frames.js'
import type { Readers } from '../readers/index.js'
import type { RequestLinks } from '../requests/index.js'
import { addressBehind } from './client-address.js'
import { createHttpServer } from './http-server.js'
import { InputTurns } from './input-turns.js'
import { ReaderEndpoint } from './reader-endpoint.js'
import { RequestEndpoint } from './request-endpoint.js'

const COUNT = 10
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

/** A connection to a server that the endpoint is attached to. */
async function connectedTo<S extends Server>(
  server: S,
  endpoint: { attach(server: S): void },
): Promise<Socket> {
  endpoint.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  closes.push(
    () => socket.destroy(),
    () => server.close(),
  )
  return socket
}

/** Says so many requests at once to whoever is attached, and what was seen in which turns of the event loop. */
async function pipelined(
  endpoint: { attach(server: ReturnType<typeof createHttpServer>): void },
  request: string,
): Promise<string> {
  const server = createHttpServer({ headersWithin: 10_000 }, (_, response) => void response.end())
  const socket = await connectedTo(server, endpoint)
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

/** A method by its index, a path, `http` and an authority: RFC 7541 appendix A. */
const fields = (method: number, path: string): Buffer =>
  Buffer.concat([Buffer.of(method, 0x04, path.length), Buffer.from(path), Buffer.of(0x86, 0x41, 1, 0x78)])
const [GET, POST] = [0x82, 0x83]

/** Says all at once over HTTP/2 to who is attached, and the last at the first turn. Resolves when it has been heard, and had turns enough. */
async function overHttp2(
  endpoint: { attach(server: ReturnType<typeof createHttp2Server>): void },
  frames: readonly Buffer[],
  last: readonly Buffer[],
): Promise<void> {
  const server = createHttp2Server()
  const socket = await connectedTo(server, endpoint)
  let heard = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    heard = Buffer.concat([heard, bytes])
  })
  socket.write(Buffer.concat([PREFACE, ...frames]))
  await expect.poll(() => seen.length, { interval: 1 }).toBeGreaterThan(0)
  socket.write(Buffer.concat([...last, frame(6, 0, 0, Buffer.alloc(8))]))
  // The answer to the ping that came last, RFC 9113 §6.7.
  await expect.poll(() => heard.includes(Buffer.of(0, 0, 8, 6, 1))).toBe(true)
  for (let n = 0; n < 4 * COUNT; n++) await new Promise(setImmediate)
}

const streams = Array.from({ length: COUNT }, (_, n) => 2 * n + 1)
const cancels = streams.map(cancel)

describe('[E36] [H11.2] of who has taken back what he asked for, before its turn', () => {
  it('nothing is read', async () => {
    const addresses: (string | undefined)[] = []
    const pages: Pick<Readers, 'page'> = {
      page: ({ info }) => {
        work()
        addresses.push(info.remoteAddress)
        return { gone: () => {} }
      },
    }
    const fieldsOf = fields(GET, '/millrace/channels/a:b/publications')
    const endpoint = new ReaderEndpoint({ ...options, readers: pages as Readers })
    await overHttp2(endpoint, [...streams.map((stream) => frame(1, 5, stream, fieldsOf)), ...cancels], [])
    expect(addresses.length).toBeLessThan(COUNT)
    expect(new Set(addresses)).toEqual(new Set(['127.0.0.1']))
  })

  it('what came whole is taken, and counts for his address', async () => {
    const addresses: (string | undefined)[] = []
    const links = {
      answer: async (_kind: string, _body: string, info: () => { readonly remoteAddress?: string }) => {
        work()
        addresses.push(info().remoteAddress)
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
    const requests = streams.flatMap((stream) => [
      frame(1, 4, stream, fields(POST, '/millrace/poll')),
      frame(0, 1, stream, Buffer.from('{}')),
    ])
    await overHttp2(endpoint, requests, cancels)
    expect(addresses).toEqual(Array(COUNT).fill('127.0.0.1'))
  })
})
