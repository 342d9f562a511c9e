/** Whole servers and clients on one Redis: what the broker is for. */
import { createClient } from '@millrace/client'
import { channel, defineApi, type Gap } from '@millrace/protocol'
import { createServer } from '@millrace/server'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { RedisServer, redisServer } from '../test/redis-server.js'

const api = defineApi({
  channels: { 'numbers:{of}': channel({ publish: 'anyone', history: { size: 1_000 } }) },
})
const logger = { debug() {}, info() {}, warn() {}, error() {} }
const closers: (() => unknown)[] = []

/** A server of its own, and a client of it. */
async function client(broker: string) {
  const server = createServer({ api, broker, logger })
  server.channel('numbers:{of}').authorize(() => true)
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  const one = createClient<typeof api>({
    url: `ws://127.0.0.1:${port}/millrace`,
    webSocket: WebSocket,
    backoff: { base: 20, cap: 200 },
  })
  closers.push(
    () => server.close(),
    () => one.close(),
  )
  return one
}

/** Publishes, again while the server says that its broker is away. */
async function insist(publish: () => Promise<unknown>): Promise<void> {
  await vi.waitFor(publish, { timeout: 6_000, interval: 50 })
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

describe.skipIf(redisServer === undefined)('servers that share a Redis', () => {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  it('[B1] [B2] [B11] clients hear each other across a restart of Redis, and of the loss of its data', async () => {
    const redis = await RedisServer.start({ aof: true })
    closers.push(() => redis.close())
    const [ann, bob] = await Promise.all([client(redis.url), client(redis.url)])
    const [here, there] = [ann.channel('numbers:a'), bob.channel('numbers:a')]
    const [heard, gaps]: [unknown[], Gap[]] = [[], []]
    there.on('message', (message) => heard.push(message))
    there.on('gap', (gap) => gaps.push(gap))
    await there.subscribe()
    for (const n of upTo(50)) await here.publish(n)
    await redis.kill()
    await expect(here.publish(51)).rejects.toMatchObject({ kind: 'unavailable' })
    await redis.start()
    await insist(() => here.publish(51, { id: 'number-51' }))
    for (const n of upTo(20)) await here.publish(51 + n)
    await vi.waitFor(() => expect(heard).toEqual(upTo(71)), 6_000)
    expect(gaps).toEqual([])

    await redis.kill()
    redis.wipe()
    await redis.start()
    await insist(() => here.publish(72, { id: 'number-72' }))
    await vi.waitFor(() => expect(heard).toEqual(upTo(72)), 6_000)
    expect(gaps.map(({ reason }) => reason)).toEqual(['epoch-changed'])
  })
})
