/** What survives a kill -9: a server with its own disk, and one of three nodes behind a real Redis. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { requireTool } from '../support/tools.js'
import { startNode, startRedis } from './processes.js'
import { Listener, numbers, pause, until } from './world.js'

const redisServer = requireTool('redis-server', 'apt-get install redis-server')

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function join3(ports: readonly number[], count: number): Promise<Listener[]> {
  const listeners = await Promise.all(
    Array.from({ length: count }, (_, index) => Listener.join(ports[index % ports.length] ?? 0)),
  )
  closers.push(() => Promise.all(listeners.map((listener) => listener.leave())))
  return listeners
}

/** Publishes so many, one after the other and some at once, each until it is stored. */
async function write(writer: Listener, count: number): Promise<void> {
  const waiting: Promise<unknown>[] = []
  for (const message of numbers(1, count)) {
    const key = message
    const publish = async (): Promise<void> => {
      // The same id however often: while a broker is away the server says so, and it is for the writer to try again.
      for (;;) {
        try {
          await writer.room.publish(key, { id: `m-${key}`, timeout: 20_000 })
          return
        } catch {
          await pause(50)
        }
      }
    }
    waiting.push(publish())
    await pause(4)
  }
  await Promise.all(waiting)
}

const everything = (listeners: readonly Listener[], count: number): Promise<void> =>
  until(
    () => listeners.every(({ messages }) => messages.length >= count),
    () => listeners.map(({ messages, gaps, client }) => [messages.length, gaps, client.state]),
  )

const sorted = (messages: readonly unknown[]): unknown[] =>
  [...messages].sort((a, b) => Number(a) - Number(b))

describe('[B1] a server that keeps its streams on disk', { timeout: 90_000 }, () => {
  it('is killed and started three times while it is written to, and nobody misses or repeats anything', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const broker = `disk:${folder}`
    let node = await startNode(broker)
    closers.push(() => node.process.kill())
    const { port } = node
    const listeners = await join3([port], 5)
    const [writer] = await join3([port], 1)
    if (writer === undefined) throw new Error('nobody')
    const writing = write(writer, 500)
    for (let crash = 0; crash < 3; crash++) {
      await pause(400)
      await node.process.kill()
      node = await startNode(broker, port)
    }
    await writing
    await everything(listeners, 500)
    for (const { messages, gaps } of listeners)
      expect([sorted(messages), gaps]).toEqual([numbers(1, 500), []])
    const [first] = listeners
    for (const { messages } of listeners) expect(messages).toEqual(first?.messages)
  })
})

describe.skipIf(redisServer === undefined)(
  '[B2] three nodes behind a real Redis',
  { timeout: 90_000 },
  () => {
    it('one is killed while all are written to: its clients go on elsewhere, nothing is missing, nothing twice', async () => {
      const redis = await startRedis(redisServer ?? '')
      closers.push(() => redis.process.kill())
      const nodes = await Promise.all([1, 2, 3].map(() => startNode(redis.url)))
      closers.push(() => Promise.all(nodes.map((node) => node.process.kill())))
      const ports = nodes.map((node) => node.port)
      const listeners = await join3(ports, 9)
      const writers = await join3(ports, 3)
      const writing = write(writers[0] as Listener, 600)
      await pause(500)
      await nodes[0]?.process.kill()
      // What a load balancer does: the next connection of those who were there goes to a node that lives.
      for (const one of [...listeners, ...writers])
        if (one.network.target === ports[0]) one.network.target = ports[1] ?? 0
      await writing
      await everything(listeners, 600)
      for (const { messages, gaps } of listeners)
        expect([sorted(messages), gaps]).toEqual([numbers(1, 600), []])
      const [first] = listeners
      for (const { messages } of listeners) expect(messages).toEqual(first?.messages)
    })

    it('Redis is killed and comes back without its data: each listener is told one gap, and goes on', async () => {
      const redis = await startRedis(redisServer ?? '')
      let again = redis
      closers.push(() => again.process.kill())
      const nodes = await Promise.all([1, 2].map(() => startNode(redis.url)))
      closers.push(() => Promise.all(nodes.map((node) => node.process.kill())))
      const listeners = await join3(
        nodes.map((node) => node.port),
        4,
      )
      const [writer] = listeners
      if (writer === undefined) throw new Error('nobody')
      for (const message of numbers(1, 20)) await writer.room.publish(message)
      await everything(listeners, 20)
      await redis.process.kill()
      again = await startRedis(redisServer ?? '', redis.port)
      await until(
        () => listeners.every(({ gaps }) => gaps.length === 1),
        () => listeners.map(({ gaps }) => gaps),
      )
      await writer.room.publish(21)
      await everything(listeners, 21)
      for (const { messages, gaps } of listeners) {
        expect(messages).toEqual(numbers(1, 21))
        expect(gaps).toMatchObject([{ from: { offset: 20 }, reason: 'epoch-changed' }])
      }
    })
  },
)
