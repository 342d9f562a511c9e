/** Webhooks over real sockets, to the receiver of the examples in Python, which verifies the signature by its standard library. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@millrace/client'
import { channel, createServer, defineApi, type Logger, type WebhookOptions } from '@millrace/server'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { tool } from '../support/tools.js'
import { type Death, ReceiverProcess } from './receiver-process.js'

const EXAMPLES = fileURLToPath(new URL('../../docs/examples/backend/', import.meta.url))
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OLD = 'whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE='

const api = defineApi({
  channels: {
    'orders:{shop}': channel({ publish: 'anyone', history: { size: 10 } }),
    'chat:{room}': channel(),
  },
})

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Keeps what is logged. */
class Log {
  readonly lines: string[] = []
  #news = (): void => {}

  get logger(): Logger {
    const note = (message: string, details?: object) => {
      this.lines.push(`${message} ${JSON.stringify(details)}`)
      this.#news()
    }
    return { debug: () => {}, info: note, warn: note, error: note }
  }

  /** Resolves when something that has this in it was logged. */
  async has(text: string): Promise<void> {
    while (!this.lines.some((line) => line.includes(text)))
      await new Promise<void>((resolve) => {
        this.#news = resolve
      })
  }
}

function stopped(http: HttpServer): Promise<unknown> {
  http.closeAllConnections()
  return new Promise((resolve) => http.close(resolve))
}

async function serve(port: number, options: Partial<WebhookOptions> = {}) {
  const log = new Log()
  const url = `http://127.0.0.1:${port}/millrace/events`
  const webhooks = [{ url, secret: SECRET, ...options }]
  const server = createServer({ api, node: 'node-1', logger: log.logger, webhooks })
  cleanups.push(() => server.close())
  const address = await server.listen({ port: 0, host: '127.0.0.1' })
  return { server, log, url: `ws://127.0.0.1:${address.port}/millrace` }
}

const python = tool.python()
describe.skipIf(python === undefined)('a receiver in Python', () => {
  function receive(how: { readonly port?: number; readonly death?: Death; readonly file?: string } = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-webhooks-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const file = how.file ?? join(folder, 'events.db')
    const receiver = new ReceiverProcess(python ?? '', { secret: SECRET, ...how, file })
    cleanups.push(() => receiver.stop())
    return { receiver, file }
  }

  test('[H13.1] [H13.6] is told what happens, and what waits when the server closes', async () => {
    const { receiver } = receive()
    const { server, url } = await serve(await receiver.port(), { messages: true, channels: ['orders:*'] })
    let session = ''
    server.on('connect', (connected) => {
      session = connected.session
    })
    const client = createClient<typeof api>({ url, webSocket: WebSocket })
    cleanups.push(() => client.close())
    const orders = client.channel('orders:1')
    await orders.subscribe()
    await orders.publish({ text: 'Grüße, 世界' }, { id: 'p1' })
    await server.publish('chat:lobby', 'nobody is told')
    await receiver.answered(204)
    const gone = new Promise((resolve) => server.on('disconnect', resolve))
    await client.close()
    await gone
    await server.close()
    const facts = receiver.kept().map(({ id: _id, time: _time, ...rest }) => rest)
    // That a channel is occupied is known when other nodes have been asked.
    const isOccupancy = ({ type }: { type: string }) => type === 'occupied' || type === 'vacated'
    expect(facts.filter(isOccupancy)).toEqual([
      { type: 'occupied', channel: 'orders:1' },
      { type: 'vacated', channel: 'orders:1' },
    ])
    expect(facts.filter((fact) => !isOccupancy(fact))).toEqual([
      { type: 'connected', session },
      { type: 'subscribed', session, channel: 'orders:1' },
      expect.objectContaining({
        ...{ type: 'published', channel: 'orders:1', offset: 1, publicationId: 'p1' },
        message: { text: 'Grüße, 世界' },
      }),
      { type: 'unsubscribed', session, channel: 'orders:1' },
      { type: 'disconnected', session, code: 1000 },
    ])
    expect(server.stats().webhooks).toEqual({ sent: 7, failed: 0, waiting: 0, dropped: 0 })
  })

  test.each([['unkept'], ['kept']] as const)(
    '[H13.3] that is killed in the middle, the request %s, and started again misses nothing and keeps nothing twice',
    async (death) => {
      const first = receive({ death: [death, 3] })
      const port = await first.receiver.port()
      const { server, log } = await serve(port, { events: ['published'] })
      for (let n = 0; n < 450; n++) await server.publish('orders:1', n)
      await first.receiver.death()
      const { receiver } = receive({ port, file: first.file })
      await receiver.port()
      for (let n = 450; n < 500; n++) await server.publish('orders:1', n)
      await server.close()
      const offsets = receiver.kept().map((event) => ('offset' in event ? event.offset : 0))
      expect(offsets).toEqual(Array.from({ length: 500 }, (_, n) => n + 1))
      expect(server.stats().webhooks).toEqual({
        sent: 500,
        failed: expect.any(Number),
        waiting: 0,
        dropped: 0,
      })
      expect(server.stats().webhooks.failed).toBeGreaterThan(0)
      expect(log.lines.join()).toContain('a webhook was not taken, and is tried again')
    },
  )

  test('[H13.2] takes a request that is signed with another secret as well, and none that is not signed with its own', async () => {
    const { receiver } = receive()
    const port = await receiver.port()
    const both = await serve(port, { secret: [OLD, SECRET] })
    await both.server.publish('orders:1', 1)
    await receiver.answered(204)
    const wrong = await serve(port, { secret: OLD, giveUpAfter: 1 })
    await wrong.server.publish('orders:2', 1)
    await wrong.log.has('status 400')
    expect(receiver.kept().length).toBe(1)
  })
})

describe('a receiver that is not as it should be', () => {
  /** A receiver of which each request gets the next answer. */
  async function answering(
    ...answers: { status: number; headers?: Record<string, string>; length?: number }[]
  ) {
    const paths: (string | undefined)[] = []
    const http = createHttpServer((request, response) => {
      paths.push(request.url)
      const { status, headers = {}, length = 0 } = answers.shift() ?? { status: 200 }
      request.resume().on('end', () => response.writeHead(status, headers).end(Buffer.alloc(length)))
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => stopped(http))
    return { paths, port: (http.address() as AddressInfo).port }
  }

  test('[H13.3] is not followed to where it redirects', async () => {
    const { paths, port } = await answering({ status: 307, headers: { location: '/elsewhere' } })
    const { server, log } = await serve(port, { events: ['published'] })
    await server.publish('orders:1', 1)
    await server.close()
    expect(paths).toEqual(['/millrace/events', '/millrace/events'])
    expect(log.lines.join()).toContain('status 307')
    expect(server.stats().webhooks).toEqual({ sent: 1, failed: 1, waiting: 0, dropped: 0 })
  })

  test('[H13.2] may answer as much as it likes: the status is what counts', async () => {
    const { port } = await answering({ status: 200, length: 10_000_000 })
    const { server } = await serve(port, { events: ['published'] })
    await server.publish('orders:1', 1)
    await server.close()
    expect(server.stats().webhooks).toEqual({ sent: 1, failed: 0, waiting: 0, dropped: 0 })
  })

  test('[H13.6] does not keep the server from closing for more than five seconds', async () => {
    const http = createHttpServer(() => {})
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => stopped(http))
    const { server } = await serve((http.address() as AddressInfo).port)
    await server.publish('orders:1', 1)
    const before = performance.now()
    await server.close()
    const seconds = (performance.now() - before) / 1_000
    expect([seconds > 4.9, seconds < 8]).toEqual([true, true])
    expect(server.stats().webhooks).toMatchObject({ sent: 0, waiting: 0, dropped: 1 })
  })
})

test.each(['receiver.py', 'verify.py', 'verify.go'])('the page shows %s as it is', (file) => {
  const page = readFileSync(join(EXAMPLES, '../../webhooks.md'), 'utf8')
  expect(page).toContain(readFileSync(join(EXAMPLES, file), 'utf8').trimEnd())
})
