/** What is taken away from a user whose connections are on two servers of one Redis, while messages come. */
import { createClient } from '@millrace/client'
import { channel, defineApi, type MillraceError } from '@millrace/protocol'
import { createServer, Identity } from '@millrace/server'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { RedisServer, redisServer } from '../test/redis-server.js'

const api = defineApi({
  channels: { 'numbers:{of}': channel({ publish: 'anyone', history: { size: 10_000 } }) },
})
const logger = { debug() {}, info() {}, warn() {}, error() {} }
const closers: (() => unknown)[] = []

/** The servers' own clock says when tokens were issued. */
const ISSUED = Date.now() - 60_000
/** A token is `user issued`. */
const auth = ({ token = '' }: { readonly token?: string | undefined }) => {
  const [id = '', issued] = token.split(' ')
  return new Identity({ id }, { issued: Number(issued) })
}

async function serve(broker: string, port = 0) {
  const server = createServer({ api, auth, broker, logger })
  const address = await server.listen({ port, host: '127.0.0.1' })
  closers.push(() => server.close())
  return { server, port: address.port }
}

/** A client that follows two channels: what it hears of each, and when; and what it is told. */
async function follow(port: number, user: string, issued = ISSUED) {
  let token = `${user} ${issued}`
  const client = createClient<typeof api>({
    ...{ url: `ws://127.0.0.1:${port}/millrace`, webSocket: WebSocket, token: () => token },
    backoff: { base: 20, cap: 100 },
  })
  closers.push(() => client.close())
  const errors: MillraceError[] = []
  const channels = Object.fromEntries(
    (['numbers:a', 'numbers:b'] as const).map((name) => {
      const room = client.channel(name)
      const heard: { readonly n: unknown; readonly at: number }[] = []
      room.on('message', (n) => heard.push({ n, at: performance.now() }))
      room.on('gap', (gap) => heard.push({ n: gap, at: performance.now() }))
      room.on('error', (error) => errors.push(error as MillraceError))
      return [name, { room, heard }]
    }),
  )
  const [a, b] = [channels['numbers:a'], channels['numbers:b']]
  if (a === undefined || b === undefined) throw new Error('no channels')
  await client.connect()
  const renew = (later: number): void => {
    token = `${user} ${later}`
  }
  return { client, a, b, errors, renew }
}

/** Publishes numbers to both channels until it is stopped; says which was the last. */
function traffic({ server }: Awaited<ReturnType<typeof serve>>) {
  let isOver = false
  let n = 0
  const done = (async () => {
    while (!isOver) {
      n++
      await Promise.all([server.publish('numbers:a', n), server.publish('numbers:b', n)])
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await done
      return n
    },
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
const said = (heard: readonly { readonly n: unknown }[]) => heard.map(({ n }) => n)

describe.skipIf(redisServer === undefined)('what is taken away on servers that share a Redis', () => {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  it('[H10.6] is heard no more by five connections on two servers, and they miss nothing of the rest', async () => {
    const redis = await RedisServer.start()
    closers.push(() => redis.close())
    const [one, two] = [await serve(redis.url), await serve(redis.url)]
    const ann = await Promise.all([one, one, one, two, two].map(({ port }) => follow(port, 'ann')))
    const eve = await follow(two.port, 'eve')
    for (const { a, b } of [...ann, eve]) await Promise.all([a.room.subscribe(), b.room.subscribe()])
    const published = traffic(one)
    await vi.waitFor(() => {
      for (const { a, b } of [...ann, eve])
        expect(Math.min(a.heard.length, b.heard.length)).toBeGreaterThan(100)
    }, 10_000)
    const called = performance.now()
    const told = await two.server.revoke({ user: 'ann', channels: { 'numbers:a': ['subscribe'] } })
    expect(told).toEqual({ sessions: 5, silent: [] })
    await vi.waitFor(() => expect(performance.now() - called).toBeGreaterThan(1_500), 5_000)
    const last = await published.stop()
    await vi.waitFor(() => {
      for (const { b } of [...ann, eve]) expect(b.heard.at(-1)?.n).toBe(last)
      expect(eve.a.heard.at(-1)?.n).toBe(last)
    }, 10_000)
    for (const { a, b, errors, client } of ann) {
      expect(a.heard.filter(({ at }) => at > called + 1_000)).toEqual([])
      expect(said(a.heard)).toEqual(upTo(a.heard.length))
      expect(a.heard.length).toBeLessThan(last)
      expect(said(b.heard)).toEqual(upTo(last))
      expect([a.room.state.name, b.room.state.name, client.state.name]).toEqual([
        'failed',
        'subscribed',
        'connected',
      ])
      expect(errors.map(({ kind }) => kind)).toEqual(['revoked'])
    }
    expect([said(eve.a.heard), said(eve.b.heard)]).toEqual([upTo(last), upTo(last)])
  })

  it('[H10.7] stays so when connections, servers and Redis come back, and is had again by a later token', async () => {
    const redis = await RedisServer.start({ aof: true })
    closers.push(() => redis.close())
    const [one, two] = [await serve(redis.url), await serve(redis.url)]
    const ann = await follow(one.port, 'ann')
    await Promise.all([ann.a.room.subscribe(), ann.b.room.subscribe()])
    await two.server.revoke({ user: 'ann', channels: { 'numbers:a': ['subscribe'] } })
    await one.server.revoke({ user: 'ann', channels: { 'numbers:b': ['publish'] } })
    await vi.waitFor(() => expect(ann.a.room.state.name).toBe('failed'))
    // Each connection asks once whether it may again.
    const comesBack = async (again: () => Promise<unknown>) => {
      const before = ann.errors.length
      await again()
      await vi.waitFor(() => expect(ann.errors.length).toBe(before + 1), 10_000)
      await vi.waitFor(() => expect(ann.b.room.state.name).toBe('subscribed'), 10_000)
      await expect(ann.b.room.publish(1)).rejects.toMatchObject({ kind: 'revoked', retry: 'never' })
      expect([ann.a.room.state.name, ann.errors.at(-1)?.kind]).toEqual(['failed', 'revoked'])
      expect(ann.errors.length).toBe(before + 1)
    }
    await comesBack(() => one.server.user('ann').disconnect('Come back', 'server-error'))
    await comesBack(async () => {
      await Promise.all([one.server.close(), two.server.close()])
      await redis.kill()
      await redis.start()
      await serve(redis.url, one.port)
    })
    ann.renew(Date.now() + 1_000)
    const later = await serve(redis.url)
    await later.server.user('ann').disconnect('Come back', 'server-error')
    await vi.waitFor(() => expect(ann.a.room.state.name).toBe('subscribed'), 10_000)
    await later.server.publish('numbers:a', 1)
    await ann.b.room.publish(1)
    await vi.waitFor(() => expect([said(ann.a.heard), said(ann.b.heard)]).toEqual([[1], [1]]))
  })

  it('[H10.8] adds up when many servers take away from one user at once', async () => {
    const redis = await RedisServer.start()
    closers.push(() => redis.close())
    const servers = await Promise.all(upTo(4).map(() => serve(redis.url)))
    const names = upTo(24).map((n) => `numbers:${n}` as const)
    await Promise.all(
      names.map((name, n) =>
        servers[n % 4]?.server.revoke({ user: 'ann', channels: { [name]: ['publish'] } }),
      ),
    )
    const late = await serve(redis.url)
    const { client } = await follow(late.port, 'ann')
    const refused = await Promise.allSettled(names.map((name) => client.channel(name).publish(1)))
    expect(refused.map((one) => one.status === 'rejected' && one.reason.kind)).toEqual(
      names.map(() => 'revoked'),
    )
    await client.channel('numbers:25').publish(1)
  })
})
