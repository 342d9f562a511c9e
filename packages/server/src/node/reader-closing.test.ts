/** What stays of readers that go, or do not read: nothing. */
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ReaderClient } from '../../test/reader-client.js'
import { api } from '../../test/readers-world.js'
import { until } from '../../test/websocket-fixture.js'
import { Readers } from '../readers/index.js'
import { testHub } from '../testing/index.js'
import { addressBehind } from './client-address.js'
import { ReaderEndpoint } from './reader-endpoint.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve() {
  const { hub, clock } = testHub({ api })
  const endpoint = new ReaderEndpoint({
    addressOf: addressBehind([]),
    readers: new Readers({ hub, clock, outbox: 100_000_000, digest: (text) => String(text.length) }),
    path: '/millrace',
    allowOrigin: () => true,
    leavesWithin: 200,
    failed: (_what, error) => {
      throw error
    },
  })
  const http = createServer()
  endpoint.attach(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  closers.push(() => {
    http.closeAllConnections()
    http.close()
  })
  const get = (path: string) => {
    const client = new ReaderClient(`http://127.0.0.1:${port}/millrace/channels/${path}`)
    closers.push(() => client.close())
    return client
  }
  return { hub, endpoint, http, port, get }
}

const large = 'x'.repeat(200_000)

describe('a reader', () => {
  it.each(['events', 'publications?wait=20s&since=epoch-1:0'])(
    '[P9.17] of %s that goes ends its session',
    async (view) => {
      const { hub, get } = await serve()
      const reader = get(`news:a/${view}`)
      await until(() => hub.readers.size < 2)
      reader.close()
      await until(() => hub.size === 0)
      expect(hub.readers.size).toBe(0)
    },
  )

  it('[P9.10] that takes nothing is given up a while after its answer was ended', async () => {
    const { hub, http, get } = await serve()
    const reader = get('news:a/events')
    await until(() => reader.last !== '')
    reader.stall()
    for (let i = 0; i < 100; i++) await hub.publish('news:a', large)
    for (const session of hub.readers.all()) session.close('disconnected')
    const connections = () => new Promise((resolve) => http.getConnections((_error, count) => resolve(count)))
    expect(await connections()).toBe(1)
    while ((await connections()) !== 0) await new Promise((resolve) => setTimeout(resolve, 10))
  })

  it('[P9.10] that takes nothing does not keep the endpoint from closing', async () => {
    const { hub, endpoint, get } = await serve()
    for (let n = 0; n < 900; n++) await hub.publish('news:a', large)
    const [events, held] = [get('news:a/events'), get('news:b/publications?wait=20s&since=epoch-1:0')]
    const pages = Array.from({ length: 5 }, () => get('news:a/publications?limit=1000'))
    await until(() => hub.readers.size === 2 && events.last !== '')
    for (const reader of [events, ...pages]) reader.stall()
    await hub.close(1000)
    const start = performance.now()
    await endpoint.close()
    expect(performance.now() - start).toBeLessThan(2_000)
    expect(hub.size).toBe(0)
    await until(() => held.hasEnded)
  })

  it('[P9.10] is cut by an endpoint that closes alone', async () => {
    const { endpoint, get } = await serve()
    const [events, held] = [get('news:a/events'), get('news:b/publications?wait=20s&since=epoch-1:0')]
    await until(() => events.last !== '')
    await endpoint.close()
    await until(() => events.hasEnded && held.hasEnded)
  })

  it('whose request waits behind another on a connection that breaks does not either', async () => {
    const { hub, endpoint, port } = await serve()
    const socket = connect(port, '127.0.0.1')
    const request = (view: string) => `GET /millrace/channels/news:a/${view} HTTP/1.1\r\nHost: here\r\n\r\n`
    socket.write(request('events') + request('events'))
    await until(() => hub.readers.size === 2)
    socket.destroy()
    await until(() => hub.readers.size < 2)
    await hub.close(1000)
    const start = performance.now()
    await endpoint.close()
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})
