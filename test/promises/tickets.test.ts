/** Single-use tickets, over real sockets, processes that are killed, a real disk and a real Redis: each lets in once. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { requireTool } from '../support/tools.js'
import { startNode, startRedis } from './processes.js'

const redisServer = requireTool('redis-server', 'apt-get install redis-server')
const SERVER = fileURLToPath(new URL('./ticket-server.mjs', import.meta.url))

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(broker: string) {
  const { process, port } = await startNode(broker, 0, SERVER)
  closers.push(() => process.kill())
  const url = `http://127.0.0.1:${port}/millrace`
  return {
    process,
    async ticket(): Promise<string> {
      const answer = await fetch(`${url}/ticket`, {
        method: 'POST',
        headers: { authorization: 'Bearer ada' },
      })
      return ((await answer.json()) as { readonly ticket: string }).ticket
    },
    /** The status of the answer, and 0 where there was none. */
    enter: (ticket: string): Promise<number> =>
      fetch(`${url}/channels/room:a/publications?ticket=${ticket}`).then(
        async (answer) => {
          await answer.arrayBuffer()
          return answer.status
        },
        () => 0,
      ),
  }
}

const many = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

const countOf = (statuses: readonly number[]): Readonly<Record<number, number>> =>
  Object.fromEntries([200, 401, 0].map((one) => [one, statuses.filter((status) => status === one).length]))

/** Shows them all until the server is killed in the midst of it. Those that were let in, and those of which it is not known. */
async function enterUntilKilled(node: Awaited<ReturnType<typeof start>>, tickets: readonly string[]) {
  const half = tickets.length / 2
  let killed: Promise<void> | undefined
  let letIn = 0
  const statuses = await Promise.all(
    tickets.map(async (ticket, index) => {
      // Some at a time, so that there is a midst.
      while (letIn < index - 20 && killed === undefined)
        await new Promise((resolve) => setTimeout(resolve, 1))
      const status = await node.enter(ticket)
      if (status === 200 && ++letIn >= half) killed ??= node.process.kill()
      return status
    }),
  )
  await killed
  return statuses
}

describe('[H14.2] a ticket lets in once', () => {
  it('and is remembered over kill -9 and a restart on the same disk', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-tickets-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const broker = `disk:${join(folder, 'data')}`
    const before = await start(broker)
    const tickets = await many(200, before.ticket)
    const statuses = await enterUntilKilled(before, tickets)
    expect(statuses).toContain(0)

    const after = await start(broker)
    const again = await Promise.all(tickets.flatMap((ticket) => [after.enter(ticket), after.enter(ticket)]))
    for (const [index, status] of statuses.entries()) {
      const pair = again.slice(index * 2, index * 2 + 2).sort()
      if (status === 200) expect(pair).toEqual([401, 401])
      // Where no answer came it may have been stored already, and then lets nobody in.
      else expect([['200', '401'].join(), ['401', '401'].join()]).toContain(pair.join())
    }
    expect(countOf(again)[200]).toBeGreaterThan(0)
  })

  it.skipIf(redisServer === undefined)(
    'of nodes that share a Redis, on one of them, also when one was killed and started again',
    { timeout: 60_000 },
    async () => {
      const redis = await startRedis(redisServer ?? '')
      closers.push(() => redis.process.kill())
      const [one, two] = [await start(redis.url), await start(redis.url)]
      const tickets = await many(100, (index) => (index % 2 === 0 ? one : two).ticket())
      const pairs = await Promise.all(
        tickets.map(async (ticket) => Promise.all([one.enter(ticket), two.enter(ticket)])),
      )
      for (const pair of pairs) expect(pair.sort()).toEqual([200, 401])
      await one.process.kill()
      const three = await start(redis.url)
      const again = await Promise.all(tickets.flatMap((ticket) => [two.enter(ticket), three.enter(ticket)]))
      expect(countOf(again)).toEqual({ 0: 0, 200: 0, 401: 200 })
      expect(await three.enter(await two.ticket())).toBe(200)
    },
  )

  it.skipIf(redisServer === undefined)('and nobody in while Redis is away', { timeout: 60_000 }, async () => {
    const redis = await startRedis(redisServer ?? '')
    closers.push(() => redis.process.kill())
    const node = await start(redis.url)
    const tickets = await many(10, node.ticket)
    await redis.process.kill()
    const away = await Promise.all(tickets.map(node.enter))
    expect(new Set(away)).toEqual(new Set([503]))
    const back = await startRedis(redisServer ?? '', redis.port)
    closers.push(() => back.process.kill())
    await expect.poll(() => node.enter(tickets[0] ?? ''), { timeout: 20_000 }).not.toBe(503)
  })
})
